"""The trained part of a topic: how likely a passage speaks of it. The trees are read from a file beside the topic.

A rule knows one turn of phrase; the trees know what commonly stands together, and hear wordings nobody wrote a rule
for. They were grown on labelled texts by `tests/bench/train_topic.py` (gradient boosting: Friedman 2001, as scikit-learn
does it); nothing is learned while the program runs, and the program does not need scikit-learn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jobs.topics.conditions import Context, Place
from jobs.topics.groups import Groups
from jobs.topics.model import Trees
from jobs.topics.passages import passages

_TELLING: Final = 0.02
"""What changes the probability by less is not worth naming."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A passage with its numbers and its probability."""

    place: Place
    numbers: Sequence[float]
    probability: float


def likeliest(context: Context, trees: Trees, groups: Groups) -> Weighed | None:
    """The passage most likely to speak of the topic; None where no passage names a side or the line."""
    found = list(passages(context, groups))
    if not found:
        return None
    weighed = probabilities([numbers for _, numbers in found], trees)
    best = int(np.argmax(weighed))
    return Weighed(*found[best], float(weighed[best]))


def what_counted(weighed: Weighed, trees: Trees, groups: Groups) -> list[tuple[str, float]]:
    """What each group that stands in the sentence or around it added to the probability, the most telling first.

    Measured by leaving the group out of the passage; what it took away is below 0.
    """
    names = [group for _, group in groups.masks]
    without = np.tile(np.asarray(weighed.numbers, dtype=np.float64), (len(names), 1))
    for row, group in enumerate(names):
        without[row, [name.startswith(f"{group} ") for name in trees.features]] = 0.0
    added = weighed.probability - probabilities(without.tolist(), trees)
    counted = [
        (name, float(share)) for name, share in zip(names, added, strict=True) if abs(share) >= _TELLING
    ]
    return sorted(counted, key=lambda one: -abs(one[1]))


def probabilities(rows: Sequence[Sequence[float]], trees: Trees) -> NDArray[np.float64]:
    """One probability a passage: every passage walks down all trees at once, a step in each at a time."""
    numbers = np.asarray(rows, dtype=np.float64)
    at = np.broadcast_to(trees.roots, (len(numbers), len(trees.roots)))
    passage = np.arange(len(numbers))[:, None]
    for _ in range(trees.depth):
        at = np.where(numbers[passage, trees.feature[at]] <= trees.limit[at], trees.low[at], trees.high[at])
    found: NDArray[np.float64] = 1 / (1 + np.exp(-(trees.start + trees.value[at].sum(axis=1))))
    return found


def read_trees(path: Path, features: Sequence[str]) -> Trees:
    """The trees of a file written by `write_trees`.

    Raises ValueError with what is wrong: no such file, not the form, or grown for other groups of concepts.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        nodes = [np.array(raw[key], dtype=np.intp) for key in ("roots", "feature", "low", "high")]
        roots, feature, low, high = nodes
        found = Trees(
            features=tuple(raw["features"]),
            start=float(raw["start"]),
            depth=int(raw["depth"]),
            roots=roots,
            feature=feature,
            limit=np.array(raw["limit"], dtype=np.float64),
            low=low,
            high=high,
            value=np.array(raw["value"], dtype=np.float64),
        )
    except OSError as fault:
        raise ValueError(f"no such file ({fault.strerror})") from None
    except (ValueError, TypeError, KeyError, OverflowError) as fault:
        raise ValueError(f"not a file of trees ({fault})") from None
    _check(found, features)
    return found


def _check(found: Trees, features: Sequence[str]) -> None:
    number = len(found.value)
    arrays = (found.feature, found.limit, found.low, found.high)
    joined = np.concatenate((found.roots, found.low, found.high))
    if (
        any(one.shape != (number,) for one in arrays)
        or not 0 < found.depth <= 64
        or not np.all((joined >= 0) & (joined < number))
        or not np.all((found.feature >= 0) & (found.feature < len(found.features)))
    ):
        raise ValueError("its nodes do not fit each other")
    if found.features != tuple(features):
        changed = sorted(set(found.features) ^ set(features))
        raise ValueError(
            f"grown for other groups of concepts ({', '.join(changed[:3]) or 'in another order'}); "
            "train it again or take the groups back"
        )


def write_trees(trees: Trees, path: Path) -> None:
    """Write trees as JSON, limits and values rounded to four places."""
    tables = {
        "features": list(trees.features),
        "start": round(trees.start, 4),
        "depth": trees.depth,
        "roots": trees.roots.tolist(),
        "feature": trees.feature.tolist(),
        "limit": np.round(trees.limit, 4).tolist(),
        "low": trees.low.tolist(),
        "high": trees.high.tolist(),
        "value": np.round(trees.value, 4).tolist(),
    }
    lines = ",\n".join(
        f'"{key}": {json.dumps(table, separators=(",", ":"))}' for key, table in tables.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n", "utf-8")
