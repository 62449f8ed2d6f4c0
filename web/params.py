"""What stands in an address: filters, periods and cursors, each checked, with a sentence for each that is broken."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Path as PathParameter

from storage.views.stories import Cursor, Order, State, StoryFilter
from web.days import day_start

PERIODS = {"1": "24 hours", "7": "7 days", "30": "30 days", "180": "180 days"}
MAX_QUERY_CHARS = 400
MAX_ID = 2**63 - 1
Identity = Annotated[int, PathParameter(ge=1, le=MAX_ID)]
"""A number in an address that SQLite can hold; anything else is no page."""
STATES: dict[str, str] = {
    "": "All but muted",
    "open": "Open",
    "unjudged": "Not judged",
    "alerted": "Alerted",
    "handled": "Handled",
    "relevant": "Judged relevant",
    "not_relevant": "Judged not relevant",
    "muted": "Muted",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A parameter that means nothing, and why."""

    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """What parameters may name."""

    topics: tuple[str, ...]
    places: Collection[str]
    sources: Collection[str]
    countries: Collection[str]
    languages: Collection[str]


@dataclass(slots=True)
class Reader:
    """Reads parameters one by one and collects the faults."""

    query: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The parameter, trimmed; empty where absent."""
        value = self.query.get(name, "").strip()
        if len(value) > MAX_QUERY_CHARS:
            self.faults.append(Fault(name, value[:60] + "…", f"is longer than {MAX_QUERY_CHARS} characters"))
            return ""
        return value

    def one_of(self, name: str, allowed: Collection[str], what: str) -> str:
        """The parameter where it is one of these; empty where absent or broken."""
        value = self.text(name)
        if value and value not in allowed:
            self.faults.append(Fault(name, value, f"is no {what} known here"))
            return ""
        return value

    def day(self, name: str) -> date | None:
        """A day as YYYY-MM-DD."""
        value = self.text(name)
        if not value:
            return None
        try:
            found = date.fromisoformat(value)
        except ValueError:
            self.faults.append(Fault(name, value, "is no day; write it like 2026-11-24"))
            return None
        if not 1970 <= found.year <= 2200:
            self.faults.append(Fault(name, value, "lies outside the years 1970 to 2200"))
            return None
        return found

    def whole(self, name: str, low: int, high: int, default: int) -> int:
        """A whole number between two others."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            self.faults.append(Fault(name, value, f"is no number from {low} to {high}"))
            return default
        return int(value)

    def cursor(self, name: str) -> Cursor | None:
        """Where a page goes on."""
        value = self.text(name)
        if not value:
            return None
        try:
            at, _, story = (
                base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("ascii").partition("|")
            )
            datetime.fromisoformat(at)
            return Cursor(at, int(story[:19]) & MAX_ID)
        except (ValueError, binascii.Error):
            self.faults.append(Fault(name, value, "is no mark of a page; go back to the first one"))
            return None

    def period(
        self, zone: ZoneInfo, now: datetime, default: str = ""
    ) -> tuple[datetime | None, datetime | None, str]:
        """(since, until, number of days as in PERIODS or empty) of `days`, or of the days `from` and `to` (inclusive)."""
        start, end = self.day("from"), self.day("to")
        if start or end:
            if start and end and start > end:
                self.faults.append(Fault("from", start.isoformat(), f"is later than to={end.isoformat()}"))
                return None, None, ""
            return (
                day_start(start, zone) if start else None,
                day_start(end + timedelta(days=1), zone) if end else None,
                "",
            )
        days = self.one_of("days", {*PERIODS, "all"}, "period (1, 7, 30, 180 or all)") or default
        return (now - timedelta(days=int(days)) if days in PERIODS else None), None, days


def encode_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    return base64.urlsafe_b64encode(f"{cursor.at}|{cursor.story_id}".encode()).decode().rstrip("=")


def read_story_filter(reader: Reader, known: Known, zone: ZoneInfo, now: datetime) -> StoryFilter:
    """The filter of a list of stories. Without topics there is nothing to list: the topic is then empty."""
    default = known.topics[0] if known.topics else ""
    topic = reader.one_of("topic", known.topics, "topic") or default
    since, until, _ = reader.period(zone, now)
    order: Order = (
        "active" if reader.one_of("order", get_args(Order), "order (new or active)") == "active" else "new"
    )
    chosen = reader.one_of("state", get_args(State), "state")
    return StoryFilter(
        topic=topic,
        order=order,
        lang=reader.one_of("lang", known.languages, "language"),
        country=reader.one_of("country", known.countries, "country"),
        place=reader.one_of("place", known.places, "place"),
        source=reader.one_of("source", known.sources, "source"),
        state=next((state for state in get_args(State) if state == chosen), ""),
        since=since,
        until=until,
        min_sources=reader.whole("min", 1, 99, 1),
    )


def link(path: str, query: Mapping[str, str], **changes: str | None) -> str:
    """The address with these parameters changed (None or empty: left out); a cursor is never carried along."""
    merged = {
        key: value
        for key, value in {**query, **changes}.items()
        if value and (key != "after" or "after" in changes)
    }
    return path + ("?" + urlencode(merged) if merged else "")


def as_days(moment: datetime | None, zone: ZoneInfo) -> str:
    """The local day of a bound, for a date field."""
    return moment.astimezone(zone).date().isoformat() if moment else ""
