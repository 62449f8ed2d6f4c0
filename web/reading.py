"""Connections that only read: a few, opened when first needed, lent to the threads that answer requests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock

from storage.database import Database, StorageError, explain, open_database

READERS = 4
"""More than the two cores could use at once; each holds a cache of pages."""
WAIT_S = 5.0
BUSY_TIMEOUT_MS = 1_500
"""A page that waits longer than this for a lock says so instead."""


class ReadPool:
    """Lends read-only connections to the database at `path`; usable from any thread."""

    def __init__(self, path: Path, size: int = READERS) -> None:
        self.path = path
        self._free: LifoQueue[Database] = LifoQueue()
        self._unopened = size
        self._lock = Lock()

    @contextmanager
    def lease(self) -> Iterator[Database]:
        """A connection for the length of the block. Raises StorageError with the remedy."""
        db = self._take()
        try:
            yield db
        except sqlite3.Error as fault:
            self._drop(db)
            raise explain(fault, self.path) from fault
        except BaseException:
            self._free.put(db)
            raise
        self._free.put(db)

    def close(self) -> None:
        """Close what is not lent out."""
        while True:
            try:
                self._free.get_nowait().conn.close()
            except Empty:
                return

    def _take(self) -> Database:
        try:
            return self._free.get_nowait()
        except Empty:
            pass
        with self._lock:
            opening = self._unopened > 0
            self._unopened -= opening
        if opening:
            try:
                return open_reader(self.path)
            except BaseException:
                with self._lock:
                    self._unopened += 1
                raise
        try:
            return self._free.get(timeout=WAIT_S)
        except Empty:
            raise StorageError(
                "The page is busy: every reader was in use for 5 s. Try again in a moment."
            ) from None

    def _drop(self, db: Database) -> None:
        db.conn.close()
        with self._lock:
            self._unopened += 1


def open_reader(path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """A read-only connection that gives up on locks sooner than a writer does. Raises StorageError."""
    db = open_database(path, readonly=True, busy_timeout_ms=busy_timeout_ms)
    try:
        db.conn.execute("SELECT 1 FROM desk_stories LIMIT 1")
    except sqlite3.Error as fault:
        db.conn.close()
        if "no such table" in str(fault):
            raise StorageError(
                f"{path}: written by an older version. Start `borderwatch run` once, which brings it up to date."
            ) from fault
        raise explain(fault, path) from fault
    return db
