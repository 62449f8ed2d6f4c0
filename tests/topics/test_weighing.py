"""Weighing a passage: its numbers, the trees and their file, what is said of it, and what a wrong table is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from jobs.topics.evaluate import Verdict, rates
from jobs.topics.explain import as_json, explain_article, render
from jobs.topics.gazetteer import shipped_gazetteer
from jobs.topics.lexicon import Meaning
from jobs.topics.loader import TopicSet, load_topics, parse_topic, topic_set
from jobs.topics.match import match_article
from jobs.topics.model import Trees
from jobs.topics.passages import closeness, feature_names
from jobs.topics.reading import Hit
from jobs.topics.weighing import probabilities, read_trees, write_trees
from storage.model import UsageError
from tests.bench.train_topic import exported

_TOPIC = """
name = "water"
[concepts.north]
en = ["Northland"]
[concepts.south]
en = ["Southland"]
[concepts.river]
en = ["river"]
[[rules]]
name = "treaty"
phrases = ["[north] [south] [river]"]
[weighing]
says = "what stands together"
weights = "water.weights.json"
holds_at = 0.6
[weighing.here]
north = ["north"]
[weighing.there]
south = ["south"]
[weighing.line]
river = ["river"]
"""
_ROLES = {"here": {"north": ("north",)}, "there": {"south": ("south",)}, "line": {"river": ("river",)}}
_FEATURES = feature_names(_ROLES)  # type: ignore[arg-type] # roles left out are empty
_MEANING = Meaning(0, 0, "x", None)


def stump(feature: str, limit: float, low: float, high: float) -> Trees:
    """One tree that asks one question."""
    return Trees(
        features=_FEATURES,
        start=0.0,
        depth=1,
        roots=np.array([0]),
        feature=np.array([_FEATURES.index(feature), 0, 0]),
        limit=np.array([limit, 0.0, 0.0]),
        low=np.array([1, 1, 2]),
        high=np.array([2, 1, 2]),
        value=np.array([0.0, low, high]),
    )


@pytest.fixture
def water(tmp_path: Path) -> Path:
    """A topic that weighs how close the two sides stand."""
    write_trees(stump("here close to there", 0.4, -3.0, 3.0), tmp_path / "water.weights.json")
    path = tmp_path / "water.toml"
    path.write_text(_TOPIC)
    return path


def _load(path: Path) -> TopicSet:
    return topic_set([parse_topic(path.read_bytes(), path, shipped_gazetteer())])


def test_a_likely_passage_matches_without_a_rule_and_is_the_evidence(water: Path) -> None:
    topics = _load(water)
    text = "The river is low. Ministers of Northland and the Southland met by it. It rained."
    (match,) = match_article("", text, None, topics)
    assert match.rules == ("what stands together",)
    assert match.score == match.threshold
    assert [one.quote for one in match.evidence] == ["Ministers of Northland and the Southland met by it."]
    assert [text[start:end] for start, end in match.evidence[0].marks] == ["Northland", "Southland"]
    assert match.concepts == ("north", "south")


def test_an_unlikely_passage_does_not(water: Path) -> None:
    text = "The river is low. Northland fears for its herds and its cities, and so does far Southland."
    assert match_article("", text, None, _load(water)) == ()


def test_what_the_rules_already_hold_is_not_weighed(water: Path) -> None:
    (match,) = match_article("", "The Northland Southland river", None, _load(water))
    assert match.rules == ("treaty",)


def test_the_explanation_says_how_likely_and_what_counted(water: Path) -> None:
    topics = _load(water)
    (told,) = explain_article("", "Northland, Southland: the river.", None, topics)
    assert told.weighing is not None
    assert told.weighing.probability > told.weighing.holds_at
    assert told.holds
    lines = render(told)
    assert "0.95 likely, 0.6 asked for" in lines
    assert "⟦Northland⟧" in lines
    assert as_json(told)["weighing"]["probability"] == told.weighing.probability
    (other,) = explain_article("", "Rain.", None, topics)
    assert other.weighing is None
    assert as_json(other)["weighing"] is None


def test_other_weights_are_another_version(water: Path) -> None:
    before = _load(water).version
    write_trees(stump("here close to there", 0.5, -3.0, 3.0), water.with_name("water.weights.json"))
    assert _load(water).version != before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda toml: toml.replace("water.weights", "no.weights"), "no such file"),
        (lambda toml: toml.replace('river = ["river"]', 'stream = ["river"]'), "grown for other groups"),
        (lambda toml: toml.replace("0.6", "1.6"), "between 0 and 1"),
        (lambda toml: toml.replace("holds_at", "hold"), "weighing.hold: is not understood"),
        (lambda toml: toml.replace('["south"]', '["sud"]'), "no concept 'sud'"),
        (
            lambda toml: toml.replace('[weighing.there]\nsouth = ["south"]', ""),
            "needs groups for both sides",
        ),
        (lambda toml: toml.replace("[weighing.line]\n", "[weighing]\nline = 3\n[x]\n"), "not TOML"),
    ],
)
def test_a_wrong_table_is_refused_with_its_reason(
    water: Path, change: Callable[[str], str], reason: str
) -> None:
    water.write_text(change(_TOPIC))
    with pytest.raises(UsageError, match=reason):
        _load(water)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"features": 3}',
        "DAMAGED roots",
        "DAMAGED low",
        "DAMAGED depth",
        "DAMAGED value",
    ],
)
def test_a_damaged_file_of_trees_is_refused(water: Path, content: str) -> None:
    path = water.with_name("water.weights.json")
    if content.startswith("DAMAGED"):
        key = content.split()[1]
        raw: dict[str, Any] = json.loads(path.read_text())
        raw[key] = {"roots": [9], "low": [1, -1, 2], "depth": 10**6, "value": [0.0]}[key]
        content = json.dumps(raw)
    path.write_text(content)
    with pytest.raises(UsageError, match=r"water\.weights\.json: (not a file of trees|its nodes do not fit)"):
        _load(water)


def test_trees_survive_their_file(tmp_path: Path) -> None:
    trees = stump("how often line", 0.25, -1.5, 0.5)
    write_trees(trees, tmp_path / "t.json")
    read = read_trees(tmp_path / "t.json", _FEATURES)
    rows = np.random.default_rng(1).random((20, len(_FEATURES))).tolist()
    assert np.array_equal(probabilities(rows, trees), probabilities(rows, read))


def test_the_arrays_judge_as_scikit_learn_does() -> None:
    random = np.random.default_rng(7)
    rows = random.random((300, 6))
    model = HistGradientBoostingClassifier(max_iter=30, max_depth=4, random_state=0)
    model.fit(rows, rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.8)
    ours = probabilities(rows.tolist(), exported(model, tuple("abcdef")))
    assert np.allclose(ours, model.predict_proba(rows)[:, 1])


def _hits(places: list[int]) -> list[Hit]:
    return [Hit(place, place + 1, 1, _MEANING) for place in sorted(places)]


@given(st.lists(st.integers(0, 60), max_size=8), st.lists(st.integers(0, 60), max_size=8))
def test_closeness_is_of_the_nearest_two(some: list[int], others: list[int]) -> None:
    gaps = [abs(one - other) - 1 for one in some for other in others if one != other]
    expected = 1 / (1 + min(gaps) / 4) if gaps else 0.0
    assert closeness(_hits(some), _hits(others)) == pytest.approx(expected)


@pytest.fixture(scope="session")
def training_texts() -> list[dict[str, Any]]:
    """The texts the shipped trees were grown on."""
    path = Path(__file__).with_name("training.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def test_the_shipped_trees_know_what_they_were_grown_on(training_texts: list[dict[str, Any]]) -> None:
    border = load_topics(["presets:iran-pakistan-border"], Path())
    verdicts = [
        Verdict(
            one["id"], one["lang"], one["label"], bool(match_article(one["title"], one["text"], None, border))
        )
        for one in training_texts
    ]
    precision, recall, _ = rates(verdicts)
    assert precision >= 0.95, [one.id for one in verdicts if one.predicted and not one.label]
    assert recall >= 0.82, [one.id for one in verdicts if one.label and not one.predicted]
