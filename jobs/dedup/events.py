"""Whether two articles report one event: a symmetric score from their sketches, and the limits it is held to."""

from __future__ import annotations

import math
from typing import Final

from jobs.dedup.sketch import KINDS, Sketch

_NEUTRAL: Final = frozenset(KINDS[kind] for kind in "pgckn")
_PLACE: Final = frozenset(KINDS[kind] for kind in "pg")
_NAME: Final = KINDS["~"]
_EVENT: Final = KINDS["k"]

ASKED: Final = 0.185
"""`stories predict` is asked about pairs that somebody holds for related; cross-validated on the labelled pairs."""
WINDOW_DAYS: Final = 5.0
"""Reports of one event more than five days apart are told apart by nothing but the date."""
_JOIN: Final = 0.47
_JOIN_PER_DAY: Final = 0.035
_ACROSS: Final = 0.40
_ACROSS_PER_DAY: Final = 0.10
_NO_COMMON_KIND: Final = 0.12


def score(a: Sketch, b: Sketch) -> float:
    """0 to about 1: the mean of the cosines of the words and of the language-neutral keys."""
    words = cosine(a.words, b.words)
    keys = cosine(_only(a, _NEUTRAL), _only(b, _NEUTRAL))
    penalty = _NO_COMMON_KIND if _contradict(a, b, frozenset({_EVENT})) else 0.0
    return max(0.0, (words + keys) / 2 - penalty)


def joins(a: Sketch, b: Sketch, days_apart: float, found: float) -> bool:
    """Whether the score is enough in a stream of news, where nearly all pairs are unrelated.

    Reports in one language have their words to compare. Over languages only keys remain, so these must also share a
    place, group or name, and lie close in time.
    """
    if days_apart > WINDOW_DAYS:
        return False
    if a.language == b.language:
        return found >= _JOIN + _JOIN_PER_DAY * max(0.0, days_apart - 0.5)
    names = shared_weight(a, b, frozenset({_NAME}))
    places = shared_weight(a, b, _PLACE)
    if places + names < 3.0:
        return False
    return found * 2 + min(0.25, 0.03 * names) >= _ACROSS * 2 + _ACROSS_PER_DAY * days_apart


def cosine(a: dict[int, float], b: dict[int, float]) -> float:
    """Cosine of two sparse vectors; 0 where one is empty."""
    if len(a) > len(b):
        a, b = b, a
    product = sum(weight * b[key] for key, weight in a.items() if key in b)
    if not product:
        return 0.0
    return product / math.sqrt(sum(w * w for w in a.values()) * sum(w * w for w in b.values()))


def shared_weight(a: Sketch, b: Sketch, kinds: frozenset[int]) -> float:
    """The weight (nats) of the keys of these kinds that both have."""
    return sum(
        min(weight, b.keys[key]) for key, weight in a.keys.items() if key & 7 in kinds and key in b.keys
    )


def _only(sketch: Sketch, kinds: frozenset[int]) -> dict[int, float]:
    return {key: weight for key, weight in sketch.keys.items() if key & 7 in kinds}


def _contradict(a: Sketch, b: Sketch, kinds: frozenset[int]) -> bool:
    left = {key for key in a.keys if key & 7 in kinds}
    right = {key for key in b.keys if key & 7 in kinds}
    return bool(left) and bool(right) and not left & right
