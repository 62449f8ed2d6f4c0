"""The service keeps watching when the machine's clock is moved."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.clock import shift_waits
from storage.database import Database, rows, stamp, write_transaction
from tests.jobs.conftest import Program, Site, wait_for

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def test_waits_move_and_what_happened_stays(db: Database) -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    with write_transaction(db):
        db.execute(
            "INSERT INTO sources (name, kind, url, state_since, next_check, not_before, last_check) VALUES ('a', 'feed', 'http://a/', ?, ?, NULL, ?)",
            (stamp(now), stamp(now + timedelta(hours=1)), stamp(now)),
        )
        shift_waits(db, -7200.0)
    (row,) = rows(db, "SELECT next_check, not_before, last_check FROM sources")
    assert (row["next_check"], row["not_before"], row["last_check"]) == (
        stamp(now - timedelta(hours=1)),
        None,
        stamp(now),
    )


@pytest.mark.slow
@pytest.mark.skipif(not LIBRARY.exists(), reason="needs libfaketime (Debian's package faketime)")
@pytest.mark.parametrize("move", ["-2h", "+9h"], ids=["set back", "suspended"])
def test_the_clock_is_moved_under_a_running_service(
    site: Site, program: Program, tmp_path: Path, move: str
) -> None:
    rule = tmp_path / "faketime"
    rule.write_text("+0\n")
    environment = program.environment | {
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(rule), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    child = subprocess.Popen(
        program.command("run"),
        cwd=program.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: site.asked("/feed.xml") >= 2, what="the first checks")
        rule.write_text(f"{move}\n")
        before = site.asked("/feed.xml")
        wait_for(
            lambda: site.asked("/feed.xml") >= before + 3, limit_s=60, what="checks after the clock moved"
        )
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
