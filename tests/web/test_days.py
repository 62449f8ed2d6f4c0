"""Days are local, and a day stands out against the two weeks before it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from web.days import BEFORE_DAYS, bars, day_bounds, day_start, days_of_hours, judge_days, local_day

KARACHI, TEHRAN, BERLIN = (ZoneInfo(name) for name in ("Asia/Karachi", "Asia/Tehran", "Europe/Berlin"))
LAST = date(2026, 11, 24)


def test_a_day_begins_in_the_desks_zone() -> None:
    assert day_start(LAST, KARACHI) == datetime(2026, 11, 23, 19, tzinfo=UTC)
    assert local_day("2026-11-23T19:00:00.000Z", KARACHI) == LAST
    assert local_day("2026-11-23T18:59:59.999Z", KARACHI) == LAST - timedelta(days=1)


def test_bounds_meet_also_when_the_clocks_change() -> None:
    bounds = day_bounds(date(2026, 10, 26), 4, BERLIN)
    assert [day for day, _, _ in bounds] == [date(2026, 10, n) for n in (23, 24, 25, 26)]
    assert all(one[2] == following[1] for one, following in pairwise(bounds))
    assert bounds[2][2] - bounds[2][1] == timedelta(hours=25)


def test_hours_fall_on_local_days() -> None:
    found = days_of_hours(
        [("a", "2026-11-23T18", 2), ("a", "2026-11-23T19", 3), ("b", "2026-11-23T20", 1)], KARACHI
    )
    assert found == {"a": Counter({LAST - timedelta(days=1): 2, LAST: 3}), "b": Counter({LAST: 1})}


@given(st.lists(st.integers(0, 60), min_size=40, max_size=40))
def test_running_sums_agree_with_the_definition(counts: list[int]) -> None:
    by_day = Counter({LAST - timedelta(days=back): count for back, count in enumerate(counts)})
    for day in judge_days(by_day, LAST, 20):
        before = [by_day[day.day - timedelta(days=n)] for n in range(1, BEFORE_DAYS + 1)]
        assert abs(day.mean - fmean(before)) < 1e-9
        assert day.sigma >= pstdev(before) - 1e-6
        assert day.spike == (day.count > day.mean + 3 * day.sigma)


def test_what_stands_out() -> None:
    def spike(today: int, *before: int) -> bool:
        counts = Counter({LAST - timedelta(days=back): count for back, count in enumerate(before, 1)})
        counts[LAST] = today
        return judge_days(counts, LAST, 1)[0].spike

    assert not spike(2)
    assert spike(3)
    assert not spike(8, *[4] * 14)
    assert spike(11, *[4] * 14)


def test_bars_fit_their_box() -> None:
    days = judge_days(Counter({LAST: 9, LAST - timedelta(days=1): 1}), LAST, 5)
    drawn = bars(days, 100, 20)
    assert len(drawn) == 5
    assert drawn[-1].height == 20
    assert 0 < drawn[-2].height < 20
    assert drawn[0].height == 0
    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in drawn)
