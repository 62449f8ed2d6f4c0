"""How often, and at which hours, a source publishes: learned online from what its listings say.

`RateState` is what a source's row keeps (`to_json`, `from_json`); `first_look` and `update` make the next one
from the entries of a check. Old observations fade with a half-life of 14 days. Pure: time comes in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

DAY_S = 86_400.0
HOUR_S = 3_600.0

HALF_LIFE_DAYS = 14.0
"""Long enough for two weekends, short enough to follow a newsroom that changes (measured in the design)."""

PRIOR_ENTRIES = 0.5
PRIOR_DAYS = 0.5
"""What is believed before anything was seen: one entry a day, given up after the first few entries."""

PROFILE_WEIGHT = 12.0
"""The flat (or given) profile counts as much as so many entries: hours are trusted from a few dozen entries on.
Measured at 12, 24, 48 and 96: flat between 12 and 24, 1 % more mean delay at 96."""

SMOOTHING = (0.06, 0.12, 0.2, 0.24, 0.2, 0.12, 0.06)
"""Weights of the hours around one: entries near the full hour fall to either side, and newsrooms have no edges."""

LOOK_BACK_DAYS = 60.0
"""Entries that a first listing dates before this say nothing of today."""

LATE_S = 3 * DAY_S
"""A new entry dated this long before the last check is a republished one, and no sign of the rate."""

SURGE_FACTOR = 5.0
"""The burst that is watched for: a story breaks and a source publishes five times its rate."""

SURGE_STEP = math.log(SURGE_FACTOR)

SURGE_ODDS = 4.5
"""Log odds against a burst before any evidence (one in 90; false alarms cost 1 % of the mean delay at 4, 0.3 % at 7, where bursts wait a poll longer)."""

SURGE_CAP = 10.0
"""Most log odds for a burst: beyond it, belief would outlast the burst."""

Profile = tuple[float, ...]
FLAT: Profile = (1.0,) * 24


@dataclass(frozen=True, slots=True)
class RateState:
    """What is known of a source's rhythm. Times are UTC epoch seconds; counts are faded.

    `entries` over `days` is the rate; `hours` are the faded counts by UTC hour; `surge` the log evidence for a
    burst; `longest_gap_s` the longest time without an entry. `pace` is the square root of the rate (entries a
    second) for each UTC hour: what the schedule integrates.
    """

    entries: float = 0.0
    days: float = 0.0
    hours: tuple[float, ...] = (0.0,) * 24
    checked_at_s: float | None = None
    last_new_s: float | None = None
    longest_gap_s: float = 0.0
    surge: float = 0.0
    window: int | None = None
    """Entries that the listing held at its last full answer."""
    pace: tuple[float, ...] = ()

    @property
    def rate_per_day(self) -> float:
        """Expected entries a day, without a burst."""
        return (self.entries + PRIOR_ENTRIES) / (self.days + PRIOR_DAYS)

    @property
    def boost(self) -> float:
        """Factor on the rate for the burst that the last checks point to: 1 to `SURGE_FACTOR`."""
        if self.surge <= 0.0:
            return 1.0
        return 1.0 + (SURGE_FACTOR - 1.0) / (1.0 + math.exp(SURGE_ODDS - self.surge))

    def expected(self, start_s: float, end_s: float) -> float:
        """Entries expected between two times, without a burst."""
        return integrate(self.pace, start_s, end_s, squared=True)

    def to_json(self) -> str:
        """A short JSON text for the database."""
        return json.dumps(
            {
                "entries": round(self.entries, 4),
                "days": round(self.days, 4),
                "hours": [round(count, 3) for count in self.hours],
                "checked_at_s": self.checked_at_s,
                "last_new_s": self.last_new_s,
                "longest_gap_s": round(self.longest_gap_s),
                "surge": round(self.surge, 3),
                "window": self.window,
            },
            separators=(",", ":"),
        )


def new_state(prior: Profile = FLAT) -> RateState:
    """A source that was never checked."""
    return _with_pace(RateState(), prior)


def from_json(text: str | None, prior: Profile = FLAT) -> RateState:
    """The state that `to_json` wrote; a new one for None or for anything that it did not write."""
    try:
        kept = json.loads(text) if text else {}
        hours = tuple(float(count) for count in kept["hours"])
        state = RateState(
            entries=float(kept["entries"]),
            days=float(kept["days"]),
            hours=hours,
            checked_at_s=kept["checked_at_s"],
            last_new_s=kept["last_new_s"],
            longest_gap_s=float(kept["longest_gap_s"]),
            surge=float(kept["surge"]),
            window=kept["window"],
        )
    except (ValueError, KeyError, TypeError):
        return new_state(prior)
    return _with_pace(state, prior) if len(hours) == 24 else new_state(prior)


def update(
    state: RateState,
    published: Sequence[datetime | None],
    now: datetime,
    *,
    window: int | None = None,
    prior: Profile = FLAT,
) -> RateState:
    """The state after a check that answered (304 is a check without new entries).

    `published` holds the dates of the entries that were new in it (None for undated ones); at a source's first
    check that is its whole listing, whose dates tell the rate at once. `window` is the listing's length, None
    where it did not come (304). `prior` is the hour profile that little evidence falls back to.
    """
    now_s = now.timestamp()
    if state.checked_at_s is None:
        return _first(
            state, [each.timestamp() for each in published if each is not None], now_s, window, prior
        )
    checked_s = state.checked_at_s
    elapsed_s = max(0.0, now_s - checked_s)
    fade = 0.5 ** (elapsed_s / (HALF_LIFE_DAYS * DAY_S))
    days = state.days * fade + elapsed_s / DAY_S * (1.0 + fade) / 2.0
    arrivals = _arrivals(published, checked_s, now_s) if published else []
    if not arrivals:
        # Most checks: nothing new. The shape of the day stays, so the pace is only scaled.
        entries = state.entries * fade
        surge = _surge(state, (), now_s) if state.surge else 0.0
        rate = (entries + PRIOR_ENTRIES) / (days + PRIOR_DAYS)
        scale = math.sqrt(rate / state.rate_per_day)
        return RateState(
            entries=entries,
            days=days,
            hours=state.hours,
            checked_at_s=now_s,
            last_new_s=state.last_new_s,
            longest_gap_s=state.longest_gap_s,
            surge=surge,
            window=window or state.window,
            pace=tuple([each * scale for each in state.pace]),
        )
    # The counts by hour fade only when they change: what matters is their shape, and it fades alike.
    faded = state.entries * fade
    total = sum(state.hours)
    hours = [count * (faded / total) for count in state.hours] if total > 0 else [0.0] * 24
    for at_s in arrivals:
        hours[int(at_s // HOUR_S) % 24] += 1.0
    first_new = min(arrivals)
    gap_s = max(0.0, first_new - state.last_new_s) if state.last_new_s is not None else 0.0
    return _with_pace(
        RateState(
            entries=faded + len(arrivals),
            days=days,
            hours=tuple(hours),
            checked_at_s=now_s,
            last_new_s=max(arrivals),
            longest_gap_s=max(state.longest_gap_s * fade, gap_s),
            surge=_surge(state, sorted(arrivals), now_s),
            window=window or state.window,
        ),
        prior,
    )


def _first(
    state: RateState, dated: list[float], now_s: float, window: int | None, prior: Profile
) -> RateState:
    """The state after the first listing: as many entries as it dates, over the time that they span."""
    recent = sorted(at_s for at_s in dated if now_s - LOOK_BACK_DAYS * DAY_S < at_s <= now_s)
    if not recent:
        return _with_pace(replace(state, checked_at_s=now_s, window=window), prior)
    half_life_s = HALF_LIFE_DAYS * DAY_S
    span_s = now_s - recent[0]
    hours = [0.0] * 24
    for at_s in recent[1:]:  # the oldest one opens the span
        hours[int(at_s // HOUR_S) % 24] += 0.5 ** ((now_s - at_s) / half_life_s)
    gaps = [later - earlier for earlier, later in pairwise(recent)]
    return _with_pace(
        RateState(
            entries=sum(hours),
            days=(1.0 - 0.5 ** (span_s / half_life_s)) * HALF_LIFE_DAYS / math.log(2.0),
            hours=tuple(hours),
            checked_at_s=now_s,
            last_new_s=recent[-1],
            longest_gap_s=max(gaps, default=0.0),
            window=window,
        ),
        prior,
    )


def _arrivals(published: Iterable[datetime | None], checked_s: float, now_s: float) -> list[float]:
    """When new entries came into the listing: at their date where that fits between the two checks."""
    middle_s = (checked_s + now_s) / 2.0
    arrivals = []
    for each in published:
        at_s = each.timestamp() if each is not None else middle_s
        if at_s < checked_s - LATE_S:
            continue
        arrivals.append(at_s if checked_s - HOUR_S <= at_s <= now_s else middle_s)
    return arrivals


def _surge(state: RateState, arrivals: Sequence[float], now_s: float) -> float:
    """The log evidence for a burst after a check: Page's cumulative sum (1954) over the arrivals' own times.

    Each entry adds ln 5, the odds by which a burst makes it likelier; each expected one that did not come takes
    away 4; and it never falls below zero, so that a quiet hour before a burst does not hide it.
    """
    evidence, at_s = state.surge, state.checked_at_s or now_s
    for arrival_s in arrivals:
        quiet = (SURGE_FACTOR - 1.0) * state.expected(at_s, arrival_s)
        evidence = min(SURGE_CAP, max(0.0, evidence - quiet) + SURGE_STEP)
        at_s = max(at_s, arrival_s)
    return max(0.0, evidence - (SURGE_FACTOR - 1.0) * state.expected(at_s, now_s))


def profile_of(hours: Sequence[float], prior: Profile = FLAT) -> list[float]:
    """The smoothed hour profile (mean 1) that counts by hour and a prior profile make."""
    total = sum(hours)
    reach = len(SMOOTHING) // 2
    ring = [*hours[-reach:], *hours, *hours[:reach]]
    norm = 24.0 / (total + PROFILE_WEIGHT)
    w3, w2, w1, w0 = SMOOTHING[:4]
    return [
        norm
        * (
            w3 * (ring[h] + ring[h + 6])
            + w2 * (ring[h + 1] + ring[h + 5])
            + w1 * (ring[h + 2] + ring[h + 4])
            + w0 * ring[h + 3]
            + PROFILE_WEIGHT * prior[h] / 24.0
        )
        for h in range(24)
    ]


def _with_pace(state: RateState, prior: Profile) -> RateState:
    rate_s = state.rate_per_day / DAY_S
    pace = tuple([math.sqrt(rate_s * share) for share in profile_of(state.hours, prior)])
    return replace(state, pace=pace)


def pooled_profile(states: Iterable[RateState]) -> Profile:
    """The hour profile of many sources together: the prior for those of which little is known.

    Each source counts by the square root of its entries, so that a few busy ones do not speak for all.
    """
    sums = [0.0] * 24
    for state in states:
        total = sum(state.hours)
        if total > 0:
            weight = 1.0 / math.sqrt(total)
            sums = [have + count * weight for have, count in zip(sums, state.hours, strict=True)]
    return tuple(profile_of(sums))


def integrate(pace: Sequence[float], start_s: float, end_s: float, *, squared: bool = False) -> float:
    """The integral of the pace (or of its square, the rate) over a time, hour by hour."""
    total, at_s = 0.0, start_s
    if end_s - start_s > DAY_S:
        whole = (end_s - start_s) // DAY_S
        total = whole * HOUR_S * (sum(each * each for each in pace) if squared else sum(pace))
        at_s += whole * DAY_S
    while at_s < end_s:
        hour = at_s // HOUR_S
        until_s = min(end_s, (hour + 1.0) * HOUR_S)
        value = pace[int(hour) % 24]
        total += (until_s - at_s) * (value * value if squared else value)
        at_s = until_s
    return total


def time_until(pace: Sequence[float], start_s: float, amount: float, limit_s: float) -> float:
    """Seconds from `start_s` until the integral of the pace reaches `amount`, at most `limit_s`."""
    at_s, left, end_s = start_s, amount, start_s + limit_s
    while at_s < end_s:
        hour = at_s // HOUR_S
        until_s = (hour + 1.0) * HOUR_S
        value = pace[int(hour) % 24]
        step = value * (until_s - at_s)
        if step >= left:
            return min(limit_s, at_s + left / value - start_s)
        left -= step
        at_s = until_s
    return limit_s


def epoch(at: datetime) -> float:
    """UTC epoch seconds of an aware time."""
    return at.astimezone(UTC).timestamp()
