"""The order of arrival does not matter: every permutation of the same captures ends in the same stories, leaders and originals."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dedup import texts as t
from tests.dedup.conftest import MONDAY, Desk
from tests.dedup.copies import respin

Item = tuple[tuple[str, str], str, datetime | None, int]
VOCABULARY = sorted({word.lower() for report in t.COPIED for word in report[1].split() if word.isalpha()})


def captures() -> list[Item]:
    """Reports in three languages, copies of several kinds, a half of a text, bulletins, equal dates and a missing one."""
    rng = random.Random(7)
    hour = timedelta(hours=1)

    def copy(report: tuple[str, str], rate: float, kept: float = 1.0) -> tuple[str, str]:
        return report[0], respin(
            report[1],
            t.LANGUAGES.get(report, "en"),
            rate,
            VOCABULARY,
            rng,
            wrapped=True,
            kept=kept,
            other_lede=False,
        )

    sentences = t.FISHERMEN_EN[1].split(". ")
    return [
        (t.STRIKE_EN, "a.example/1", MONDAY, 50),
        (t.STRIKE_EN_OTHER, "b.example/1", MONDAY + 3 * hour, 50),
        (t.STRIKE_FA, "c.example/1", MONDAY + 2 * hour, 50),
        (t.STRIKE_UR, "d.example/1", MONDAY + 5 * hour, 50),
        (copy(t.STRIKE_EN, 0.2), "e.example/1", MONDAY + 9 * hour, 0),
        (t.GATE_EN, "f.example/1", MONDAY, 20),
        (t.GATE_EN, "g.example/1", MONDAY, 80),
        (copy(t.GATE_EN, 0.28), "h.example/1", None, 50),
        (t.GATE_FA, "i.example/1", MONDAY + 4 * hour, 50),
        (("Boat drifts", ". ".join(sentences[:2])), "j.example/1", MONDAY + hour, 50),
        (("Jackets promised", ". ".join(sentences[3:])), "k.example/1", MONDAY + 2 * hour, 50),
        (t.FISHERMEN_EN, "l.example/1", MONDAY + 6 * hour, 50),
        (t.rates("Sunday", "97350", "104200", "26480", "8125000"), "m.example/1", MONDAY, 50),
        (t.rates("Monday", "98100", "105450", "26710", "8190000"), "n.example/1", MONDAY + 24 * hour, 50),
        (t.GUARDS_EN, "o.example/1", MONDAY + hour, 50),
    ]


ITEMS = captures()


def outcome(desk: Desk, order: list[Item]) -> tuple[object, ...]:
    for report, url, at, rank in order:
        desk.add(
            report, url, at, seen=(at or MONDAY) + timedelta(minutes=20), source=f"{url[0]}-{rank}", rank=rank
        )
    urls = [item[1] for item in ITEMS]
    return (
        sorted(sorted(story) for story in desk.stories()),
        {url: desk.lead_of(url) for url in urls},
        {url: desk.original_of(url) for url in urls},
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(ITEMS))
def test_any_order_ends_in_the_same_stories(order: list[Item], new_desk: Callable[[], Desk]) -> None:
    expected = outcome(new_desk(), ITEMS)
    assert outcome(new_desk(), order) == expected


def test_the_expected_stories(new_desk: Callable[[], Desk]) -> None:
    desk = new_desk()
    outcome(desk, ITEMS)
    assert (
        frozenset({"a.example/1", "b.example/1", "c.example/1", "d.example/1", "e.example/1"})
        in desk.stories()
    )
    assert frozenset({"j.example/1", "k.example/1", "l.example/1"}) in desk.stories()
    assert desk.original_of("f.example/1") == "g.example/1", "the higher rank leads at one time"
    assert desk.story_of("m.example/1") != desk.story_of("n.example/1")
