"""How long to wait after a failure, for one alert and for a whole channel. Pure; chance comes in as a number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.alerts.parcel import Outcome

BASE_S = 1.0
CAP_S = 600.0
"""A receiver that comes back is tried within ten minutes, however long it was away."""
JITTER = 0.5
TOLERATED = 3
"""Failures in a row after which the channel as a whole pauses. Fewer are an accident of single messages: a receiver
that fails a third of the time shows three in a row once in 27 tries."""


def backoff_s(failures: int, chance: float) -> float:
    """Seconds after the `failures`-th failure in a row: 1, 2, 4 … 600, each times 0.5 to 1.5 (`chance` in [0, 1))."""
    return float(min(CAP_S, BASE_S * 2 ** min(max(failures - 1, 0), 20)) * (1 - JITTER + 2 * JITTER * chance))


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed delivery is tried again, and until when its channel pauses (None: it does not)."""

    next_try: datetime
    channel_pause_until: datetime | None


def plan_retry(outcome: Outcome, *, tries: int, channel_failures: int, now: datetime, chance: float) -> Retry:
    """What follows a failed try. `tries` and `channel_failures` include it; Retry-After holds for the channel."""
    own = now + timedelta(seconds=backoff_s(tries, chance))
    pause = None
    if outcome.retry_after_s is not None:
        pause = now + timedelta(seconds=max(outcome.retry_after_s, BASE_S * (1 - JITTER)))
    elif channel_failures >= TOLERATED and outcome.scope == "channel":
        pause = now + timedelta(seconds=backoff_s(channel_failures - TOLERATED + 1, chance))
    return Retry(max(own, pause) if pause else own, pause)


def is_stale(since: datetime, now: datetime, retry_for_s: float) -> bool:
    """Whether a delivery is past its age limit."""
    return (now - since).total_seconds() > retry_for_s


class Pace:
    """A strict rate limit: at most `count` messages in any `per_s` seconds. Times in monotonic seconds."""

    def __init__(self, count: int, per_s: float, earlier_s: Iterable[float] = ()) -> None:
        self._count, self._per_s = count, per_s
        self._slots: deque[float] = deque(earlier_s, maxlen=count)

    def take_s(self, now_s: float) -> float:
        """Take the next free moment; returns how many seconds to wait for it."""
        moment = now_s if len(self._slots) < self._count else max(now_s, self._slots[0] + self._per_s)
        self._slots.append(moment)
        return moment - now_s
