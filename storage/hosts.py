"""What is remembered of hosts over restarts: robots.txt by origin, and when each may be asked again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

from storage.database import Database, first, parse_stamp, rows, stamp, write_transaction
from storage.model import Pause, StoredRobots


class HostTables:
    """The tables `robots` and `hosts`, over a connection of their own: the crawler writes from a thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        # Threads of a pool write: the connection takes one transaction at a time.
        self._one = threading.Lock()

    def robots(self, origin: str) -> StoredRobots | None:
        """What is known of an origin's robots.txt, however old."""
        with self._one:
            row = first(self._db, "SELECT * FROM robots WHERE origin = ?", (origin,))
        if row is None:
            return None
        since = row["unreachable_since"]
        return StoredRobots(
            origin,
            parse_stamp(row["fetched_at"]),
            row["status"],
            row["body"],
            row["error"],
            parse_stamp(since) if since else None,
        )

    def save_robots(self, robots: StoredRobots) -> None:
        """Replace an origin's row, in its own transaction."""
        since = robots.unreachable_since
        with self._one, write_transaction(self._db) as db:
            db.execute(
                "INSERT OR REPLACE INTO robots (origin, fetched_at, status, body, error, unreachable_since)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    robots.origin,
                    stamp(robots.fetched_at),
                    robots.status,
                    robots.body,
                    robots.error,
                    stamp(since) if since else None,
                ),
            )

    def pauses(self) -> dict[str, datetime]:
        """When each host may be asked again, where that is known."""
        with self._one:
            found = rows(self._db, "SELECT host, not_before FROM hosts")
        return {row["host"]: parse_stamp(row["not_before"]) for row in found}

    def pause(self, pauses: Iterable[Pause], now: datetime) -> None:
        """Remember pauses and forget those that are over, in one transaction."""
        with self._one, write_transaction(self._db) as db:
            db.execute("DELETE FROM hosts WHERE not_before < ?", (stamp(now),))
            db.conn.executemany(
                "INSERT OR REPLACE INTO hosts (host, not_before, reason) VALUES (?, ?, ?)",
                [(pause.host, stamp(pause.not_before), pause.reason) for pause in pauses],
            )
