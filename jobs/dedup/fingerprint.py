"""What an article is recognised by: exact hash, MinHash signatures, weighted words and story keys. Pure and cheap.

Measured on one core: about 1 ms for an article of 600 words, of which the signatures take a tenth.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from hashlib import blake2b
from heapq import nsmallest
from typing import Final

from rensa import RMinHash

from jobs.dedup.frequencies import Frequencies, shipped
from jobs.dedup.keys import shared_parts, story_keys
from jobs.dedup.sketch import MAX_KEYS, MAX_NAMES, MAX_WORDS, key_hash, pack, word_hash
from jobs.dedup.tokens import body, split_words, stem
from storage.model import Fingerprint, Published
from text.normalise import normalise

VERSION: Final = 1
"""Of everything in here: a change makes old fingerprints incomparable, and a recrawl renews them."""
WHOLE_HASHES: Final = 84
HEAD_HASHES: Final = 24
HEAD_WORDS: Final = 90
"""The first words survive a cut; the issue's first scheme measured 90."""
COMMON_RATE: Final = 0.08
"""Words said in more articles than this do not enter the signatures: they bring unrelated articles together."""
SAMPLED_RATE: Final = 0.02
HEAVIEST: Final = 6
SAMPLED: Final = 7
SHORT_WORDS: Final = 8
"""A body shorter than this says too little by itself: its title is part of what is hashed."""
_SEED: Final = 5
_TITLE_COUNTS: Final = 2
_KEY_FACTOR: Final = {"p": 1.3, "g": 1.2, "c": 1.0, "k": 0.8, "w": 0.5, "n": 0.9, "~": 0.8}
"""How much a kind of key is worth beside its rarity: settled by cross-validation (docs/stories.md)."""


def fingerprint(
    title: str,
    text: str,
    language: str | None,
    published: Published | None,
    frequencies: Frequencies | None = None,
) -> Fingerprint:
    """Everything that recognising this article later needs. `frequencies` defaults to the shipped table.

    `language` is only noted, to know when two articles have words in common to compare; where it is missing the script
    stands in. `published` changes nothing: dates get corrected, and an article must look the same afterwards.
    """
    del published
    table = frequencies or shipped()
    main = body(text)
    split = split_words(main)
    head = normalise(title)
    head_split = split_words(head)
    stems = [stem(word) for word in split]
    telling = {word for word in stems if table.rate(word) < COMMON_RATE}
    start = {word for word in stems[:HEAD_WORDS] if table.rate(word) < COMMON_RATE}
    words = _weighted_words(stems, [stem(word) for word in head_split], table)
    counted = story_keys(f"{title}\n{text}", f"{head}\n{main}", head_split + split, *shared_parts())
    keys = _weighted_keys(counted, table)
    hashed = split if len(split) >= SHORT_WORDS else head_split + split
    minhash, first = _signature(telling, WHOLE_HASHES), _signature(start, HEAD_HASHES)
    return Fingerprint(
        exact=int.from_bytes(blake2b(" ".join(hashed).encode(), digest_size=8).digest(), "little", signed=True),
        minhash=minhash,
        head=first,
        words=len(split),
        keys=tuple(key for key, _ in keys),
        sketch=pack(
            [(word_hash(word), weight) for word, weight in words],
            [(key_hash(key), weight) for key, weight in keys],
            len(split), language or _script(main or head), minhash, first,
        ),
        terms=_index_words(words, telling, table),
        table=table.version,
    )  # fmt: skip


def _index_words(weighed: list[tuple[str, float]], telling: set[str], table: Frequencies) -> tuple[str, ...]:
    """The words a story is looked for by: the heaviest, which reports share, and a sample that copies share.

    Sampling takes the smallest hashes, so that two texts with half of their words in common sample the same ones half
    of the time, however many odd words a respinner put in.
    """
    heaviest = [word for word, _ in weighed if table.rate(word) < COMMON_RATE][:HEAVIEST]
    rare = (word for word in telling if table.rate(word) < SAMPLED_RATE and word not in heaviest)
    return (*heaviest, *nsmallest(SAMPLED, rare, key=word_hash))


def _signature(telling: set[str], count: int) -> bytes:
    """Little-endian uint32s; empty where there are too few words for a signature to mean anything."""
    if len(telling) < SHORT_WORDS:
        return b""
    signer = RMinHash(num_perm=count, seed=_SEED)
    signer.update(sorted(telling))
    return array("I", signer.digest()).tobytes()


def _weighted_words(stems: list[str], title_stems: list[str], table: Frequencies) -> list[tuple[str, float]]:
    """The weightiest words by TF-IDF, heaviest first; ties by spelling."""
    counts = Counter(stems)
    for word in title_stems:
        counts[word] += _TITLE_COUNTS
    weighed = [(word, (1 + math.log(count)) * table.weight(word)) for word, count in counts.items()]
    weighed = [(word, weight) for word, weight in weighed if weight > 0.5]  # what nearly every article says
    weighed.sort(key=lambda item: (-item[1], item[0]))
    return weighed[:MAX_WORDS]


def _weighted_keys(counted: dict[str, int], table: Frequencies) -> list[tuple[str, float]]:
    weighed = [
        (key, (1 + 0.5 * math.log(count)) * table.weight(key) * _KEY_FACTOR[key[0]])
        for key, count in counted.items()
    ]
    weighed = [(key, weight) for key, weight in weighed if weight > 0.2]
    weighed.sort(key=lambda item: (-item[1], item[0]))
    names = [item for item in weighed if item[0][0] == "~"]
    return [item for item in weighed if item[0][0] != "~"][:MAX_KEYS] + names[:MAX_NAMES]


def _script(folded: str) -> str:
    """A stand-in for the language: Persian and Urdu by the letters that only one of them writes, else the script."""
    arabic = sum("\u0600" <= char <= "\u06ff" for char in folded[:400])
    if arabic > 20:
        return "ur" if any(char in folded for char in "ٹڈڑںے") else "fa"
    return "ru" if any("\u0400" <= char <= "\u04ff" for char in folded[:400]) else "en"


def vocabulary(title: str, text: str) -> set[str]:
    """The distinct words and keys of an article, as a frequency table counts them."""
    main = body(text)
    head = normalise(title)
    split = split_words(head) + split_words(main)
    keys = story_keys(f"{title}\n{text}", f"{head}\n{main}", split, *shared_parts())
    return {stem(word) for word in split} | set(keys)
