"""Days in the desk's time zone: counting into them, and which of them stand out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

from storage.database import stamp as as_stamp

BEFORE_DAYS = 14
SIGMAS = 3.0
LEAST_SIGMA = 0.5
"""Where nothing happened for two weeks, one story is no spike and two are."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day's count, and what the 14 days before it make usual."""

    day: date
    count: int
    mean: float
    sigma: float
    spike: bool


def local_day(stamp: str, zone: ZoneInfo) -> date:
    """The day in `zone` on which a stored UTC stamp falls."""
    return datetime.fromisoformat(stamp).astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in `zone`, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def count_days(stamps: Iterable[str], zone: ZoneInfo) -> Counter[date]:
    """How many stored stamps fall on each local day; each day's bounds are worked out once, not each stamp's."""
    ordered = sorted(stamps)
    counts: Counter[date] = Counter()
    at = 0
    while at < len(ordered):
        day = local_day(ordered[at], zone)
        end = bisect_left(ordered, as_stamp(day_start(day + timedelta(days=1), zone)), at)
        counts[day] += end - at
        at = end
    return counts


def judge_days(counts: Counter[date], last: date, shown: int) -> list[Day]:
    """The last `shown` days up to `last`, oldest first, each against the BEFORE_DAYS before it.

    A spike is a count over mean + 3σ, σ at least the Poisson one of the mean (and LEAST_SIGMA), so that a quiet
    place's second story in two weeks does not count as news of the week.
    """
    result = []
    for back in range(shown - 1, -1, -1):
        day = last - timedelta(days=back)
        before = [counts[day - timedelta(days=n)] for n in range(1, BEFORE_DAYS + 1)]
        mean = fmean(before)
        sigma = max(pstdev(before), sqrt(mean), LEAST_SIGMA)
        result.append(Day(day, counts[day], mean, sigma, counts[day] > mean + SIGMAS * sigma))
    return result


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart in SVG units, with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    day: Day


def bars(
    days: Sequence[Day], width: float, height: float, *, top: int | None = None, gap: float = 0.2
) -> list[Bar]:
    """Bars over the width, scaled to `top` (default: the highest); a day with stories is at least 1.5 units high."""
    highest = max(1, top or max((day.count for day in days), default=1))
    step = width / max(1, len(days))
    result = []
    for index, day in enumerate(days):
        size = 0.0 if day.count == 0 else max(1.5, min(1.0, day.count / highest) * height)
        result.append(
            Bar(
                round(index * step + step * gap / 2, 2),
                round(height - size, 2),
                round(step * (1 - gap), 2),
                round(size, 2),
                day,
            )
        )
    return result
