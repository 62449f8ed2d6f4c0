"""The one thread in which the crawler reads and writes what it remembers of hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class StoreThread:
    """Keeps the disk off the event loop, and tells when nothing uses the connection any more.

    A call goes on in its thread when the task that waits for it is cancelled. Closing the connection then crashes
    the process (SQLite frees what the thread still uses; seen as a segmentation fault), so `close` waits.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="host tables")

    async def run(self, call: Callable[[], T]) -> T:
        """Call in the thread, after what was asked before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def close(self) -> None:
        """Return when the last call has ended."""
        await asyncio.to_thread(self._pool.shutdown)
