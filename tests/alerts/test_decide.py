"""Who is told, and why nobody is: by tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.alerts.decide import ALERTED, AlertFacts, decide, update_reason
from jobs.alerts.filters import AlertTraits, refusal
from storage.model import Published

from .conftest import NOW, channel

FACTS = AlertFacts(
    published=Published(NOW - timedelta(hours=2), "feed"), first_seen=NOW, now=NOW, alert_window_s=48 * 3600
)


def at(hours_ago: float, **more: Any) -> Published:
    return Published(NOW - timedelta(hours=hours_ago), "feed", **more)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, ALERTED),
        ({"first_crawl": True}, ALERTED),
        ({"published": at(49)}, "backlog: published 2026-05-02T11:00:00Z, before the alert window"),
        ({"published": at(47.9)}, ALERTED),
        # 12:00 minus 48 h is noon of the 2nd: the bare day counts to its end, the day before is over.
        ({"published": Published(datetime(2026, 5, 2, tzinfo=UTC), "url", "day")}, ALERTED),
        ({"published": Published(datetime(2026, 5, 1, tzinfo=UTC), "url", "day")}, "backlog: published 2026-05-01, before the alert window"),
        ({"published": None}, ALERTED),
        ({"published": None, "first_crawl": True}, "first crawl, undated"),
        ({"published": None, "first_seen": NOW - timedelta(days=3)}, "backlog: undated, first seen 2026-05-01T12:00Z, before the alert window"),
        ({"published": at(-30)}, ALERTED),
        ({"published": at(-30), "first_crawl": True}, "first crawl, undated"),
        ({"recrawl": True}, "recrawl"),
        ({"recrawl": True, "published": at(100)}, "backlog: published 2026-04-30T08:00:00Z, before the alert window"),
        ({"recrawl": True, "lift_window": True, "published": at(1000)}, ALERTED),
        ({"recrawl": True, "lift_window": True, "published": None}, ALERTED),
        ({"earlier_alert": "alert_1"}, "story already alerted as alert_1"),
        ({"earlier_alert": "alert_1", "lift_window": True}, "story already alerted as alert_1"),
        ({"muted": "story 3 until lifted, by amna"}, "muted: story 3 until lifted, by amna"),
        ({"split_off": True}, "split off by a person, who asked for no alert"),
        ({"copy_of_published": at(100)}, "backlog: a copy of what was published 2026-04-30T08:00:00Z, before the alert window"),
        ({"copy_of_published": at(10)}, ALERTED),
    ],
)  # fmt: skip
def test_decide(changes: dict[str, Any], verdict: str) -> None:
    assert decide(replace(FACTS, **changes)) == verdict


@given(hours=st.floats(-200, 200), window_h=st.floats(0, 100), first=st.booleans(), dated=st.booleans())
def test_a_recrawl_tells_nobody_and_old_news_alerts_nobody(
    hours: float, window_h: float, first: bool, dated: bool
) -> None:
    published = at(hours) if dated else None
    facts = replace(FACTS, published=published, alert_window_s=window_h * 3600, first_crawl=first)
    assert decide(replace(facts, recrawl=True)) != ALERTED
    if dated and hours > window_h + 0.001:
        assert decide(facts) != ALERTED


@pytest.mark.parametrize(
    ("then", "now", "already", "reason"),
    [
        ((1, 1), (2, 2), (), None),
        ((1, 1), (3, 3), (), "confirmed"),
        ((3, 3), (4, 4), (), None),
        ((3, 3), (5, 12), (), "grown"),
        ((3, 10), (5, 30), (), None),
        ((1, 1), (9, 40), ("confirmed",), None),
    ],
)
def test_update_reason(
    then: tuple[int, int], now: tuple[int, int], already: tuple[str, ...], reason: str | None
) -> None:
    found = update_reason(
        sources_then=then[0],
        reports_then=then[1],
        sources_now=now[0],
        reports_now=now[1],
        already=frozenset(already),
    )
    assert found == reason


TRAITS = AlertTraits("border", "dawn", "PK", "ur", 2.0, frozenset({"taftan", "Taftan", "تفتان"}), 1)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"topics": ["border", "x"]}, True),
        ({"topics": ["x"]}, False),
        ({"countries": ["IR"]}, False),
        ({"countries": ["IR", "PK"]}, True),
        ({"languages": ["fa"]}, False),
        ({"languages": ["ur"]}, True),
        ({"sources": ["dawn"]}, True),
        ({"sources": ["irna"]}, False),
        ({"exclude_sources": ["dawn"]}, False),
        ({"min_score": 2.0}, True),
        ({"min_score": 2.1}, False),
        ({"min_sources": 2}, False),
        ({"places": ["TAFTAN"]}, True),
        ({"places": ["تفتان"]}, True),
        ({"places": ["mirjaveh"]}, False),
    ],
)
def test_filters(options: dict[str, Any], wanted: bool) -> None:
    assert (refusal(channel(**options), TRAITS) is None) is wanted


def test_updates_only_for_who_asks() -> None:
    update = replace(TRAITS, is_update=True)
    assert refusal(channel(), update) == "wants no updates"
    assert refusal(channel(updates=True), update) is None
