"""The one thread that writes: transactions wait for the disk there, so that the event loop never does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from storage.database import Database, explain, path_of, write_transaction

T = TypeVar("T")


class Writer:
    """A database connection behind a single thread; actions run one after the other, each in a write transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def write(self, action: Callable[[Database], T]) -> T:
        """Run an action in one transaction. Raises StorageError (with the remedy) where the database fails."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, action)

    async def read(self, action: Callable[[Database], T]) -> T:
        """Run a reading action on the same connection, between two transactions."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._plain, action)

    def close(self) -> None:
        """Finish what was handed over, then close the connection."""
        self._thread.shutdown(wait=True)
        self._db.close()

    def _transaction(self, action: Callable[[Database], T]) -> T:
        with write_transaction(self._db) as db:
            return action(db)

    def _plain(self, action: Callable[[Database], T]) -> T:
        try:
            return action(self._db)
        except sqlite3.OperationalError as fault:
            raise explain(fault, path_of(self._db)) from fault
