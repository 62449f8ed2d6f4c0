"""Who is told of a match, and why nobody is: pure decisions over facts that the recorder gathers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.model import Published

ALERTED = "alerted"
FUTURE_TOLERANCE = timedelta(days=1)
"""A date further ahead than any time zone explains is no date: the page counts as undated."""

UPDATE_SOURCES = 3
"""Independent sources at which a story that began with fewer is confirmed, and sends its one update."""

GROWTH_FACTOR = 4
GROWTH_MINIMUM = 12
"""A story grew strongly when it has four times the reports it was alerted with, and at least twelve: copies of one
wire text reach that within hours only for events of the first rank."""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What the decision about one match rests on. Times are UTC."""

    published: Published | None
    first_seen: datetime
    now: datetime
    alert_window_s: float
    first_crawl: bool = False
    """Whether the source listed this article in its first crawl."""
    recrawl: bool = False
    lift_window: bool = False
    """`recrawl --alert`: old news may alert."""
    earlier_alert: str | None = None
    """The id of the alert that this topic and story (or a story merged into it) already has."""
    muted: str | None = None
    """Which mute holds, in words (`story 12 until 2026-05-01T00:00Z`)."""
    split_off: bool = False
    """A person split this story off without asking for an alert."""
    copy_of_published: Published | None = None
    """For a duplicate: the publication date of the earliest article with this text."""


def decide(facts: AlertFacts) -> str:
    """`alerted`, or the reason why nobody is told (stored as the match's verdict).

    The rules are those of the contract: one alert a topic and story; nothing that was published before the window;
    a date without a time counts to the end of its day; an undated page counts by its first sight, and as backlog in
    a first crawl; a recrawl tells nobody unless `--alert` lifts the window.
    """
    if facts.earlier_alert:
        return f"story already alerted as {facts.earlier_alert}"
    if facts.muted:
        return f"muted: {facts.muted}"
    if facts.split_off:
        return "split off by a person, who asked for no alert"
    if facts.lift_window:
        return ALERTED
    return _backlog(facts) or ("recrawl" if facts.recrawl else ALERTED)


def _backlog(facts: AlertFacts) -> str | None:
    published = _credible(facts.published, facts.now)
    if published is None:
        if facts.first_crawl:
            return "first crawl, undated"
        published_latest, text = facts.first_seen, "undated, first seen " + _minute(facts.first_seen)
    else:
        published_latest, text = published.latest(), f"published {published.isoformat()}"
    begins = facts.now - timedelta(seconds=facts.alert_window_s)
    original = _credible(facts.copy_of_published, facts.now)
    if original is not None and original.latest() < begins:
        return f"backlog: a copy of what was published {original.isoformat()}, before the alert window"
    if published_latest < begins:
        return f"backlog: {text}, before the alert window"
    return None


def _credible(published: Published | None, now: datetime) -> Published | None:
    if published is None or published.at > now + FUTURE_TOLERANCE:
        return None
    return published


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def update_reason(
    *,
    sources_then: int,
    sources_now: int,
    reports_then: int,
    reports_now: int,
    already: frozenset[str] = frozenset(),
) -> str | None:
    """Why a story that was alerted deserves its one update, or None.

    `sources_*` are independent sources and `reports_*` articles of the story, when it was alerted and now; `already`
    the reasons (`confirmed`, `grown`) it sent an update for. One update a story: a second reason sends none.
    """
    if already:
        return None
    if sources_then < UPDATE_SOURCES <= sources_now:
        return "confirmed"
    if reports_now >= max(GROWTH_MINIMUM, GROWTH_FACTOR * reports_then):
        return "grown"
    return None
