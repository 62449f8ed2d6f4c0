"""Lines that recur on a host's pages, counted over distinct pages: what tells boilerplate from text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.database import Database, rows, scalar, stamp

LINES_PER_PAGE = 400
"""Of a page so many lines are counted: longer pages are lists."""


def count_lines(db: Database, host: str, lines: Sequence[int], now: datetime) -> None:
    """Count a new page's line hashes (64 bits, signed), inside a write transaction."""
    if not host or not lines:
        return
    moment = stamp(now)
    db.conn.executemany(
        "INSERT INTO host_lines (host, line, pages, last_seen) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (host, line) DO UPDATE SET pages = pages + 1, last_seen = excluded.last_seen",
        ((host, line, moment) for line in set(lines[:LINES_PER_PAGE])),
    )
    db.execute(
        "INSERT INTO host_pages (host, pages) VALUES (?, 1) ON CONFLICT (host) DO UPDATE SET pages = pages + 1",
        (host,),
    )


def line_counts(db: Database, host: str) -> tuple[int, dict[int, int]]:
    """How many pages of a host were counted, and on how many each line that recurs stood."""
    pages = int(scalar(db, "SELECT pages FROM host_pages WHERE host = ?", (host,)) or 0)
    found = rows(db, "SELECT line, pages FROM host_lines WHERE host = ? AND pages > 1", (host,))
    return pages, {row["line"]: row["pages"] for row in found}


def forget_rare_lines(db: Database, before: datetime) -> int:
    """Delete lines that stood on one page only and were not seen since; returns how many."""
    return db.execute("DELETE FROM host_lines WHERE pages = 1 AND last_seen < ?", (stamp(before),)).rowcount
