"""Longest common subsequence of two word lists, and the stretch in which one copies the other.

Bit-parallel LCS (Hyyrö 2004) on Python's big integers: 0.15 ms for two articles of 600 words. The pairs behind it
are traced back only for promising candidates (1.5 ms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_SWAP: Final = 4
"""A respun phrase of up to four words against a similar one counts as a swap; longer gaps are other text."""
_GAP_COST: Final = 0.5
_SWAP_COST: Final = 0.15


@dataclass(frozen=True, slots=True)
class Copied:
    """The densest common stretch: its share of the shorter text, and how much of it agrees or was swapped in place."""

    share: float
    cover: float
    kept: float
    """The part of the stretch that is word for word the same."""
    words: tuple[str, ...]
    """The stretch itself, as the shorter text has it."""


NOTHING: Final = Copied(0.0, 0.0, 0.0, ())


def common_words(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence."""
    if len(a) > len(b):
        a, b = b, a
    state = full = (1 << len(a)) - 1
    positions = _positions(a)
    for word in b:
        where = positions.get(word)
        if where is not None:
            both = state & where
            state = ((state + both) | (state - both)) & full
    return len(a) - state.bit_count()


def _positions(words: list[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for index, word in enumerate(words):
        positions[word] = positions.get(word, 0) | (1 << index)
    return positions


def _pairs(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """The index pairs of one longest common subsequence, in order."""
    positions = _positions(a)
    state = full = (1 << len(a)) - 1
    states = [state]
    for word in b:
        where = positions.get(word)
        if where is not None:
            both = state & where
            state = ((state + both) | (state - both)) & full
        states.append(state)
    pairs: list[tuple[int, int]] = []
    i, j = len(a) - 1, len(b)
    while i >= 0 and j > 0:
        if states[j] >> i & 1:  # a[i] adds nothing to the prefix of b
            i -= 1
        elif not states[j - 1] >> i & 1:  # it did so before b[j - 1] came
            j -= 1
        else:
            pairs.append((i, j - 1))
            i -= 1
            j -= 1
    pairs.reverse()
    return pairs


def copied(a: list[str], b: list[str]) -> Copied:
    """Find the stretch in which most words agree in order, by the best sum of matches less gaps.

    A gap of the same few words on both sides is a swap and costs little; a gap on one side is a cut or an insertion.
    What stands around the stretch (another lede, site furniture) only lowers `share`.
    """
    if len(a) > len(b) or (len(a) == len(b) and a > b):  # symmetric
        a, b = b, a
    if not a:
        return NOTHING
    pairs = _pairs(a, b)
    if not pairs:
        return NOTHING
    best_score = score = 0.0
    best = (0, 0, 0)
    start = swapped = 0
    last_i, last_j = -2, -2
    for index, (i, j) in enumerate(pairs):
        gap_a, gap_b = i - last_i - 1, j - last_j - 1
        swap = min(gap_a, gap_b) if max(gap_a, gap_b) <= _LONGEST_SWAP and abs(gap_a - gap_b) <= 1 else 0
        cost = _SWAP_COST * swap if swap else _GAP_COST * max(gap_a, gap_b)
        if index == 0 or score <= cost:
            score, start, swapped = 1.0, index, 0
        else:
            score += 1.0 - cost
            swapped += swap
        if score > best_score:
            best_score, best = score, (start, index, swapped)
        last_i, last_j = i, j
    first, last, swaps = best
    span = min(pairs[last][0] - pairs[first][0], pairs[last][1] - pairs[first][1]) + 1
    kept = last - first + 1
    stretch = tuple(a[pairs[first][0] : pairs[last][0] + 1])
    return Copied(span / len(a), min(1.0, (kept + swaps) / span), kept / span, stretch)
