"""Addresses: what they may say, and the sentence for what they may not."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.views.stories import Cursor, StoryFilter
from web.params import Known, Reader, encode_cursor, link, read_story_filter

KNOWN = Known(("border", "fuel"), ("saravan",), ("dawn",), ("PK",), ("ur",))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Karachi")


def read(**query: str) -> tuple[StoryFilter, list[str]]:
    reader = Reader(query)
    return read_story_filter(reader, KNOWN, ZONE, NOW), [fault.name for fault in reader.faults]


def test_nothing_given_is_the_fullest_topic() -> None:
    assert read() == (StoryFilter("border"), [])


def test_everything_given() -> None:
    chosen, faults = read(
        topic="fuel",
        lang="ur",
        country="PK",
        place="saravan",
        source="dawn",
        state="open",
        order="active",
        min="3",
        days="7",
    )
    assert faults == []
    assert (chosen.topic, chosen.lang, chosen.country, chosen.place, chosen.source) == (
        "fuel",
        "ur",
        "PK",
        "saravan",
        "dawn",
    )
    assert (chosen.state, chosen.order, chosen.min_sources) == ("open", "active", 3)
    assert chosen.since == datetime(2026, 11, 17, 12, tzinfo=UTC)


def test_days_are_inclusive_and_local() -> None:
    chosen, _ = read(**{"from": "2026-11-20", "to": "2026-11-20"})
    assert chosen.since == datetime(2026, 11, 19, 19, tzinfo=UTC)
    assert chosen.until == datetime(2026, 11, 20, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("topic", "nope"), ("lang", "xx"), ("country", "ZZ"), ("place", "atlantis"), ("source", "x"), ("state", "maybe"), ("order", "best"),
        ("min", "0"), ("min", "²"), ("min", "-1"), ("days", "8"), ("from", "yesterday"), ("to", "2026-13-01"), ("from", "0001-01-01"), ("place", "x" * 500),
    ],
)  # fmt: skip
def test_each_fault_is_named(name: str, value: str) -> None:
    _, faults = read(**{name: value})
    assert faults == [name]


def test_a_period_that_ends_before_it_begins() -> None:
    assert read(**{"from": "2026-11-20", "to": "2026-11-01"})[1] == ["from"]


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**53))
def test_cursors_come_back(at: datetime, story: int) -> None:
    cursor = Cursor(
        at.strftime("%Y-%m-%dT%H:%M:%S.000Z") if at.year > 999 else "2026-01-01T00:00:00.000Z", story
    )
    assert Reader({"after": encode_cursor(cursor)}).cursor("after") == cursor


@given(st.text(max_size=60))
def test_any_cursor_is_a_cursor_or_a_fault(text: str) -> None:
    reader = Reader({"after": text})
    assert (reader.cursor("after") is None) == (bool(reader.faults) or not text.strip())


def test_links_change_one_thing_and_drop_the_cursor() -> None:
    assert (
        link("/", {"topic": "border", "after": "x", "lang": ""}, place="saravan")
        == "/?topic=border&place=saravan"
    )
    assert link("/", {"place": "saravan"}, place=None) == "/"
