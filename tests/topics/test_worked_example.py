"""The worked example of docs/topics.md is the shipped file, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.topics.gazetteer import shipped_gazetteer
from jobs.topics.loader import load_topic, parse_topic, topic_set
from jobs.topics.match import match_article
from jobs.topics.topicfile import RULE_KEYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "topics.md").read_text("utf-8")
TOML = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
CASES = re.findall(r"^(holds|does not hold) +\| (.*)$", PAGE, re.MULTILINE)


def test_the_page_shows_the_shipped_file() -> None:
    assert TOML is not None
    assert TOML[1] == (ROOT / "presets" / "topics" / "afghanistan-water-dispute.toml").read_text("utf-8")
    assert len(CASES) >= 6


@pytest.mark.parametrize(("verdict", "text"), CASES)
def test_the_example_does_what_the_page_says(verdict: str, text: str) -> None:
    assert TOML is not None
    topic = parse_topic(TOML[1].encode(), Path("docs/topics.md"), shipped_gazetteer())
    assert topic.warnings == ()
    assert bool(match_article("", text, None, topic_set([topic]))) is (verdict == "holds")


def test_the_page_explains_every_key_of_a_rule() -> None:
    for key in RULE_KEYS:
        assert f"`{key}`" in PAGE or f"`{key} = " in PAGE, key


def test_topics_stay_apart_in_one_set() -> None:
    presets = ROOT / "presets" / "topics"
    both = topic_set(
        [
            load_topic(presets / f"{name}.toml")
            for name in ("afghanistan-water-dispute", "iran-pakistan-border")
        ]
    )
    text = "Taliban: Iran will get its water share from the Helmand. Trucks wait on the Iran–Pakistan border."
    assert [match.topic for match in match_article("", text, None, both)] == list(both.names())
    (alone,) = match_article("", text, None, both.only("iran-pakistan-border"))
    assert alone == match_article("", text, None, both)[1]
