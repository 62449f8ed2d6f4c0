"""When a channel may speak: quiet hours, digest hours and bursts, right across daylight saving. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from jobs.config.channels import WEEKDAYS, QuietHours, Rate


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC moment of a local time. One that daylight saving skips becomes the moment just as long after midnight
    (02:30 becomes 03:30); one that it repeats means the first (PEP 495)."""
    return datetime.combine(day, clock, tzinfo=zone).replace(fold=0).astimezone(UTC)


def quiet_until(now: datetime, quiet: QuietHours | None, timezone: str) -> datetime | None:
    """The end of the quiet hours that `now` lies in, or None."""
    if quiet is None:
        return None
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        end_day = day if quiet.start < quiet.end else day + timedelta(days=1)
        begins, ends = at_local(day, quiet.start, zone), at_local(end_day, quiet.end, zone)
        if begins <= now < ends:
            return ends
    return None


def last_slot(now: datetime, clock: time, weekday: str | None, timezone: str) -> datetime:
    """The latest digest hour at or before `now`: each day, or on one weekday."""
    return next(slot for slot in reversed(_slots(now, clock, weekday, timezone)) if slot <= now)


def next_slot(now: datetime, clock: time, weekday: str | None, timezone: str) -> datetime:
    """The first digest hour after `now`."""
    return next(slot for slot in _slots(now, clock, weekday, timezone) if slot > now)


def _slots(now: datetime, clock: time, weekday: str | None, timezone: str) -> list[datetime]:
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(-8, 9)]
    return [
        at_local(day, clock, zone) for day in days if weekday is None or WEEKDAYS[day.weekday()] == weekday
    ]


def digest_due(
    now: datetime,
    *,
    done: datetime | None,
    first_seen: datetime,
    clock: time,
    weekday: str | None,
    timezone: str,
) -> datetime | None:
    """The digest hour that is due, or None. A service that was down for three of them sends one; a channel that is
    new waits for its first hour."""
    slot = last_slot(now, clock, weekday, timezone)
    return slot if slot > (done or first_seen) else None


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """What to do with the alerts that are due: send up to `count` singly, join all into a summary, or wait."""

    action: Literal["send", "join", "wait"]
    count: int = 0
    until: datetime | None = None


def plan_burst(
    recent: Sequence[datetime], due: int, now: datetime, rate: Rate | None, *, held_back: bool
) -> BurstPlan:
    """Over `rate.count` messages in `rate.per_s` become one summary.

    `recent` are the moments of the last messages, oldest first; `due` how many alerts wait; `held_back` whether some
    had to wait since the last message went out: they are told together, as soon as the channel may speak again.
    """
    if rate is None or due == 0:
        return BurstPlan("send", due)
    window = [moment for moment in recent if moment > now - timedelta(seconds=rate.per_s)]
    free = rate.count - len(window)
    if free <= 0:
        return BurstPlan("wait", until=window[len(window) - rate.count] + timedelta(seconds=rate.per_s))
    if due > rate.count or (held_back and due > 1):
        return BurstPlan("join", due)
    return BurstPlan("send", min(due, free))
