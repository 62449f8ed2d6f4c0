"""Ten rounds of `make bench-crash`: the real service, killed at random moments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_crash import run


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_kills_lose_nothing_and_repeat_nothing_without_a_reason(tmp_path: Path) -> None:
    report = run(rounds=10, seed=11, rate=2.0, folder=tmp_path)
    assert {name: count for name, count in report.faults.items() if count} == {}
    assert report.alerts > 0
    assert report.deliveries >= 2 * report.alerts
    assert report.refused > 0
