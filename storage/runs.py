"""Runs: one row an execution of a job, with its counts and errors."""

from __future__ import annotations

import json
from datetime import datetime

from storage.database import Database, Row, first, rows, stamp, write_transaction

ERRORS_KEPT = 200
"""Of a run's errors as many are kept; a run with more says so in its counts."""


def start_run(db: Database, job: str, pid: int, now: datetime) -> int:
    """Note that a job begins; returns the run's id."""
    with write_transaction(db):
        cursor = db.execute("INSERT INTO runs (job, pid, started) VALUES (?, ?, ?)", (job, pid, stamp(now)))
    return int(cursor.lastrowid or 0)


def finish_run(
    db: Database, run_id: int, state: str, counts: dict[str, int], errors: list[str], now: datetime
) -> None:
    """Note how a job ended: state `ok`, `errors`, `failed` or `interrupted`."""
    with write_transaction(db):
        db.execute(
            "UPDATE runs SET finished = ?, state = ?, counts = ?, errors = ? WHERE id = ?",
            (
                stamp(now),
                state,
                json.dumps(counts),
                json.dumps(errors[:ERRORS_KEPT], ensure_ascii=False),
                run_id,
            ),
        )


def void_runs(db: Database) -> None:
    """Runs that a dead process left open are `interrupted`. Called inside a write transaction at a start."""
    db.execute("UPDATE runs SET state = 'interrupted' WHERE state = 'running'")


def last_runs(db: Database, limit: int = 10) -> list[Row]:
    """The newest runs first, counts and errors parsed."""
    found = rows(db, "SELECT * FROM runs ORDER BY id DESC LIMIT ?", (limit,))
    return [_parsed(row) for row in found]


def last_run(db: Database) -> Row | None:
    """The newest run, or None."""
    row = first(db, "SELECT * FROM runs ORDER BY id DESC LIMIT 1")
    return _parsed(row) if row else None


def _parsed(row: Row) -> Row:
    return {**row, "counts": json.loads(row["counts"]), "errors": json.loads(row["errors"])}
