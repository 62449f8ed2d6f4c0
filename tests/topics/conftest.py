"""The shipped topic, loaded once, and small topics written for one test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.topics.gazetteer import shipped_gazetteer
from jobs.topics.loader import TopicSet, load_topics, parse_topic, topic_set


@pytest.fixture(scope="session")
def border() -> TopicSet:
    """The topic of the product."""
    return load_topics(["presets:iran-pakistan-border"], Path())


@pytest.fixture(scope="session")
def written_texts() -> list[dict[str, Any]]:
    """Texts written for the tests, labelled, in eleven languages."""
    path = Path(__file__).with_name("written.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def small_topic() -> Callable[[str], TopicSet]:
    """A topic set of one topic, from the text of its file."""

    def make(toml: str) -> TopicSet:
        return topic_set([parse_topic(toml.encode(), Path("small.toml"), shipped_gazetteer())])

    return make
