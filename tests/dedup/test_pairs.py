"""The labelled pairs: the figures that docs/stories.md states must hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.dedup.relation import Report, relation


def f1(rows: list[tuple[str, str]], positive: set[str]) -> float:
    hits = sum(gold in positive and found in positive for gold, found in rows)
    return (
        2 * hits / (sum(gold in positive for gold, _ in rows) + sum(found in positive for _, found in rows))
    )


@pytest.mark.shared
def test_labelled_pairs(shared_dir: Path) -> None:
    rows = []
    for line in (shared_dir / "border" / "pairs.jsonl").read_text(encoding="utf-8").strip().split("\n"):
        pair = json.loads(line)
        a, b = (Report(pair[side]["title"], pair[side]["text"], pair["lang"]) for side in "ab")
        found, score = relation(a, b)
        assert relation(b, a) == (found, score)
        rows.append((pair["relation"], found))
    assert f1(rows, {"same_text"}) >= 0.98
    assert f1(rows, {"same_text", "same_story"}) >= 0.95
    assert ("different", "same_text") not in rows
