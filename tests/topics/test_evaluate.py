"""Rates and their intervals, explanations, and the examples they work on."""

from __future__ import annotations

import json
from random import Random

import pytest

from jobs.topics.evaluate import Verdict, measure, rates, render, report
from jobs.topics.examples import example_json, read_examples
from jobs.topics.explain import as_json, explain_article
from jobs.topics.explain import render as render_explanation
from jobs.topics.loader import TopicSet
from storage.model import UsageError


def _verdicts(hits: int, false_alarms: int, misses: int, rest: int) -> list[Verdict]:
    kinds = (
        [(True, True)] * hits
        + [(False, True)] * false_alarms
        + [(True, False)] * misses
        + [(False, False)] * rest
    )
    return [Verdict(str(number), "fa" if number % 2 else "en", *kind) for number, kind in enumerate(kinds)]


def test_rates() -> None:
    precision, recall, f1 = rates(_verdicts(8, 2, 2, 8))
    assert (precision, recall) == (0.8, 0.8)
    assert f1 == pytest.approx(0.8)
    assert rates([]) == (1.0, 1.0, 1.0)
    assert rates(_verdicts(0, 3, 3, 0)) == (0.0, 0.0, 0.0)


def test_intervals_hold_the_rate_and_narrow_with_more_texts() -> None:
    few = measure(_verdicts(16, 4, 4, 16), Random(1), rounds=300)
    many = measure(_verdicts(400, 100, 100, 400), Random(1), rounds=300)
    for found in (few, many):
        assert found.f1_interval[0] <= found.f1 <= found.f1_interval[1]
    assert many.f1_interval[1] - many.f1_interval[0] < few.f1_interval[1] - few.f1_interval[0]


def test_texts_of_one_story_are_drawn_together() -> None:
    one_story = [Verdict(str(n), "en", True, n % 2 == 0, group="s") for n in range(40)]
    assert measure(one_story, Random(0), rounds=50).recall_interval == (0.5, 0.5)


def test_the_report_names_the_wrong_ones_by_language() -> None:
    found = report(_verdicts(3, 1, 1, 3))
    assert found["wrong"] == ["3", "4"]
    assert found["false_alarms"] == ["3"]
    assert found["missed"] == ["4"]
    assert set(found["by_lang"]) == {"en", "fa"}
    assert "missed: 4" in render(found)


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "not JSON"), ("[]", "not an example"), ('{"id": 1, "text": 3}', "text must be a text")],
)
def test_a_line_that_is_no_example_is_named(line: str, reason: str) -> None:
    with pytest.raises(UsageError, match=f"x.jsonl:2: {reason}"):
        list(read_examples(["", line], "x.jsonl"))


def test_an_example_survives_its_json_form() -> None:
    lines = [
        '{"id": "a", "lang": "ur", "title": "t", "text": "x", "label": true, "story": "s", "source_class": "judged"}'
    ]
    (one,) = read_examples(lines, "x")
    assert example_json(one) == json.loads(lines[0])


def test_an_explanation_tells_what_fired(border: TopicSet) -> None:
    (found,) = explain_article("", "The Iran–Pakistan border was closed.", None, border)
    assert found.holds
    fired = [one for one in found.rules if one.fired]
    assert fired[0].seen[0].failed is None
    assert "⟦Iran⟧" in render_explanation(found)
    assert as_json(found)["match"] is True


def test_an_explanation_names_the_nearest_miss(border: TopicSet) -> None:
    text = "Pakistan closed its border with Afghanistan, an official in Iran said."
    (found,) = explain_article("", text, None, border)
    assert not found.holds
    assert found.score < found.threshold
    miss = found.nearest_miss
    assert miss is not None
    assert miss.seen[0].failed
    assert "nearest miss" in render_explanation(found)
    for one in found.rules:
        for seen in one.seen:
            assert text[seen.evidence.start : seen.evidence.end] == seen.evidence.quote


def test_a_text_about_something_else_lacks_everything(border: TopicSet) -> None:
    (found,) = explain_article("Weather", "Rain is expected in Oslo.", None, border)
    assert found.nearest_miss is None
