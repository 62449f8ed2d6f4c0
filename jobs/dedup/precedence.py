"""When an article counts as published, and which of several leads: earliest trustworthy date, source rank, address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from storage.database import Row, parse_stamp
from storage.model import Published

_OLDEST: Final = datetime(1995, 1, 1, tzinfo=UTC)
"""Dates before news were on the web are defaults of software: 1970-01-01 above all."""
_AHEAD: Final = timedelta(days=1)
"""A date that lies further ahead of the first sight is a mistake; less may be a time zone."""
_HALF_DAY: Final = timedelta(hours=12)


def published(row: Row) -> Published | None:
    """The publication date of an article's row, with the publisher's own offset."""
    if row["date_utc"] is None:
        return None
    precision: Literal["second", "minute", "day"] = row["date_precision"] or "second"
    offset = None if precision == "day" else datetime.fromisoformat(row["date"]).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else None
    return Published(parse_stamp(row["date_utc"]), row["date_source"] or "", precision, minutes)


def trusted(date: Published | None, first_seen: datetime) -> Published | None:
    """The date where it can be believed: not in the future of the first sight, and not of the time before the web."""
    if date is None or date.at > first_seen + _AHEAD or date.at < _OLDEST:
        return None
    return date


def story_time_s(row: Row) -> int:
    """The second since 1970 at which an article counts: a day's date at its noon, an undated one when first seen."""
    seen = parse_stamp(row["first_seen"])
    date = trusted(published(row), seen)
    if date is None:
        return int(seen.timestamp())
    return int((date.at + _HALF_DAY if date.precision == "day" else date.at).timestamp())


def precedence(row: Row) -> tuple[int, str, int, str]:
    """Sorts leaders first. Dated before undated; a date without a time counts to its end; then rank; then the address."""
    seen = parse_stamp(row["first_seen"])
    date = trusted(published(row), seen)
    moment = date.latest() if date else seen
    return (0 if date else 1, moment.isoformat(), -int(row["rank"]), row["canonical_url"])
