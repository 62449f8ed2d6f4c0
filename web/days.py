"""Days in the desk's time zone: counting into them, and which of them stand out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

BEFORE_DAYS = 14
SIGMAS = 3.0
LEAST_SIGMA = 0.8
"""Where nothing happened for two weeks, two stories are no spike and three are."""


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


def day_bounds(last: date, count: int, zone: ZoneInfo) -> list[tuple[date, datetime, datetime]]:
    """(day, begin, end) of the `count` days up to `last`, oldest first."""
    days = [last - timedelta(days=back) for back in range(count - 1, -2, -1)]
    starts = [day_start(day, zone) for day in days]
    return list(zip(days[:-1], starts[:-1], starts[1:], strict=True))


def days_of_hours(hours: Iterable[tuple[str, str, int]], zone: ZoneInfo) -> dict[str, Counter[date]]:
    """Group -> stories a local day, from (group, UTC hour, stories).

    Where a zone is off by half an hour, an hour that holds midnight counts to the day it begins in.
    """
    known: dict[str, date] = {}
    result: dict[str, Counter[date]] = {}
    for group, hour, count in hours:
        day = known.get(hour)
        if day is None:
            day = known[hour] = local_day(hour + ":00:00Z", zone)
        result.setdefault(group, Counter())[day] += count
    return result


def judge_days(counts: Counter[date], last: date, shown: int) -> list[Day]:
    """The last `shown` days up to `last`, oldest first, each against the BEFORE_DAYS before it.

    A spike is a count over mean + 3σ, σ at least the Poisson one of the mean (and LEAST_SIGMA), so that a quiet
    place's second story in two weeks does not count as news of the week.
    """
    first = last - timedelta(days=shown - 1)
    before = [counts[first - timedelta(days=n)] for n in range(BEFORE_DAYS, 0, -1)]
    total, squares = sum(before), sum(count * count for count in before)
    result = []
    for ahead in range(shown):
        day = first + timedelta(days=ahead)
        count = counts[day]
        mean = total / BEFORE_DAYS
        spread = sqrt(max(0.0, squares / BEFORE_DAYS - mean * mean))
        sigma = max(spread, sqrt(mean), LEAST_SIGMA)
        result.append(Day(day, count, mean, sigma, count > mean + SIGMAS * sigma))
        gone = before[ahead] if ahead < BEFORE_DAYS else result[ahead - BEFORE_DAYS].count
        total += count - gone
        squares += count * count - gone * gone
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
