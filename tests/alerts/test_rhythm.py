"""Digest hours, quiet hours, bursts and waiting: by tables, over daylight saving and by properties."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.alerts.backoff import CAP_S, Pace, backoff_s, plan_retry
from jobs.alerts.digest import bars, chart, is_spike
from jobs.alerts.parcel import Outcome, parse_retry_after
from jobs.alerts.rhythm import digest_due, last_slot, next_slot, plan_burst, quiet_until
from jobs.config.channels import QuietHours, Rate

from .conftest import NOW


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "clock", "weekday", "zone", "last", "following"),
    [
        ("2026-05-04T12:00", time(7), None, "Asia/Karachi", "2026-05-04T02:00", "2026-05-05T02:00"),
        ("2026-05-04T01:59", time(7), None, "Asia/Karachi", "2026-05-03T02:00", "2026-05-04T02:00"),
        ("2026-05-04T02:00", time(7), None, "Asia/Karachi", "2026-05-04T02:00", "2026-05-05T02:00"),
        ("2026-05-06T12:00", time(7), "monday", "Asia/Karachi", "2026-05-04T02:00", "2026-05-11T02:00"),
        # Berlin: 02:30 does not exist on 29 March 2026 and comes twice on 25 October.
        ("2026-03-29T12:00", time(2, 30), None, "Europe/Berlin", "2026-03-29T01:30", "2026-03-30T00:30"),
        ("2026-10-25T12:00", time(2, 30), None, "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("2026-03-28T12:00", time(7), None, "Europe/Berlin", "2026-03-28T06:00", "2026-03-29T05:00"),
    ],
)
def test_digest_hours(
    now: str, clock: time, weekday: str | None, zone: str, last: str, following: str
) -> None:
    assert last_slot(utc(now), clock, weekday, zone) == utc(last)
    assert next_slot(utc(now), clock, weekday, zone) == utc(following)


@given(
    start=st.integers(0, 8000).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)), zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Karachi", "Asia/Tehran", "UTC"]),
    clock=st.times().map(lambda value: value.replace(second=0, microsecond=0)),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_day_has_one_digest_hour(start: datetime, zone: str, clock: time) -> None:
    """Walking through ten days by the hour meets each local day's digest exactly once."""
    moment = start
    done, sent = moment, []
    for _ in range(240):
        moment += timedelta(hours=1)
        due = digest_due(moment, done=done, first_seen=done, clock=clock, weekday=None, timezone=zone)
        if due is not None:
            sent.append(due)
            done = due
    assert len(sent) in {9, 10, 11}
    assert all(
        timedelta(hours=22) < later - earlier < timedelta(hours=26) for earlier, later in pairwise(sent)
    )


def test_a_service_that_was_down_sends_one_digest() -> None:
    options = {"clock": time(7), "weekday": None, "timezone": "UTC"}
    slot = digest_due(NOW, done=NOW - timedelta(days=5), first_seen=NOW, **options)  # type: ignore[arg-type]
    assert slot == utc("2026-05-04T07:00")
    assert digest_due(NOW, done=slot, first_seen=NOW, **options) is None  # type: ignore[arg-type]
    assert digest_due(NOW, done=None, first_seen=NOW - timedelta(minutes=1), **options) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-05-04T16:59", None),
        ("2026-05-04T17:00", "2026-05-05T01:30"),
        ("2026-05-04T23:00", "2026-05-05T01:30"),
        ("2026-05-05T01:29", "2026-05-05T01:30"),
        ("2026-05-05T01:30", None),
    ],
)
def test_quiet_hours_over_midnight(now: str, until: str | None) -> None:
    found = quiet_until(utc(now), QuietHours(time(22), time(6, 30)), "Asia/Karachi")
    assert found == (utc(until) if until else None)
    assert quiet_until(utc(now), None, "UTC") is None


RATE = Rate(3, 600)


@pytest.mark.parametrize(
    ("ages_s", "due", "held_back", "action", "count"),
    [
        ([], 1, False, "send", 1),
        ([], 3, False, "send", 3),
        ([], 4, False, "join", 4),
        ([100], 3, False, "send", 2),
        ([300, 200, 100], 1, False, "wait", 0),
        ([300, 200, 100], 9, False, "wait", 0),
        ([700, 200, 100], 1, True, "send", 1),
        ([700, 200, 100], 2, True, "join", 2),
        ([300, 200, 100], 0, False, "send", 0),
    ],
)
def test_bursts(ages_s: list[int], due: int, held_back: bool, action: str, count: int) -> None:
    recent = [NOW - timedelta(seconds=age) for age in ages_s]
    plan = plan_burst(recent, due, NOW, RATE, held_back=held_back)
    assert (plan.action, plan.count) == (action, count)
    if action == "wait":
        assert plan.until == NOW - timedelta(seconds=ages_s[0]) + timedelta(seconds=600)
    assert plan_burst(recent, due, NOW, None, held_back=held_back).action == "send"


@given(arrivals=st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_bursts_lose_none_and_keep_the_rate(arrivals: list[int]) -> None:
    """A minute a step: whatever comes, at most three messages go out in ten minutes, and every alert is in one."""
    sent: list[datetime] = []
    waiting, told, held_back = 0, 0, False
    for step, count in enumerate([*arrivals, *[0] * 40]):
        now = NOW + timedelta(minutes=step)
        waiting += count
        plan = plan_burst(sent[-3:], waiting, now, RATE, held_back=held_back)
        if plan.action == "join":
            told, waiting, held_back = told + waiting, 0, False
            sent.append(now)
        elif plan.action == "send" and waiting:
            told, waiting = told + plan.count, waiting - plan.count
            sent += [now] * plan.count
            held_back = waiting > 0
        else:
            held_back = waiting > 0
    assert told == sum(arrivals)
    assert waiting == 0
    for moment in sent:
        assert (
            len([other for other in sent if moment - timedelta(seconds=600) < other <= moment]) <= RATE.count
        )


@given(failures=st.integers(1, 100), chance=st.floats(0, 0.999))
def test_backoff_grows_to_ten_minutes(failures: int, chance: float) -> None:
    wait = backoff_s(failures, chance)
    assert min(2 ** (failures - 1), CAP_S) * 0.5 <= wait <= CAP_S * 1.5


def test_three_failures_in_a_row_pause_the_channel() -> None:
    failed = Outcome(False, "x")
    plans = [plan_retry(failed, tries=1, channel_failures=n, now=NOW, chance=0.5) for n in (1, 2, 3, 4)]
    assert [plan.channel_pause_until for plan in plans] == [
        None,
        None,
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=2),
    ]
    poison = plan_retry(Outcome(False, "x", "message"), tries=9, channel_failures=9, now=NOW, chance=0.5)
    assert poison.channel_pause_until is None
    asked = plan_retry(Outcome(False, "x", "channel", 90.0), tries=1, channel_failures=1, now=NOW, chance=0.5)
    assert asked.channel_pause_until == asked.next_try == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("7", 7), (" 7 ", 7), ("999999999999", 86400), ("Mon, 04 May 2026 12:01:00 GMT", 60), ("Mon, 04 May 2026 11:00:00 GMT", 0), ("soon", None), ("-3", None), ("", None), (None, None), ("٣", None)],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_retry_after_takes_anything(text: str) -> None:
    found = parse_retry_after(text, NOW)
    assert found is None or 0 <= found <= 86400


def test_the_pace_is_strict() -> None:
    pace = Pace(2, 1.0)
    assert [pace.take_s(0.0) for _ in range(5)] == [0, 0, 1, 1, 2]
    assert pace.take_s(100.0) == 0
    assert Pace(1, 60.0, [90.0]).take_s(100.0) == 50


def test_chart_and_spikes() -> None:
    today = NOW.date()
    days = {today - timedelta(days=n): 1 + n % 2 for n in range(1, 28)} | {today: 9}
    found = chart(days, today)
    assert [bar["spike"] for bar in found] == [False] * 13 + [True]
    assert found[-1] == {"day": "2026-05-04", "count": 9, "spike": True}
    assert bars([0, 4, 8]) == "▁▅█"
    assert bars([0, 0]) == "▁▁"
    assert not is_spike(2, [0] * 14)
    assert is_spike(3, [0] * 14)
