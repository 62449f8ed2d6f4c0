"""Which stored fingerprints are worth comparing with a new one: index keys, and the ranking of what they find. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Final
from zlib import crc32

from storage.model import Fingerprint

BAND_ROWS: Final = 3
"""Hashes a band: three words in ten swapped leave half of the words in common, a band of three agrees in 1 of 8 then,
one of twenty-four in 96 of 100; unrelated articles share 1 word in 50, and 1 band in 125,000."""
BAND_LIMIT: Final = 60
"""A band that more contents share is made of common words: it is skipped."""
RARE_LIMIT: Final = 150
"""A key that no more contents have at any time finds copies whatever their date."""
KEY_LIMIT: Final = 400
"""A key that more have within the days of a story is too common there."""
NAME_KEYS: Final = 3
PAIR_KEYS: Final = 6
COMPARED: Final = 64
"""Candidates whose sketches are compared; the rest share less."""
_BAND_WORTH: Final = 4.0
_PAIR_WORTH: Final = 4.0
_KEY_WORTH: Final = 2.0
_LEAST_WORTH: Final = 4.0
"""One band, one pair of place and event, or two keys."""


def bands(fingerprint: Fingerprint) -> list[int]:
    """39-bit hashes of the bands of both signatures; the two kinds never meet each other."""
    found: list[int] = []
    width = 4 * BAND_ROWS
    for salt, signature in ((b"w", fingerprint.minhash), (b"h", fingerprint.head)):
        for start in range(0, len(signature) - width + 1, width):
            digest = blake2b(
                signature[start : start + width], digest_size=8, salt=salt + start.to_bytes(2, "little")
            ).digest()
            found.append(int.from_bytes(digest, "little") >> 25)
    return found


def index_keys(fingerprint: Fingerprint) -> dict[int, float]:
    """24-bit hashes under which a story is looked for, with what sharing one is worth.

    The rarest words find reports in one language; names by consonants and pairs of a place (or two countries) with
    a kind of event find reports in others.
    """
    found: dict[int, float] = {}
    for word in fingerprint.terms:
        found[_short(word)] = _KEY_WORTH
    for name in islice((key for key in fingerprint.keys if key[0] == "~"), NAME_KEYS):
        found[_short(name)] = _KEY_WORTH
    for pair in pairs(fingerprint.keys):
        found[_short(pair)] = _PAIR_WORTH
    return found


def pairs(keys: Sequence[str]) -> list[str]:
    """`p:saravan+k:strike`: the two weightiest places or groups, or the two countries, with the three weightiest events."""
    places = [key for key in keys if key[0] in "pg"][:2]
    countries = sorted(key for key in keys if key[0] == "c")[:2]
    events = [key for key in keys if key[0] == "k"][:3]
    if len(countries) == 2 and len(places) < 2:
        places.append("+".join(countries))
    return [f"{place}+{event}" for place in places for event in events][:PAIR_KEYS]


def _short(key: str) -> int:
    return crc32(key.encode()) >> 8


def rank(in_bands: Iterable[int], by_key: Iterable[tuple[float, Sequence[int]]]) -> list[int]:
    """The fingerprints that share most with the new one, best first, ties by id; at most `COMPARED`."""
    worth: dict[int, float] = {}
    for found in in_bands:
        worth[found] = worth.get(found, 0.0) + _BAND_WORTH
    for value, hits in by_key:
        for found in hits:
            worth[found] = worth.get(found, 0.0) + value
    ranked = sorted(
        (item for item in worth.items() if item[1] >= _LEAST_WORTH), key=lambda item: (-item[1], item[0])
    )
    return [found for found, _ in ranked[:COMPARED]]
