"""Publish-to-seen delay of polling policies at equal numbers of requests, simulated with the real policy code.

1,000 sources over 14 days: rates log-uniform from 0.1 to 100 entries a day, a day and a night of their own, listings
of 10 to 100 entries, one source in eight without dates. Every decision of borderwatch's policy goes through
`jobs.schedule.update`, `solve_k` and `next_check`. Peers run in the same newsrooms with the same requests: a fixed
interval, Miniflux's `entry_frequency` (its formula and its weekly count, its factor set so that the requests are
equal; once with its longest interval of a day, once in pure proportion), halving and stretching, the optimum that
knows each source's true hourly rates, and that optimum held to 1.1 times Miniflux's interval for every source,
which shows what that costs.

    python -m tests.bench.bench_freshness [--quick]      (make bench-freshness)
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import numpy as np

from jobs import schedule
from jobs.schedule.profiles import DAY_S, FLAT, HOUR_S, time_until
from tests.bench.common import write_results

START_S = 1_760_918_400.0  # 2025-10-20 00:00 UTC, a Monday
DAYS = 14
HISTORY_DAYS = 40
BOUNDS = schedule.Bounds(min_s=60.0, max_s=DAY_S)
MINIFLUX_MIN_S, MINIFLUX_MAX_S = 300.0, DAY_S  # its defaults
BURST_DAY = 9


@dataclass(slots=True)
class Newsroom:
    """One simulated source: entries a day, profile (24 UTC hours, mean 1), publication times, listing length."""

    rate: float
    profile: np.ndarray
    times: np.ndarray
    window: int
    dated: bool
    first_s: float
    burst: tuple[float, float] | None = None

    @property
    def pace(self) -> tuple[float, ...]:
        return tuple(np.sqrt(self.rate * self.profile / DAY_S))


def newsrooms(count: int, seed: int, *, bursts: int = 0) -> list[Newsroom]:
    """The same newsrooms for every policy."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        rate = math.exp(rng.uniform(math.log(0.1), math.log(100.0)))
        offset = rng.choice([5.0, 3.5, None], p=[0.45, 0.35, 0.2])
        zone = float(offset) if offset is not None else float(rng.uniform(0, 24))
        hours = (np.arange(24) + 0.5 + zone) % 24
        if rng.random() < 0.5:  # a wave that peaks in the afternoon
            profile = 1.0 + rng.uniform(0.6, 0.95) * np.cos(2 * np.pi * (hours - rng.normal(15, 2)) / 24)
        else:  # a working day with a quiet night
            begin, end = rng.normal(7, 1.5), rng.normal(23, 1.5)
            awake = ((hours - begin) % 24) < (end - begin)
            profile = np.where(awake, 1.0, rng.uniform(0.05, 0.3))
        profile = profile / profile.mean()
        made.append(
            Newsroom(
                rate=rate,
                profile=profile,
                times=_times(rate, profile, rng, None),
                window=int(rng.choice([10, 20, 30, 50, 100])),
                dated=bool(rng.random() < 7 / 8),
                first_s=START_S + rng.uniform(0, HOUR_S),
            )
        )
    busy = [room for room in made if room.rate >= 24.0]
    for room in busy[:bursts]:
        # At the start of an ordinary hour of the source's day.
        hour = int(rng.choice(np.flatnonzero(room.profile >= 0.8)))
        begin_s = START_S + BURST_DAY * DAY_S + hour * HOUR_S
        room.burst = (begin_s, begin_s + 2 * HOUR_S)
        room.times = _times(room.rate, room.profile, rng, room.burst)
    return made


def _times(rate: float, profile: np.ndarray, rng: Any, burst: tuple[float, float] | None) -> np.ndarray:
    """A Poisson process with hourly rates, from the history's start to a day past the end."""
    hours = (HISTORY_DAYS + DAYS + 2) * 24
    begin_s = START_S - HISTORY_DAYS * DAY_S
    means = np.tile(profile, hours // 24) * rate / 24.0
    if burst:
        first = int((burst[0] - begin_s) // HOUR_S)
        means[first : first + 2] *= 5.0
    counts = rng.poisson(means)
    starts = np.repeat(np.arange(hours), counts)
    return np.sort(begin_s + (starts + rng.uniform(0, 1, starts.size)) * HOUR_S)


class Policy:
    """Decides for every newsroom when it is polled next; times are epoch seconds."""

    def retune(self, day_s: float) -> None:
        """Called now and then in simulated time."""

    def after_poll(
        self, index: int, room: Newsroom, last_s: float | None, now_s: float, seen: int, have: int
    ) -> float:
        """The next poll: entries `seen` … `have` of the room's times are new since `last_s`."""
        raise NotImplementedError


class Fixed(Policy):
    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        self.interval_s = DAY_S * len(rooms) / requests_per_day

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        return now_s + self.interval_s


class Miniflux(Policy):
    """entry_frequency of v2.2: weekly count by the mean gap of the last week's entries, as known before the poll."""

    longest_s = MINIFLUX_MAX_S

    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        # Requests in proportion to the rate: the factor that spends the budget; calibrated by the caller.
        self.factor = requests_per_day / sum(room.rate for room in rooms)
        self.known = [0] * len(rooms)

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        week = room.times[max(0, have - 5000) : have] if last_s is None else room.times[:have]
        first = int(np.searchsorted(week, now_s - 7 * DAY_S))
        if last_s is None:
            first = max(first, have - room.window)
            self.known[index] = first
        first = max(first, self.known[index])
        count = have - first
        if count < 2:
            interval_s = self.longest_s
        else:
            weekly = math.ceil(7 * DAY_S / ((room.times[have - 1] - room.times[first]) / (count - 1)))
            minutes = round(7 * 24 * 60 / (weekly * self.factor))
            interval_s = min(max(minutes * 60.0, MINIFLUX_MIN_S), self.longest_s)
        return now_s + interval_s


class Proportional(Miniflux):
    """Miniflux's entry_frequency with its longest interval lifted from a day to a week: in proportion to the rate, as far as a week's count tells."""

    longest_s = 7 * DAY_S


class Doubling(Policy):
    """The common adaptive rule: half the interval after news, half as long again after none, 5 minutes to a day."""

    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        # The share of polls that bring news at which the interval stands still is 0.37; the factor on news
        # sets how eager it is, and is calibrated to the budget.
        self.eager = requests_per_day / (24.0 * len(rooms))
        self.intervals = [HOUR_S / self.eager] * len(rooms)

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        factor = 1.0 / (1.0 + self.eager) if have > seen else 1.0 + 0.5 / self.eager
        self.intervals[index] = min(max(self.intervals[index] * factor, 60.0), DAY_S)
        return now_s + self.intervals[index]


class Optimum(Policy):
    """Knows each room's true hourly rates: waits until the integral of their square root reaches one `k` for all."""

    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        self.paces = [room.pace for room in rooms]
        self.k = sum(HOUR_S * sum(pace) for pace in self.paces) / requests_per_day

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        return now_s + time_until(self.paces[index], now_s, self.k, 3 * DAY_S)


class HeldOptimum(Optimum):
    """The optimum that also keeps each source within 1.1 times the interval Miniflux gives it: both goals at once."""

    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        super().__init__(requests_per_day, rooms)
        total = requests_per_day
        factor = 24_000.0 / sum(room.rate for room in rooms) * total / 24_000.0
        self.caps_s = [
            1.1 * min(max(DAY_S / (room.rate * factor), MINIFLUX_MIN_S), MINIFLUX_MAX_S) for room in rooms
        ]
        low, high = self.k * 1e-2, self.k * 1e3
        for _ in range(60):
            self.k = math.sqrt(low * high)
            taken = sum(
                sum(max(pace / self.k, 1.0 / cap_s) for pace in room_pace) * HOUR_S
                for room_pace, cap_s in zip(self.paces, self.caps_s, strict=True)
            )
            low, high = (self.k, high) if taken > total else (low, self.k)

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        return now_s + time_until(self.paces[index], now_s, self.k, self.caps_s[index])


class Borderwatch(Policy):
    """The product's own policy, through its public functions."""

    def __init__(self, requests_per_day: float, rooms: list[Newsroom]) -> None:
        self.budget = requests_per_day
        self.states = [schedule.new_state() for _ in rooms]
        self.rng = Random(7)
        self.outcome = schedule.Outcome()
        self.prior = FLAT
        self.k = schedule.solve_k([(state, BOUNDS) for state in self.states], self.budget)
        self.log: dict[int, list[tuple[float, float, float]]] = {}

    def retune(self, day_s: float) -> None:
        self.prior = schedule.pooled_profile(self.states)
        self.k = schedule.solve_k([(state, BOUNDS) for state in self.states], self.budget)

    def after_poll(self, index, room, last_s, now_s, seen, have):  # type: ignore[no-untyped-def]
        new = room.times[max(seen, have - room.window) : have].tolist()
        now = datetime.fromtimestamp(now_s, UTC)
        dates = [datetime.fromtimestamp(at_s, UTC) if room.dated else None for at_s in new]
        state = schedule.update(
            self.states[index], dates, now, window=room.window if new else None, prior=self.prior
        )
        self.states[index] = state
        decision = schedule.next_check(state, self.outcome, now, BOUNDS, self.k, self.rng)
        if room.burst and new:
            calm = schedule.next_check(
                replace(state, surge=0.0), self.outcome, now, BOUNDS, self.k, Random(1)
            )
            self.log.setdefault(index, []).append((now_s, decision.interval_s, calm.interval_s))
        return now_s + decision.interval_s


@dataclass(slots=True)
class Result:
    """Delays of all entries of the 14 days (seconds), by room, and the requests that they took."""

    delays: list[np.ndarray]
    requests_per_day: float
    lost: int
    polls: list[np.ndarray]
    cpu_s: float

    def row(self) -> dict[str, float]:
        every = np.concatenate(self.delays) / 60.0
        return {
            "requests_per_day": round(self.requests_per_day),
            "mean_min": round(float(every.mean()), 2),
            "p50_min": round(float(np.percentile(every, 50)), 2),
            "p90_min": round(float(np.percentile(every, 90)), 2),
            "p99_min": round(float(np.percentile(every, 99)), 2),
            "lost": self.lost,
        }

    def decile_p99(self, rooms: list[Newsroom]) -> list[float]:
        order = np.argsort([room.rate for room in rooms])
        return [
            round(float(np.percentile(np.concatenate([self.delays[i] for i in part]) / 60.0, 99)), 1)
            for part in np.array_split(order, 10)
        ]


def simulate(rooms: list[Newsroom], policy: Policy) -> Result:
    """Runs the rooms side by side in steps of six hours, so that the policy's budget is set from what it knows."""
    began = time.process_time()
    end_s = START_S + DAYS * DAY_S
    polls: list[list[float]] = [[] for _ in rooms]
    due = [room.first_s for room in rooms]
    last: list[float | None] = [None] * len(rooms)
    seen = [0] * len(rooms)
    times = [room.times.tolist() for room in rooms]
    step_s = START_S
    # The service works its budget out every minute; here often at first, when much is learned, then every six hours.
    steps = [
        *[600.0] * 6,
        *[HOUR_S] * 5,
        *[6 * HOUR_S] * ((DAYS + 8) * 4),
    ]  # a week past the end, until all is seen
    for length_s in steps:
        step_s += length_s
        for index, room in enumerate(rooms):
            at_s, own = due[index], times[index]
            while at_s < step_s and not (at_s > end_s and polls[index] and polls[index][-1] > end_s):
                have = seen[index]
                while have < len(own) and own[have] <= at_s:
                    have += 1
                following = policy.after_poll(index, room, last[index], at_s, seen[index], have)
                polls[index].append(at_s)
                last[index], seen[index], at_s = at_s, have, following
            due[index] = at_s
        policy.retune(step_s)
    arrays = [np.array(each) for each in polls]
    delays, lost = [], 0
    for room, poll in zip(rooms, arrays, strict=True):
        inside = np.flatnonzero((room.times >= poll[0]) & (room.times < end_s))
        at = np.searchsorted(poll, room.times[inside])
        kept = at < poll.size
        inside, at = inside[kept], at[kept]
        have = np.searchsorted(room.times, poll[at], side="right")
        missed = have - inside > room.window
        lost += int(missed.sum())
        delays.append(poll[at][~missed] - room.times[inside][~missed])
    requests = sum(int((poll < end_s).sum()) for poll in arrays) / DAYS
    return Result(delays, requests, lost, arrays, time.process_time() - began)


def calibrated(
    make: Callable[[float, list[Newsroom]], Policy], rooms: list[Newsroom], wanted: float
) -> tuple[Result, Policy]:
    """The policy with its budget scaled until it really takes the wanted requests, within half a percent."""
    budget = wanted
    for _ in range(6):
        policy = make(budget, rooms)
        result = simulate(rooms, policy)
        if abs(result.requests_per_day / wanted - 1.0) <= 0.005:
            break
        budget *= wanted / result.requests_per_day
    return result, policy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="24,000 requests a day only")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--sources", type=int, default=1000)
    args = parser.parse_args()
    rooms = newsrooms(args.sources, args.seed)
    makers: dict[str, Callable[[float, list[Newsroom]], Policy]] = {
        "fixed": Fixed,
        "doubling": Doubling,
        "miniflux": Miniflux,
        "proportional": Proportional,
        "borderwatch": Borderwatch,
        "optimum": Optimum,
        "held optimum": HeldOptimum,
    }
    report: dict[str, Any] = {"sources": len(rooms), "days": DAYS, "budgets": {}}
    for budget in (24_000,) if args.quick else (6_000, 24_000, 96_000):
        print(f"\n{budget:,} requests a day    mean   p50    p90    p99 (minutes)   lost  requests")
        rows: dict[str, Any] = {}
        deciles: dict[str, list[float]] = {}
        for name, make in makers.items():
            result, _ = calibrated(make, rooms, budget * len(rooms) / 1000)
            row = rows[name] = result.row()
            deciles[name] = result.decile_p99(rooms)
            print(
                f"  {name:20} {row['mean_min']:7.2f} {row['p50_min']:6.1f} {row['p90_min']:6.1f} {row['p99_min']:6.1f}"
                f"  {row['lost']:12} {row['requests_per_day']:9} {result.cpu_s:6.1f}s"
            )
        ratios = {
            "of_optimum": round(rows["borderwatch"]["mean_min"] / rows["optimum"]["mean_min"], 3),
            "of_miniflux": round(rows["borderwatch"]["mean_min"] / rows["miniflux"]["mean_min"], 3),
            "of_proportional": round(rows["borderwatch"]["mean_min"] / rows["proportional"]["mean_min"], 3),
            "of_fixed": round(rows["borderwatch"]["mean_min"] / rows["fixed"]["mean_min"], 3),
            "held_of_optimum": round(rows["held optimum"]["mean_min"] / rows["optimum"]["mean_min"], 3),
        }
        print("  borderwatch", "  ".join(f"{name} {value}" for name, value in ratios.items()))
        for name in ("miniflux", "borderwatch", "optimum"):
            print(f"  p99 by rate decile, {name:12}", "  ".join(f"{value:7.1f}" for value in deciles[name]))
        report["budgets"][str(budget)] = {"policies": rows, "ratios": ratios, "p99_by_decile_min": deciles}
    report["bursts"] = bursts(args.seed, args.sources)
    write_results("freshness", report)
    return 0


def bursts(seed: int, count: int) -> dict[str, Any]:
    """Ten busy sources publish five times their rate for two hours: how many polls until the interval shrinks."""
    rooms = newsrooms(count, seed + 1, bursts=10)
    rows: dict[str, Any] = {}
    reactions: list[int] = []
    for name, make in (("miniflux", Miniflux), ("borderwatch", Borderwatch), ("optimum", Optimum)):
        result, policy = calibrated(make, rooms, 24.0 * count)
        inside = []
        for room, poll in zip(rooms, result.polls, strict=True):
            if room.burst:
                hot = room.times[(room.times >= room.burst[0]) & (room.times < room.burst[1])]
                inside.append(poll[np.searchsorted(poll, hot)] - hot)
        rows[name] = round(float(np.concatenate(inside).mean()) / 60.0, 2)
        if isinstance(policy, Borderwatch):
            for index, log in policy.log.items():
                begin_s, end_s = rooms[index].burst or (0.0, 0.0)
                after = [(took, calm) for at_s, took, calm in log if begin_s <= at_s < end_s]
                reactions.append(
                    next((n for n, (took, calm) in enumerate(after, 1) if took <= 0.75 * calm), 99)
                )
    print("\nBursts (10 sources, 5 times their rate, 2 h): mean delay of their entries, minutes")
    print("  " + "  ".join(f"{name} {value}" for name, value in rows.items()))
    print("  polls until the interval is at most 3/4 of the calm one:", sorted(reactions))
    return {"mean_delay_min": rows, "polls_to_react": sorted(reactions)}


if __name__ == "__main__":
    sys.exit(main())
