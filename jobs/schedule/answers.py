"""What an answer says of when to come back: Cache-Control, Expires, Retry-After; and what a feed says inside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from storage.model import Headers

MAX_SECONDS = 10 * 366 * 86_400.0
"""Larger numbers in headers count as this (ten years); the policy clamps far below it."""

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?:$|[,\s=])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """Seconds and hours that a server and its feed ask for; None and 0 where they do not.

    `max_age_s` is what is left of the answer's freshness; `ttl_s` comes from RSS; `skip_hours` are UTC, `skip_days`
    Monday = 0.
    """

    retry_after_s: float | None = None
    max_age_s: float | None = None
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()

    @property
    def floor_s(self) -> float:
        """The longest of max-age and TTL."""
        return max(self.max_age_s or 0.0, self.ttl_s or 0.0)


NOTHING_ASKED = AnswerTimes()


def read_times(
    status: int,
    headers: Headers,
    now: datetime,
    *,
    ttl_s: float | None = None,
    skip_hours: tuple[int, ...] = (),
    skip_days: tuple[int, ...] = (),
) -> AnswerTimes:
    """The wishes in an answer's headers, joined with those of the feed (from its last full answer).

    Retry-After counts with 3xx, 429 and 5xx (RFC 9110 section 10.2.3, RFC 6585); max-age goes before Expires
    and Age is subtracted (RFC 9111 sections 4.2.1 and 4.2.3). `now` is UTC.
    """
    fields = {name.lower(): value for name, value in reversed(headers)}
    retry_after = _retry_after(fields.get("retry-after"), now) if status >= 300 and status != 304 else None
    return AnswerTimes(retry_after, _freshness(fields, now), ttl_s, skip_hours, skip_days)


def _retry_after(value: str | None, now: datetime) -> float | None:
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), MAX_SECONDS)
    at = _http_date(value)
    return None if at is None else min(max(0.0, (at - now).total_seconds()), MAX_SECONDS)


def _freshness(fields: dict[str, str], now: datetime) -> float | None:
    control = fields.get("cache-control", "")[:1000]
    if _NO_STORE.search(control):
        return None
    found = _MAX_AGE.search(control)
    if found:
        age = fields.get("age", "").strip()
        held = float(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0.0
        return min(max(0.0, float(found[1]) - held), MAX_SECONDS)
    expires = _http_date(fields.get("expires"))
    if expires is None:
        return None
    # Against the server's own clock where it tells it: many run wrong.
    base = _http_date(fields.get("date")) or now
    return min(max(0.0, (expires - base).total_seconds()), MAX_SECONDS)


def _http_date(value: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, OverflowError):
        return None
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
