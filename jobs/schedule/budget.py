"""How many requests are spent, and how they spread: the `k` of the policy, and the first minutes after a start."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from jobs.schedule.policy import DEFAULT_REQUESTS_PER_SOURCE, WAIT_LIMIT_S, Bounds
from jobs.schedule.profiles import DAY_S, HOUR_S
from jobs.schedule.rates import RateState

DEFAULT_K = 80.0
"""The `k` for a single source of which nothing is known (one entry a day: asked about every 6.5 hours)."""


def solve_k(sources: Sequence[tuple[RateState, Bounds]], requests_per_day: float | None = None) -> float:
    """The `k` at which these sources together take `requests_per_day` (24 a source where None).

    A source without bounds takes the day's integral of its pace over `k`; bounds cap it from both sides, so `k`
    is found by halving. Sources that all stand at their bounds get the nearest `k` there is.
    """
    if not sources:
        return DEFAULT_K
    wanted = requests_per_day or DEFAULT_REQUESTS_PER_SOURCE * len(sources)
    days = [
        (HOUR_S * sum(state.pace), DAY_S / min(bounds.max_s, WAIT_LIMIT_S), DAY_S / bounds.min_s)
        for state, bounds in sources
    ]
    low, high = 1e-3, 1e6
    for _ in range(32):  # to a part in a hundred million
        k = math.sqrt(low * high)
        taken = sum(min(max(integral / k, least), most) for integral, least, most in days)
        if taken > wanted:
            low = k
        else:
            high = k
    return math.sqrt(low * high)


def spread(
    due: Iterable[tuple[str, datetime | None]], now: datetime, over_s: float, rng: Random
) -> dict[str, datetime]:
    """New due times for the sources that are overdue at a start: drawn apart over `over_s` seconds.

    A source that has never been checked comes first, within the first quarter. Those that are not due yet keep
    their time and are left out.
    """
    moved: dict[str, datetime] = {}
    for name, next_check in due:
        if next_check is None:
            moved[name] = now + timedelta(seconds=rng.random() * over_s / 4.0)
        elif next_check <= now:
            moved[name] = now + timedelta(seconds=rng.random() * over_s)
    return moved
