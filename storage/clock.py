"""When this machine's clock is set back: what was due at a time that is now hours away is due when it was meant."""

from __future__ import annotations

from storage.database import Database

_TIMES = (
    ("sources", "next_check"),
    ("sources", "not_before"),
    ("entries", "next_try"),
    ("deliveries", "next_try"),
    ("hosts", "not_before"),
)
"""Waits that are kept as points in time. Times of things that happened are left as they were written."""


def shift_waits(db: Database, seconds: float) -> None:
    """Move every wait by so many seconds, inside a write transaction."""
    for table, column in _TIMES:
        db.execute(
            f"UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, ?) WHERE {column} IS NOT NULL",
            (f"{seconds:+.3f} seconds",),
        )
