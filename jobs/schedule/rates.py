"""How often, and at which hours, a source publishes: learned online from what its listings say.

`RateState` is what a source's row keeps (`to_json`, `from_json`); `first_look` and `update` make the next one
from the entries of a check. Old observations fade with a half-life of 14 days. Pure: time comes in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from jobs.schedule.profiles import DAY_S, FLAT, HOUR_S, Profile, integrate, profile_of

HALF_LIFE_DAYS = 14.0
"""Long enough for two weekends, short enough to follow a newsroom that changes (measured in the design)."""

PRIOR_ENTRIES = 0.5
PRIOR_DAYS = 0.5
"""What is believed before anything was seen: one entry a day, given up after the first few entries."""

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
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    """What the listing asked for at its last full answer: a 304 does not repeat it."""
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
                **({"ttl_s": self.ttl_s} if self.ttl_s else {}),
                **({"skip_hours": self.skip_hours} if self.skip_hours else {}),
                **({"skip_days": self.skip_days} if self.skip_days else {}),
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
            ttl_s=kept.get("ttl_s"),
            skip_hours=tuple(kept.get("skip_hours", ())),
            skip_days=tuple(kept.get("skip_days", ())),
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
    ttl_s: float | None = None,
    skip_hours: tuple[int, ...] = (),
    skip_days: tuple[int, ...] = (),
    prior: Profile = FLAT,
) -> RateState:
    """The state after a check that answered (304 is a check without new entries).

    `published` holds the dates of the entries that were new in it (None for undated ones); at a source's first
    check that is its whole listing, whose dates tell the rate at once. `window` is the listing's length, None
    where it did not come (304); `ttl_s`, `skip_hours` and `skip_days` are what it asks for. `prior` is the hour profile that little evidence falls back to.
    """
    now_s = now.timestamp()
    if window is not None and (state.ttl_s, state.skip_hours, state.skip_days) != (
        ttl_s,
        skip_hours,
        skip_days,
    ):
        state = replace(state, ttl_s=ttl_s, skip_hours=skip_hours, skip_days=skip_days)
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
            ttl_s=state.ttl_s,
            skip_hours=state.skip_hours,
            skip_days=state.skip_days,
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
            ttl_s=state.ttl_s,
            skip_hours=state.skip_hours,
            skip_days=state.skip_days,
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
            ttl_s=state.ttl_s,
            skip_hours=state.skip_hours,
            skip_days=state.skip_days,
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
