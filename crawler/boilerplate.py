"""Lines that a host repeats over its pages: cookie notices, teasers of other stories, calls to subscribe.

Each reading hands over the hashes of its lines (`Article.boilerplate`); storage counts on how many pages of the
host each occurs; `learn` says which are the host's furniture. Reading the next page drops them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from text.normalise import normalise, words

MIN_PAGES = 2
"""A line is furniture from the second different page on: measured best, and copies are told apart below."""
MAX_LINES = 400
"""Hashes that one page contributes at most."""


def line_hash(line: str) -> int | None:
    """The 64-bit hash (signed, as SQLite stores integers) of a line's normalised words; None for a line without any."""
    tokens = words(normalise(line))
    if not tokens:
        return None
    digest = blake2b(" ".join(tokens).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def line_hashes(text: str) -> tuple[int, ...]:
    """The hashes of a text's lines, each once, in order."""
    found: dict[int, None] = {}
    for line in text.split("\n"):
        value = line_hash(line)
        if value is not None:
            found[value] = None
            if len(found) >= MAX_LINES:
                break
    return tuple(found)


def learn(pages_by_line: Mapping[int, int], pages: int) -> frozenset[int]:
    """Which lines are a host's furniture, from on how many of its `pages` different pages each was seen."""
    needed = max(MIN_PAGES, pages // 50)
    return frozenset(line for line, seen in pages_by_line.items() if seen >= needed)


def count_lines(pages: Iterable[Iterable[int]]) -> dict[int, int]:
    """On how many pages each line occurs."""
    counts: dict[int, int] = {}
    for lines in pages:
        for line in set(lines):
            counts[line] = counts.get(line, 0) + 1
    return counts
