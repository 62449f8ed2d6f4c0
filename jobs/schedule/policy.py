"""When a source is asked again: `next_check`, pure.

The wait ends when the integral of the square root of its rate reaches `k`: delays are then least for a given
number of requests (each source's requests in proportion to the square root of its rate; a Lagrange argument,
and what the simulation in `tests/bench/bench_freshness.py` confirms). What the server asks for, the source's
bounds and failures bend that, each with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from jobs.schedule.answers import NOTHING_ASKED, AnswerTimes
from jobs.schedule.profiles import DAY_S, time_until
from jobs.schedule.rates import RateState

FLOOR_LIMIT_S = 3_600.0
"""TTL, max-age and Expires are believed up to an hour: feeds that say a day publish within it all the same."""

WAIT_LIMIT_S = DAY_S
"""No wait is longer than a day, whatever is asked: a source that is never asked is a source that died unseen."""

FIRST_RETRY_S = 300.0
"""A failed source is tried again after five minutes, then ten, twenty … up to a day."""

RETRY_JITTER = 0.2
"""Share by which a retry is drawn apart, so that sources that failed together do not come back together."""

JITTER = 0.03
"""Share by which a wait is drawn apart. Costs 0.03 % of the mean delay."""

PUSHED_FACTOR = 4.0
"""With a live WebSub subscription, polling only backs it up: this many times rarer."""

DEFAULT_REQUESTS_PER_SOURCE = 24.0
"""Requests a source and day that the budget allows where none is configured: one an hour, spent where it helps."""

Kind = Literal["answered", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A source's configured bounds to its interval, in seconds."""

    min_s: float = 300.0
    max_s: float = 6 * 3_600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check came to. `failures` counts the failed checks in a row, this one included."""

    kind: Kind = "answered"
    failures: int = 0
    times: AnswerTimes = NOTHING_ASKED
    pushed: bool = False
    """A WebSub subscription brings this source's entries."""


@dataclass(frozen=True, slots=True)
class Decision:
    """When to ask again. `next_check` is None for a source that is gone.

    `hold_until` is what no one may override (`Retry-After`), also not `crawl --all`. `reason` is a sentence.
    """

    next_check: datetime | None
    interval_s: float
    reason: str
    hold_until: datetime | None = None


def next_check(
    history: RateState,
    outcome: Outcome,
    now: datetime,
    bounds: Bounds,
    k: float,
    rng: Random,
) -> Decision:
    """The decision after a check that ended at `now` (UTC). `k` is in √entries·√s; see `jobs.schedule.budget`.

    Order of precedence: gone; `Retry-After`; failures; skipHours and skipDays; TTL and max-age; the bounds; the
    listing's window; the learned rhythm.
    """
    if outcome.kind == "gone":
        return Decision(None, 0.0, "The server says 410: the source is gone for good and is no longer asked.")
    if outcome.kind == "failed":
        interval_s, reason = _retry(outcome.failures, rng)
    else:
        interval_s, reason = _rhythm(history, outcome, now, bounds, k, rng)
    hold_until = None
    asked_s = outcome.times.retry_after_s
    if asked_s is not None:
        held_s = min(asked_s, WAIT_LIMIT_S)
        hold_until = now + timedelta(seconds=held_s)
        if held_s >= interval_s or asked_s > WAIT_LIMIT_S:
            interval_s = max(interval_s, held_s)
            reason = f"The server asks for {spoken(asked_s)} of rest (Retry-After)."
        if asked_s > WAIT_LIMIT_S:
            reason = (
                f"The server asks for {spoken(asked_s)} of rest (Retry-After); "
                "no wait is believed beyond a day, so it is asked again in 24 hours."
            )
    return Decision(now + timedelta(seconds=interval_s), interval_s, reason, hold_until)


def _retry(failures: int, rng: Random) -> tuple[float, str]:
    doubled = FIRST_RETRY_S * 2.0 ** min(max(failures, 1) - 1, 12)
    interval_s = min(doubled * (1.0 + RETRY_JITTER * (2.0 * rng.random() - 1.0)), WAIT_LIMIT_S)
    count = "once" if failures <= 1 else f"{failures} times in a row"
    return interval_s, f"It failed {count}; tried again ever more rarely, at least once a day."


def _rhythm(
    history: RateState, outcome: Outcome, now: datetime, bounds: Bounds, k: float, rng: Random
) -> tuple[float, str]:
    """The learned interval within the bounds and what the answer asks for."""
    max_s = min(bounds.max_s, WAIT_LIMIT_S)
    boost = history.boost
    now_s = now.timestamp()
    interval_s = time_until(history.pace, now_s, k / boost**0.5, max_s)
    reason = "burst" if boost > 2.0 else "rhythm"
    if history.window:
        peak = max(history.pace) ** 2 * boost
        room_s = 0.5 * history.window / peak
        if room_s < interval_s:
            interval_s, reason = room_s, "window"
    if outcome.pushed:
        interval_s, reason = min(interval_s * PUSHED_FACTOR, max_s), "pushed"
    if interval_s < max_s:
        interval_s *= 1.0 + JITTER * (2.0 * rng.random() - 1.0)
    else:
        interval_s, reason = max_s * (1.0 - JITTER * rng.random()), "max"
    if interval_s < bounds.min_s:
        interval_s, reason = bounds.min_s * (1.0 + JITTER * rng.random()), "min"
    times = outcome.times
    asked_s = min(max(times.floor_s, history.ttl_s or 0.0), FLOOR_LIMIT_S)
    if asked_s > interval_s:
        interval_s, reason = asked_s, "asked"
    hours, days = times.skip_hours or history.skip_hours, times.skip_days or history.skip_days
    if hours or days:
        skipped_s = skip(now_s + interval_s, hours, days) - now_s
        if interval_s + 1.0 < skipped_s <= WAIT_LIMIT_S:
            interval_s, reason = skipped_s + 60.0 * rng.random(), "skipped"
    if reason in _REASONS:
        return interval_s, _REASONS[reason]
    return interval_s, _told(reason, history, asked_s)


_REASONS = {
    "window": "Its listing is short for its pace: asked before entries could drop out of it.",
    "pushed": "Its hub pushes new entries; asked rarely, in case a push is lost.",
    "max": "It publishes rarely: asked at its longest interval (max_interval).",
    "min": "It publishes often: asked at its shortest interval (min_interval).",
    "skipped": "Its feed asks not to be fetched at this hour (skipHours, skipDays).",
}


def _told(reason: str, history: RateState, asked_s: float) -> str:
    if reason == "asked":
        return f"The server asks for {spoken(asked_s)} between requests (TTL, Cache-Control or Expires)."
    if reason == "burst":
        return f"A burst: about {history.boost:.1f} times its usual pace."
    return f"It publishes {history.rate_per_day:.1f} entries a day, as learned from its last weeks."


def skip(at_s: float, hours: tuple[int, ...], days: tuple[int, ...]) -> float:
    """The first time from `at_s` on that falls in no skipped UTC hour or day (Monday = 0); `at_s` if all are."""
    for step in range(24 * 8):
        hour = at_s // 3600 + step
        day = int(hour // 24 + 3) % 7  # 1970-01-01 was a Thursday
        if int(hour) % 24 not in hours and day not in days:
            return at_s if step == 0 else hour * 3600.0
    return at_s


def spoken(seconds: float) -> str:
    """A length of time for a person: `45 seconds`, `90 minutes`, `36 hours`, `3,650 days`."""
    for size, unit, most in ((1.0, "second", 120.0), (60.0, "minute", 120.0), (3600.0, "hour", 72.0)):
        if seconds < size * most:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    days = round(seconds / DAY_S)
    return f"{days:,} days"
