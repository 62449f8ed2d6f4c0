"""One screen of how things stand, and the one judgement whether all is well."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.health import network_sentence
from jobs.lock import holder_of
from storage.database import Database, Row, parse_stamp, scalar, stamp
from storage.runs import last_run
from storage.sources import source_rows

PENDING_LIMIT = 2_000
"""Captures that wait: two workers read so many in about two minutes."""

PENDING_AGE = timedelta(minutes=15)
STUCK_AGE = timedelta(minutes=30)
"""A delivery that waits this long behind its time is stuck: the longest pause between its first five tries is shorter."""

DISK_FREE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand. `reasons` are sentences; empty where all is well."""

    ok: bool
    reasons: tuple[str, ...]
    pending_captures: int
    set_aside: int
    undelivered: int
    dead: int
    articles: int
    matches: int
    sources: list[dict[str, Any]]
    source_states: dict[str, int]
    last_run: Row | None
    process: int | None
    disk_free_bytes: int
    data_bytes: int
    waiting_entries: int = 0
    channels: list[dict[str, Any]] = field(default_factory=list)


SET_ASIDE_FEWEST = 10
SET_ASIDE_SHARE = 0.5
"""Half of a day's pages that cannot be read, and at least ten, point to the reading and not to the pages."""


def gather_status(db: Database, data_dir: Path, now: datetime) -> Status:
    """Read how things stand and judge it."""
    sources = [_source(row) for row in source_rows(db)]
    states = Counter(row["state"] for row in sources)
    holder = holder_of(data_dir)
    run = last_run(db)
    free = shutil.disk_usage(data_dir).free
    pending = int(scalar(db, "SELECT count(*) FROM captures WHERE state = 'pending'"))
    oldest = scalar(db, "SELECT min(fetched_at) FROM captures WHERE state = 'pending'")
    stuck = int(
        scalar(
            db,
            "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND next_try < ?",
            (stamp(now - STUCK_AGE),),
        )
    )
    dead = int(scalar(db, "SELECT count(*) FROM deliveries WHERE state = 'dead'"))
    day = stamp(now - timedelta(days=1))
    read_lately = int(scalar(db, "SELECT count(*) FROM captures WHERE fetched_at >= ?", (day,)))
    aside_lately = int(
        scalar(db, "SELECT count(*) FROM captures WHERE state = 'set_aside' AND fetched_at >= ?", (day,))
    )
    newest = scalar(db, "SELECT file FROM captures ORDER BY id DESC LIMIT 1")
    lost = newest if newest is not None and not (data_dir / "archive" / newest).exists() else None
    reasons = judge(
        states=states, run=run, running=holder is not None, pending=pending, oldest_pending=parse_stamp(oldest) if oldest else None, stuck=stuck,
        dead=dead, disk_free_bytes=free, read_lately=read_lately, aside_lately=aside_lately, lost_file=lost, now=now,
    )  # fmt: skip
    return Status(
        ok=not reasons, reasons=reasons, pending_captures=pending,
        set_aside=int(scalar(db, "SELECT count(*) FROM captures WHERE state = 'set_aside'")),
        undelivered=int(scalar(db, "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending', 'dead')")), dead=dead,
        articles=int(scalar(db, "SELECT count(*) FROM articles")), matches=int(scalar(db, "SELECT count(*) FROM matches")),
        sources=sources, source_states=dict(states), last_run=run, process=holder.pid if holder else None, disk_free_bytes=free,
        data_bytes=sum(path.stat().st_size for path in data_dir.rglob("*") if path.is_file()),
        waiting_entries=int(scalar(db, "SELECT count(*) FROM entries WHERE state = 'listed'")),
    )  # fmt: skip


def _source(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"], "state": row["state"], "since": row["state_since"], "last_success": row["last_success"], "last_new": row["last_new"],
        "next_check": row["next_check"], "interval_s": row["interval_s"], "error": row["error"],
    }  # fmt: skip


def judge(
    *, states: Counter[str], run: Row | None, running: bool, pending: int, oldest_pending: datetime | None, stuck: int, dead: int,
    disk_free_bytes: int, read_lately: int = 0, aside_lately: int = 0, lost_file: str | None = None, now: datetime,
) -> tuple[str, ...]:  # fmt: skip
    """Why all is not well, one sentence each; pure."""
    reasons = []
    network = network_sentence(
        states["failing"], sum(count for state, count in states.items() if state != "disabled")
    )
    if network is not None:
        reasons.append(network)
    if run is not None and run["state"] in {"failed", "interrupted"} and not running:
        reasons.append(
            f"the last run ({run['job']}) {'failed' if run['state'] == 'failed' else 'was interrupted'}: start it again"
        )
    old = oldest_pending is not None and now - oldest_pending > PENDING_AGE
    if pending > PENDING_LIMIT or (pending and old):
        reasons.append(
            f"{pending} captures wait to be read"
            + ("" if running else "; `borderwatch crawl` or `borderwatch run` reads them")
        )
    if stuck:
        reasons.append(f"{stuck} deliveries are stuck: `borderwatch alerts list` tells why")
    if dead:
        reasons.append(f"{dead} deliveries were given up: mend the channel, then `borderwatch alerts retry`")
    if reading_broken(aside_lately, read_lately):
        reasons.append(
            f"{aside_lately} of {read_lately} pages of the last day could not be read: see the log, mend the cause, then `borderwatch recrawl`"
        )
    if lost_file is not None:
        reasons.append(
            f"the archive file {lost_file} is missing: restore it beside the database (`borderwatch doctor` lists all)"
        )
    if disk_free_bytes < DISK_FREE_BYTES:
        reasons.append(
            f"only {disk_free_bytes // 2**20} MB of disk are free: make room, or move the data directory"
        )
    return tuple(reasons)


def reading_broken(set_aside: int, read: int) -> bool:
    """Whether so many pages could not be read that the fault is not the pages'."""
    return set_aside >= SET_ASIDE_FEWEST and set_aside > SET_ASIDE_SHARE * read
