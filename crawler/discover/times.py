"""Dates as listings write them: RFC 822, ISO 8601, bare or Jalali dates, with and without an offset.

A listing's dates are claims: one in the future is no publication date (sites label local time as GMT, or
schedule), so it is read in the source's own zone where that explains it and dropped where nothing does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_tz
from typing import Any, Literal
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDateTime

from crawler.discover.listing import counted
from storage.model import Published

CLOCK_SKEW = timedelta(minutes=15)
"""How far ahead of ours a publisher's clock may run before its date counts as one in the future."""

_ABBREVIATIONS = {"PKT": 300, "IRST": 210, "IRDT": 270, "AFT": 270, "IST": 330, "GST": 240, "CET": 60, "CEST": 120,
                  "BST": 60, "MSK": 180, "TRT": 180, "AST": 180}  # fmt: skip
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_NUMERIC = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T\s,-]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)


class Times:
    """Reads the dates of one listing and counts what was wrong with them."""

    def __init__(self, provenance: str, now: datetime, timezone: str | None) -> None:
        self.provenance = provenance
        self.now = now
        self.zone: ZoneInfo | None = ZoneInfo(timezone) if timezone else None
        self.unreadable = self.future = self.shifted = 0

    def published(self, value: str | None) -> Published | None:
        """The date with its provenance, or None where there is none, it can't be read or lies in the future."""
        value = (value or "").strip()
        if not value:
            return None
        found = read_date(value, self.zone)
        if found is None:
            self.unreadable += 1
            return None
        at, offset, precision = found
        if at > self.now + (timedelta(hours=14) if precision == "day" else CLOCK_SKEW):
            local = at.replace(tzinfo=self.zone) if self.zone and not offset else None
            if local is None or local > self.now + CLOCK_SKEW or precision == "day":
                self.future += 1
                return None
            self.shifted += 1
            at, offset = local.astimezone(UTC), _minutes(local)
        return Published(at, self.provenance, precision, offset)

    def moment(self, value: str | None) -> datetime | None:
        """The same as a bare UTC time (for `updated`), uncounted."""
        found = read_date(value.strip(), self.zone) if value else None
        return found[0] if found and found[0] <= self.now + timedelta(days=1) else None

    def problems(self) -> list[str]:
        """A sentence for each kind of trouble."""
        told = []
        if self.unreadable:
            told.append(
                f"{counted(self.unreadable, 'date')} could not be read; the first sight counts instead."
            )
        if self.future:
            told.append(f"{counted(self.future, 'date')} in the future; the first sight counts instead.")
        if self.shifted:
            told.append(
                f"{counted(self.shifted, 'date')} in the future, as local time is marked as UTC; "
                f"read as {self.zone} instead."
            )
        return told


Precision = Literal["second", "minute", "day"]


def read_date(value: str, zone: tzinfo | None = None) -> tuple[datetime, int | None, Precision] | None:
    """UTC time, offset in minutes (of `zone` where none is written), precision; None for what is no date."""
    value = value.translate(_DIGITS)
    try:
        numeric = _NUMERIC.match(value)
        found = _numeric(numeric, zone) if numeric else _rfc822(value, zone)
    except (ValueError, OverflowError):
        return None
    if found is None or not 1990 <= found[0].year <= 2200:
        return None
    return found


def _rfc822(value: str, zone: tzinfo | None) -> tuple[datetime, int | None, Precision] | None:
    """RFC 822 with the liberties that feeds take: zone names, missing zones (RFC 5322 section 3.3)."""
    parts = parsedate_tz(value)
    if parts is None:
        return None
    name = value.rsplit(None, 1)[-1].upper()
    minutes = _ABBREVIATIONS.get(name, parts[9] // 60 if parts[9] is not None else None)
    return _settle(datetime(*parts[:6]), minutes, zone, "second")  # noqa: DTZ001 - settled at once


def _numeric(found: re.Match[str], zone: tzinfo | None) -> tuple[datetime, int | None, Precision]:
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    hour, minute, second = int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)
    if 1300 <= year < 1500:  # the Iranian calendar
        jalali: Any = JalaliDateTime
        naive = jalali(year, month, day, hour, minute, second).to_gregorian().replace(tzinfo=None)
    else:
        naive = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - settled at once
    if found[4] is None:
        return naive.replace(tzinfo=UTC), None, "day"
    written = found[7]
    minutes: int | None = None
    if written:
        sign = -1 if written[0] == "-" else 1
        minutes = 0 if written[0] in "ZUG" else sign * (int(written[1:3]) * 60 + int(written[-2:]))
    return _settle(naive, minutes, zone, "second" if found[6] else "minute")


def _settle(
    naive: datetime, minutes: int | None, zone: tzinfo | None, precision: Precision
) -> tuple[datetime, int | None, Precision]:
    """The local time in UTC: by its written offset, else by the source's zone, else taken as UTC."""
    if minutes is not None and abs(minutes) < 24 * 60:
        return (naive - timedelta(minutes=minutes)).replace(tzinfo=UTC), minutes, precision
    if zone is None:
        return naive.replace(tzinfo=UTC), None, precision
    local = naive.replace(tzinfo=zone)
    return local.astimezone(UTC), _minutes(local), precision


def _minutes(local: datetime) -> int:
    offset = local.utcoffset()
    return round(offset.total_seconds() / 60) if offset else 0
