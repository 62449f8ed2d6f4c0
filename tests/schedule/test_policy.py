"""When a source is asked again: rhythm, budget, wishes of servers, failures; as tables and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import schedule
from jobs.schedule import (
    AnswerTimes,
    Bounds,
    Outcome,
    RateState,
    new_state,
    next_check,
    read_times,
    solve_k,
    spread,
    update,
)
from jobs.schedule.policy import FLOOR_LIMIT_S, WAIT_LIMIT_S, skip, spoken
from jobs.schedule.profiles import DAY_S, HOUR_S, integrate, time_until
from jobs.schedule.rates import from_json, pooled_profile

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOUNDS = Bounds(60.0, DAY_S)


def listing(count: int, gap: timedelta, now: datetime = NOW) -> list[datetime]:
    return [now - gap * (number + 1) for number in range(count)]


def source(per_day: float, now: datetime = NOW) -> RateState:
    """A source of which a fortnight is known, entries evenly spread."""
    gap = timedelta(days=1 / per_day)
    return update(new_state(), listing(max(2, round(14 * per_day)), gap, now), now)


def decide(
    state: RateState,
    outcome: Outcome | None = None,
    *,
    now: datetime = NOW,
    bounds: Bounds = BOUNDS,
    k: float = 80.0,
) -> schedule.Decision:
    return next_check(state, outcome or Outcome(), now, bounds, k, Random(1))


@pytest.mark.parametrize("per_day", [0.3, 1.0, 10.0, 80.0])
def test_the_first_listing_tells_the_rate(per_day: float) -> None:
    assert source(per_day).rate_per_day == pytest.approx(per_day, rel=0.25)


def test_the_rate_is_learned_from_checks_and_forgotten_again() -> None:
    state, now = update(new_state(), [], NOW), NOW
    for _ in range(14 * 24):
        now += timedelta(hours=1)
        state = update(state, [now - timedelta(minutes=20)] * 2, now)
    assert state.rate_per_day == pytest.approx(48, rel=0.05)
    for _ in range(28):
        now += timedelta(days=1)
        state = update(state, [], now)
    assert 5 < state.rate_per_day < 15


def test_undated_entries_teach_the_rate_as_well() -> None:
    state, now = update(new_state(), [None] * 30, NOW), NOW
    for _ in range(100):
        now += timedelta(hours=2)
        state = update(state, [None], now, window=30)
    assert state.rate_per_day == pytest.approx(12, rel=0.1)


def test_republished_entries_are_no_sign_of_the_rate() -> None:
    state = source(1.0)
    later = NOW + timedelta(hours=1)
    again = update(state, listing(40, timedelta(days=5), later), later)
    assert again.rate_per_day == pytest.approx(state.rate_per_day, rel=0.1)


def test_the_profile_follows_the_hours() -> None:
    state, now = update(new_state(), [], NOW - timedelta(days=30)), NOW - timedelta(days=30)
    while now < NOW:
        now += timedelta(hours=1)
        state = update(state, [now - timedelta(minutes=5)] * 3 if 6 <= now.hour < 18 else [], now)
    day, night = state.pace[12], state.pace[0]
    assert day > 2.5 * night
    noon = decide(state).interval_s
    midnight = decide(state, now=NOW + timedelta(hours=12)).interval_s
    assert midnight > 1.5 * noon


def test_intervals_go_with_the_root_of_the_rate() -> None:
    slow, fast = decide(source(1.1)).interval_s, decide(source(17.6)).interval_s
    assert slow / fast == pytest.approx(4.0, rel=0.25)


def test_a_burst_shortens_the_interval_within_two_polls_and_is_over_soon() -> None:
    state = update(source(48.0), [], NOW, window=50)
    calm = decide(state).interval_s
    now = NOW
    intervals = []
    for _ in range(2):
        now += timedelta(seconds=calm)
        minutes = 6  # five times 48 a day
        state = update(
            state, [now - timedelta(minutes=minutes * n) for n in range(int(calm / 60 / minutes) + 1)], now
        )
        intervals.append(decide(state, now=now).interval_s)
    assert min(intervals) < 0.75 * calm
    for _ in range(4):
        now += timedelta(minutes=30)
        state = update(state, [], now)
    assert state.boost < 1.5


def test_ordinary_chance_is_no_burst() -> None:
    state = source(48.0)
    later = NOW + timedelta(minutes=30)
    assert update(state, [later - timedelta(minutes=5), later - timedelta(minutes=9)], later).boost < 1.5


def test_a_short_listing_is_asked_before_it_overflows() -> None:
    state = replace(source(90.0), window=2)
    decision = decide(state, k=800.0)
    assert decision.interval_s < 0.6 * 2 / 90 * DAY_S
    assert "short for its pace" in decision.reason


@pytest.mark.parametrize(
    ("times", "least_s", "most_s", "said"),
    [
        (AnswerTimes(max_age_s=1800), 1800, 1800, "asks for 30 minutes between requests"),
        (AnswerTimes(ttl_s=1200), 1200, 1200, "asks for 20 minutes between requests"),
        (AnswerTimes(max_age_s=30 * DAY_S), FLOOR_LIMIT_S, FLOOR_LIMIT_S, "asks for 60 minutes"),
        (AnswerTimes(retry_after_s=7200), 7200, 7200, "asks for 2 hours of rest (Retry-After)"),
        (AnswerTimes(retry_after_s=3650 * DAY_S), WAIT_LIMIT_S, WAIT_LIMIT_S, "asks for 3,650 days of rest (Retry-After); no wait is believed beyond a day"),
        (AnswerTimes(skip_hours=(12, 13, 14)), 3 * HOUR_S, 3 * HOUR_S + 60, "asks not to be fetched at this hour"),
        (AnswerTimes(skip_hours=tuple(range(24))), 0, 1200, "entries a day"),
    ],
)  # fmt: skip
def test_what_servers_ask_for(times: AnswerTimes, least_s: float, most_s: float, said: str) -> None:
    decision = decide(source(90.0), Outcome(times=times), k=20.0)
    assert least_s <= decision.interval_s <= most_s + 1
    assert said in decision.reason
    assert (decision.hold_until is not None) == (times.retry_after_s is not None)


def test_what_a_feed_asked_for_is_kept_through_304_and_restarts() -> None:
    later = NOW + timedelta(minutes=10)
    state = update(source(90.0), [], NOW, window=30, ttl_s=1500.0, skip_hours=(1,), skip_days=(4,))
    kept = from_json(update(state, [], later).to_json())
    assert (kept.ttl_s, kept.skip_hours, kept.skip_days) == (1500.0, (1,), (4,))
    assert decide(kept, now=later, k=20.0).interval_s == 1500.0
    assert update(kept, [], later, window=30).ttl_s is None


def test_failures_back_off_to_a_day_and_never_further() -> None:
    state = source(24.0)
    waits = [decide(state, Outcome("failed", failures)).interval_s for failures in range(1, 40)]
    assert 240 <= waits[0] <= 360
    assert 480 <= waits[1] <= 720
    assert max(waits) == WAIT_LIMIT_S
    assert "tried again ever more rarely, at least once a day" in decide(state, Outcome("failed", 3)).reason


def test_failing_together_they_do_not_come_back_together() -> None:
    rng = Random(3)
    waits = {
        round(next_check(source(1.0), Outcome("failed", 4), NOW, BOUNDS, 80.0, rng).interval_s)
        for _ in range(20)
    }
    assert len(waits) > 15


def test_gone_is_not_asked_again() -> None:
    decision = decide(source(1.0), Outcome("gone"))
    assert decision.next_check is None
    assert "410" in decision.reason


def test_bounds_hold() -> None:
    tight = Bounds(600.0, 1200.0)
    assert 600 <= decide(source(90.0), bounds=tight, k=1.0).interval_s <= 620
    assert 1160 <= decide(source(0.1), bounds=tight, k=5000.0).interval_s <= 1200


def test_a_pushed_source_is_asked_rarely() -> None:
    state = source(24.0)
    assert decide(state, Outcome(pushed=True), k=20.0).interval_s > 3.5 * decide(state, k=20.0).interval_s


@pytest.mark.parametrize("budget", [6_000, 24_000, 96_000])
def test_k_spends_the_budget(budget: int) -> None:
    rng = Random(1)
    sources = [(source(10 ** rng.uniform(-1, 2)), BOUNDS) for _ in range(200)]
    k = solve_k(sources, budget / 5)
    taken = sum(min(max(integrate(state.pace, 0, DAY_S) / k, 1.0), DAY_S / 60.0) for state, _ in sources)
    assert taken == pytest.approx(budget / 5, rel=0.01)


def test_a_restart_spreads_what_is_overdue() -> None:
    due = [(f"s{n}", NOW - timedelta(minutes=n)) for n in range(100)] + [
        ("new", None),
        ("later", NOW + timedelta(hours=1)),
    ]
    moved = spread(due, NOW, 600.0, Random(1))
    assert "later" not in moved
    assert len(moved) == 101
    buckets = {int((at - NOW).total_seconds() // 60) for at in moved.values()}
    assert buckets == set(range(10))
    assert (moved["new"] - NOW).total_seconds() <= 150


def test_a_clock_set_back_does_no_harm() -> None:
    state = source(24.0)
    earlier = NOW - timedelta(hours=2)
    again = update(state, [earlier - timedelta(minutes=1)], earlier)
    assert again.rate_per_day == pytest.approx(state.rate_per_day, rel=0.1)
    assert decide(again, now=earlier).interval_s > 0


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, (("Cache-Control", "public, max-age=600"), ("Age", "100")), (None, 500.0)),
        (304, (("cache-control", "max-age=60"), ("Retry-After", "99")), (None, 60.0)),
        (200, (("Expires", "Tue, 24 Nov 2026 12:10:00 GMT"), ("Date", "Tue, 24 Nov 2026 12:00:00 GMT")), (None, 600.0)),
        (200, (("Expires", "0"),), (None, None)),
        (200, (("Cache-Control", "no-cache, max-age=600"),), (None, None)),
        (503, (("Retry-After", "120"),), (120.0, None)),
        (429, (("Retry-After", "Tue, 24 Nov 2026 13:00:00 GMT"),), (3600.0, None)),
        (503, (("Retry-After", "soon"),), (None, None)),
        (503, (("Retry-After", "99999999999999999999"),), (10 * 366 * DAY_S, None)),
    ],
)  # fmt: skip
def test_headers(
    status: int, headers: tuple[tuple[str, str], ...], expected: tuple[float | None, float | None]
) -> None:
    times = read_times(status, headers, NOW)
    assert (times.retry_after_s, times.max_age_s) == expected


def test_skipped_days() -> None:
    tuesday_noon = NOW.timestamp()
    assert skip(tuesday_noon, (), (1,)) == tuesday_noon + 12 * HOUR_S
    assert skip(tuesday_noon, (), tuple(range(7))) == tuesday_noon


def test_spoken_lengths() -> None:
    assert [spoken(s) for s in (1, 45, 5400, 36 * HOUR_S, 3650 * DAY_S)] == [
        "1 second",
        "45 seconds",
        "90 minutes",
        "36 hours",
        "3,650 days",
    ]


def test_states_survive_the_database() -> None:
    state = source(24.0)
    again = from_json(state.to_json())
    assert again.rate_per_day == pytest.approx(state.rate_per_day, rel=1e-3)
    assert again.pace == pytest.approx(state.pace, rel=1e-2)
    assert len(state.to_json()) < 500
    for broken in (None, "", "{}", "[]", '{"entries": "x"}', "nonsense"):
        assert from_json(broken) == new_state()


def test_the_pooled_profile_helps_a_source_of_which_nothing_is_known() -> None:
    busy, now = update(new_state(), [], NOW - timedelta(days=10)), NOW - timedelta(days=10)
    while now < NOW:
        now += timedelta(hours=1)
        busy = update(busy, [now] * 5 if now.hour < 12 else [], now)
    prior = pooled_profile([busy] * 5)
    assert sum(prior) == pytest.approx(24.0)
    assert new_state(prior).pace[6] > 2 * new_state(prior).pace[18]


@settings(max_examples=100, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.floats(1.0, 1e6), st.integers(0, 30)), max_size=20),
    k=st.floats(0.01, 1e5),
    failures=st.integers(0, 50),
    times=st.builds(AnswerTimes, st.none() | st.floats(0, 1e9), st.none() | st.floats(0, 1e9), st.none() | st.floats(0, 1e9), st.tuples(st.integers(0, 23))),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_every_decision_is_within_its_bounds(
    gaps: list[tuple[float, int]], k: float, failures: int, times: AnswerTimes, seed: int
) -> None:
    state, now = new_state(), NOW
    for gap_s, count in gaps:
        now += timedelta(seconds=gap_s)
        state = update(state, [now - timedelta(seconds=gap_s * n / 30) for n in range(count)], now, window=30)
    assert all(pace > 0 for pace in state.pace)
    bounds = Bounds(300.0, 6 * HOUR_S)
    decision = next_check(
        state, Outcome("failed" if failures else "answered", failures, times), now, bounds, k, Random(seed)
    )
    assert decision.next_check is not None
    assert 200.0 <= decision.interval_s <= WAIT_LIMIT_S + 61
    assert decision.hold_until is None or decision.hold_until <= decision.next_check
    assert decision.reason.endswith(".")


@settings(max_examples=100, deadline=None)
@given(
    pace=st.lists(st.floats(1e-4, 1.0), min_size=24, max_size=24),
    start=st.floats(0, 1e9),
    amount=st.floats(1e-3, 1e4),
)
def test_time_until_is_the_inverse_of_the_integral(pace: list[float], start: float, amount: float) -> None:
    wait = time_until(pace, start, amount, 1e6)
    if wait < 1e6:
        assert integrate(pace, start, start + wait) == pytest.approx(amount, rel=1e-3, abs=1e-3)
