"""The deliverer's own connection, in a thread of its own: a writer that waits for the lock never stops the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from storage.alerts import Settled, settle
from storage.database import Database

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Runs storage functions one after the other; settlements that come meanwhile share one transaction."""

    def __init__(self, open_database: Callable[[], Database]) -> None:
        self._open = open_database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="alert-store")
        self._db: Database | None = None
        self._waiting: list[tuple[Settled, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def call(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`function(db, …)` in the store's thread."""

        def work() -> T:
            if self._db is None:
                self._db = self._open()
            return function(self._db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def settle(self, outcome: Settled) -> None:
        """Write an outcome; returns when it is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, done))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    await self.call(settle, [outcome for outcome, _ in batch])
                except Exception as fault:  # noqa: BLE001 - each waiting send learns of it, and its claim is given back
                    for _, done in batch:
                        if not done.done():
                            done.set_exception(fault)
                else:
                    for _, done in batch:
                        if not done.done():
                            done.set_result(None)
        finally:
            self._flusher = None

    async def close(self) -> None:
        """Finish what is queued and close the connection."""

        def close() -> None:
            if self._db is not None:
                self._db.conn.close()
                self._db = None

        if self._flusher is not None:
            await asyncio.shield(self._flusher)
        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown(wait=False)
