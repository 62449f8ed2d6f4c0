"""Lines that a host repeats over its pages: cookie notices, teasers of other stories, calls to subscribe.

Each reading hands over the hashes of its lines (`Article.boilerplate`); storage counts on how many pages of the
host each occurs; `learn` says which are the host's furniture. Reading the next page drops them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from text.normalise import normalise, words

MAX_LINES = 400
"""Hashes that one page contributes at most."""
LONG_LINE_CHARS = 250
"""A line of this length may be a paragraph of background that a newsroom reuses (where a border lies, what a group
is). Of repeated lines below it 9 % are in the gold texts, of those above it 7 %, but these may carry the evidence."""


def hash_of_words(line_words: Sequence[str], size_chars: int) -> int:
    """The 64-bit hash (signed, as SQLite stores integers) of a line's folded words. Its last bit says that the line
    is a long one, which `learn` needs."""
    digest = blake2b(" ".join(line_words).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    value = int.from_bytes(digest, "little", signed=True)
    return value | 1 if size_chars > LONG_LINE_CHARS else value & ~1


def line_hashes(text: str) -> tuple[int, ...]:
    """The hashes of a text's lines that have words, each once, in order."""
    found: dict[int, None] = {}
    for line in text.split("\n")[:MAX_LINES]:
        line_words = words(normalise(line))
        if line_words:
            found[hash_of_words(line_words, len(line.strip()))] = None
    return tuple(found)


def learn(pages_by_line: Mapping[int, int], pages: int) -> frozenset[int]:
    """Which lines are a host's furniture, from on how many of its `pages` different pages each was seen.

    The second page makes a short line furniture (measured best; where it is wrong, a line like "He added:" is
    lost); the third, and 5 % of all pages, a long one. On hosts with many pages short lines need a few more.
    """
    short = 2 if pages < 100 else 3 if pages < 1_000 else 4
    long = max(3, pages // 20)
    return frozenset(line for line, seen in pages_by_line.items() if seen >= (long if line & 1 else short))


def count_lines(pages: Iterable[Iterable[int]]) -> dict[int, int]:
    """On how many pages each line occurs."""
    counts: dict[int, int] = {}
    for lines in pages:
        for line in set(lines):
            counts[line] = counts.get(line, 0) + 1
    return counts
