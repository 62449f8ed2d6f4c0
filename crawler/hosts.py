"""Politeness: one request at a time to a host, its delay between two, and pauses that survive restarts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from crawler.storethread import StoreThread
from storage.model import BorderwatchError, Pause

logger = logging.getLogger(__name__)

FLUSH_S = 0.5
"""Pauses are written at most this often. A restart takes longer than a usual delay lasts anyway."""
LONG_PAUSE_S = 2.0
"""A pause of at least this is written at once."""
WORTH_WRITING_S = 0.2


class HostStore(Protocol):
    """Where pauses are kept (`storage.hosts.HostTables`)."""

    def pauses(self) -> Mapping[str, datetime]: ...
    def pause(self, pauses: Iterable[Pause], now: datetime) -> None: ...


class PostponedError(Exception):
    """The host may not be asked for another `wait_s` seconds, longer than the job may wait."""

    def __init__(self, host: str, wait_s: float) -> None:
        super().__init__(f"{host} asked for a pause of another {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(slots=True)
class _Lane:
    ready_at: float
    """Monotonic seconds."""
    delay_s: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Lanes:
    """One lane a host; `known` are the pauses of an earlier process. `turn` waits in line, then for the host's delay; the next one's delay starts when it ends."""

    def __init__(
        self,
        store: HostStore,
        known: Mapping[str, datetime],
        thread: StoreThread,
        *,
        delay_s: float,
        max_wait_s: float,
        wall: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._known = known
        self._thread = thread
        self._delay_s = delay_s
        self._max_wait_s = max_wait_s
        self._wall = wall
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._unsaved: dict[str, tuple[float, str]] = {}
        self._wake = asyncio.Event()

    def _lane(self, host: str) -> _Lane:
        lane = self._lanes.get(host)
        if lane is None:
            if len(self._lanes) > 10_000:
                self._forget_idle()
            until = self._known.get(host)
            wait_s = (until - self._wall()).total_seconds() if until else 0.0
            lane = self._lanes[host] = _Lane(self._clock() + max(0.0, wait_s), self._delay_s)
        return lane

    def _forget_idle(self) -> None:
        now = self._clock()
        for host in [host for host, lane in self._lanes.items() if not lane.waiting and lane.ready_at < now]:
            del self._lanes[host]

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """The host is ours inside. Raises `PostponedError` where it would take longer than `max_wait_s` from here."""
        lane = self._lane(host)
        lane.waiting += 1
        try:
            async with lane.lock:
                while (wait_s := lane.ready_at - self._clock()) > 0:
                    if wait_s > self._max_wait_s:
                        raise PostponedError(host, wait_s)
                    await asyncio.sleep(wait_s)
                self._reserve(host, lane)
                try:
                    yield
                finally:
                    self._reserve(host, lane)
        finally:
            lane.waiting -= 1

    def _reserve(self, host: str, lane: _Lane) -> None:
        self._until(host, lane, self._clock() + lane.delay_s, "delay")

    def _until(self, host: str, lane: _Lane, ready_at: float, reason: str) -> None:
        lane.ready_at = max(lane.ready_at, ready_at)
        wait_s = lane.ready_at - self._clock()
        if wait_s >= WORTH_WRITING_S:
            self._unsaved[host] = (lane.ready_at, reason)
            if wait_s >= LONG_PAUSE_S:
                self._wake.set()

    def raise_delay(self, host: str, delay_s: float | None) -> None:
        """A robots.txt asks for at least this delay (`Crawl-delay`); None takes the wish back."""
        lane = self._lane(host)
        lane.delay_s = max(self._delay_s, delay_s or 0.0)

    def pause(self, host: str, wait_s: float, reason: str) -> None:
        """The host asked for a pause (`Retry-After`)."""
        self._until(host, self._lane(host), self._clock() + wait_s, reason)

    async def keep_saving(self) -> None:
        """Write pauses until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), FLUSH_S)
            self._wake.clear()
            await self.save()

    async def save(self) -> None:
        """Write the pauses that changed, in a thread: a writer may have to wait for another process."""
        unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return
        now, clock = self._wall(), self._clock()
        pauses = [
            Pause(host, now + timedelta(seconds=ready_at - clock), reason)
            for host, (ready_at, reason) in unsaved.items()
        ]
        try:
            await self._thread.run(partial(self._store.pause, pauses, now))
        except BorderwatchError as error:
            logger.warning("pauses of hosts could not be saved: %s", error)
            self._unsaved = unsaved | self._unsaved
