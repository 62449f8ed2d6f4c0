"""Live updates: one look at the database twice a second, told to every open page by server-sent events.

`PRAGMA data_version` tells in microseconds whether another connection committed anything; only then are the newest
ids read. This works whoever writes: the service around the page, or a crawl started by cron.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from storage.database import Database
from storage.model import BorderwatchError
from storage.views.stories import newest
from web.reading import open_reader

POLL_S = 0.5
LOOK_TIMEOUT_MS = 20
"""The look is taken in the event loop: it gives up on a lock at once, and looks again."""
HEARTBEAT_S = 15.0
MAX_LISTENERS = 200

log = structlog.get_logger(__name__)


class Hub:
    """Watches the database at `path` and wakes listeners; `version` changes whenever stored data may have."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = 0
        self.own = 0
        """How often something was written through this page."""
        self.closed = asyncio.Event()
        self._listeners: set[asyncio.Queue[str]] = set()
        self._db: Database | None = None
        self._data_version = -1
        self._newest = (0, 0, 0)

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    async def run(self) -> None:
        """Look until `close`."""
        while not self.closed.is_set():
            self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closed.wait(), POLL_S)
        if self._db is not None:
            self._db.conn.close()

    def close(self) -> None:
        """End every stream and the watch."""
        self.closed.set()
        for queue in self._listeners:
            _put(queue, "")

    def touch(self) -> None:
        """Something was written through this process: whatever was kept of earlier answers is stale."""
        self.version += 1
        self.own += 1

    def look(self) -> None:
        """One look; tells the listeners where there is news. A missing or locked database is looked for again."""
        try:
            if self._db is None:
                self._db = open_reader(self.path, busy_timeout_ms=LOOK_TIMEOUT_MS)
            current = int(self._db.conn.execute("PRAGMA data_version").fetchone()[0])
            if current == self._data_version:
                return
            first_look = self._data_version == -1
            self._data_version = current
            self.version += 1
            found = newest(self._db)
        except (sqlite3.Error, BorderwatchError) as fault:
            if self._db is not None:
                log.warning("web.database_unreadable", error=str(fault))
                self._db.conn.close()
            self._db = None
            self._data_version = -1
            return
        changed = found != self._newest
        self._newest = found
        if changed and not first_look:
            self.tell({"matches": found[0], "judgements": found[1], "revisions": found[2]})

    def tell(self, news: dict[str, int]) -> None:
        """Send an event to every listener; one that does not keep up loses the oldest."""
        text = f"event: news\ndata: {json.dumps(news)}\n\n"
        for queue in self._listeners:
            _put(queue, text)

    async def listen(self) -> AsyncIterator[str]:
        """The text of an event stream (WHATWG HTML section 9.2), until the hub closes or the reader leaves."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=8)
        self._listeners.add(queue)
        try:
            yield "retry: 2000\n: hello\n\n"
            while not self.closed.is_set():
                try:
                    text = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    text = ": still here\n\n"
                if text:
                    yield text
        finally:
            self._listeners.discard(queue)


def _put(queue: asyncio.Queue[str], text: str) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(text)
