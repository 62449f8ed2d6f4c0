"""A person's splits and merges: they hold, survive rereading and new reports, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs.dedup.rulings import merge, split, undo
from storage import stories as store
from storage.database import write_transaction
from storage.model import UsageError
from tests.dedup import texts as t
from tests.dedup.conftest import MONDAY, Desk

HOUR = timedelta(hours=1)


@pytest.fixture
def strike(desk: Desk) -> Desk:
    desk.add(t.STRIKE_EN, "a.example/1", language="en")
    desk.add(t.STRIKE_EN_OTHER, "b.example/1", MONDAY + HOUR, language="en")
    desk.add(t.STRIKE_FA, "c.example/1", MONDAY + 2 * HOUR, language="fa")
    desk.add(t.GATE_EN, "g.example/1", language="en")
    return desk


def test_a_split_holds_over_rereads_and_new_copies_join_the_side_they_copy(strike: Desk) -> None:
    with write_transaction(strike.db):
        done = split(
            strike.db, strike.story_of("a.example/1"), [strike.ids["b.example/1"]], "ana", MONDAY, alert=False
        )
    apart = {
        frozenset({"a.example/1", "c.example/1"}),
        frozenset({"b.example/1"}),
        frozenset({"g.example/1"}),
    }
    assert strike.stories() == apart
    assert store.story(strike.db, done.stories[0])["quiet"] == 1  # type: ignore[index]
    for report, url in (
        (t.STRIKE_EN, "a.example/1"),
        (t.STRIKE_EN_OTHER, "b.example/1"),
        (t.STRIKE_FA, "c.example/1"),
    ):
        strike.add(report, url, MONDAY + (2 * HOUR if url[0] == "c" else HOUR if url[0] == "b" else 0 * HOUR))
    assert strike.stories() == apart
    placed = strike.add(t.STRIKE_EN_OTHER, "d.example/1", MONDAY + 5 * HOUR)
    assert strike.story_of("d.example/1") == strike.story_of("b.example/1")
    assert placed.split_off
    strike.add(t.STRIKE_UR, "e.example/1", MONDAY + 6 * HOUR, language="ur")
    assert strike.story_of("a.example/1") != strike.story_of("b.example/1")


def test_a_split_may_ask_for_its_alert(strike: Desk) -> None:
    with write_transaction(strike.db):
        done = split(
            strike.db, strike.story_of("a.example/1"), [strike.ids["b.example/1"]], "ana", MONDAY, alert=True
        )
    assert store.story(strike.db, done.stories[0])["quiet"] == 0  # type: ignore[index]


def test_a_split_can_be_undone(strike: Desk) -> None:
    before, story = strike.stories(), strike.story_of("a.example/1")
    with write_transaction(strike.db):
        done = split(strike.db, story, [strike.ids["b.example/1"]], "ana", MONDAY, alert=False)
        undo(strike.db, done.ruling, MONDAY)
    assert strike.stories() == before
    assert strike.story_of("b.example/1") == story


def test_a_merge_holds_and_can_be_undone(strike: Desk) -> None:
    before = strike.stories()
    with write_transaction(strike.db):
        done = merge(strike.db, strike.story_of("a.example/1"), strike.story_of("g.example/1"), "ana", MONDAY)
    assert strike.story_of("a.example/1") == strike.story_of("g.example/1")
    strike.add(t.GATE_EN, "g.example/1")
    assert strike.story_of("a.example/1") == strike.story_of("g.example/1")
    with write_transaction(strike.db):
        undo(strike.db, done.ruling, MONDAY)
    assert strike.stories() == before


def test_a_merge_takes_back_the_split_that_stands_against_it(strike: Desk) -> None:
    with write_transaction(strike.db):
        split(
            strike.db, strike.story_of("a.example/1"), [strike.ids["b.example/1"]], "ana", MONDAY, alert=False
        )
        merge(strike.db, strike.story_of("a.example/1"), strike.story_of("b.example/1"), "ben", MONDAY)
    assert strike.story_of("a.example/1") == strike.story_of("b.example/1")
    assert [ruling["kind"] for ruling in store.rulings(strike.db)] == ["merge"]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            lambda desk: split(
                desk.db, desk.story_of("g.example/1"), [desk.ids["a.example/1"]], "ana", MONDAY, alert=False
            ),
            "has no article",
        ),
        (
            lambda desk: split(
                desk.db, desk.story_of("g.example/1"), [desk.ids["g.example/1"]], "ana", MONDAY, alert=False
            ),
            "all the articles",
        ),
        (lambda desk: split(desk.db, 999, [1], "ana", MONDAY, alert=False), "no story 999"),
        (
            lambda desk: merge(
                desk.db, desk.story_of("a.example/1"), desk.story_of("b.example/1"), "ana", MONDAY
            ),
            "one already",
        ),
        (lambda desk: undo(desk.db, 77, MONDAY), "no ruling 77"),
    ],
    ids=["stranger", "whole", "unknown", "same", "undone"],
)
def test_wrong_use_says_what_to_do(strike: Desk, act: Callable[[Desk], object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        act(strike)
