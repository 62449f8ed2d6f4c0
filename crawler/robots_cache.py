"""robots.txt of each origin: from the table or the web, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from crawler.fetch import FetchError
from crawler.robots import RobotsRules, judge
from crawler.storethread import StoreThread
from storage.model import BorderwatchError, StoredRobots

logger = logging.getLogger(__name__)

MAX_ORIGINS_IN_MEMORY = 2_000
INLINE_CHARS = 4_096
UNREACHED_AGAIN = timedelta(seconds=60)
"""How soon a host that could not be reached at all is tried again: often it is our network or a proxy, and an hour
without a source would be long. (A robots.txt that answers 5xx keeps the hour of `crawler.robots`.)"""


class RobotsStore(Protocol):
    """Where answers are kept over restarts (`storage.hosts.HostTables`)."""

    def robots(self, origin: str) -> StoredRobots | None: ...
    def save_robots(self, robots: StoredRobots) -> None: ...


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What came for /robots.txt, behind its redirects; `error` where nothing came."""

    status: int | None
    body: bytes = b""
    content_type: str | None = None
    error: FetchError | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An origin's rules, and the error that kept its robots.txt from being fetched, if one did."""

    rules: RobotsRules
    error: FetchError | None = None
    until: datetime | None = None
    """When a host that could not be reached is tried again."""

    def holds(self, now: datetime) -> bool:
        """Whether this may still be used without asking again."""
        return self.rules.fresh(now) and (self.until is None or now < self.until)


class RobotsCache:
    """`fetch` asks an origin for its robots.txt; it is called once at a time for an origin."""

    def __init__(
        self,
        store: RobotsStore,
        thread: StoreThread,
        fetch: Callable[[str, str | None], Awaitable[RobotsAnswer]],
        wall: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._thread = thread
        self._fetch = fetch
        self._wall = wall
        self._known: dict[str, Known] = {}
        self._asking: dict[str, asyncio.Task[Known]] = {}

    async def rules(self, origin: str, proxy: str | None) -> Known:
        """The rules of an origin, not older than RFC 9309 allows. `proxy` is the way to it where it is asked."""
        known = self._known.get(origin)
        if known is not None and known.holds(self._wall()):
            return known
        task = self._asking.get(origin)
        if task is None:
            task = self._asking[origin] = asyncio.create_task(self._learn(origin, proxy))
            task.add_done_callback(lambda _: self._asking.pop(origin, None))
        return await asyncio.shield(task)

    async def _learn(self, origin: str, proxy: str | None) -> Known:
        # In a thread: a commit on the same connection may hold up the reading for as long as the disk takes.
        stored = await self._thread.run(partial(self._store.robots, origin))
        previous = rules_of(stored) if stored else None
        if (
            stored is not None
            and stored.status is not None
            and previous is not None
            and previous.fresh(self._wall())
        ):
            await _parse(previous, origin)
            return self._keep(origin, Known(previous))
        answer = await self._fetch(f"{origin}/robots.txt", proxy)
        now = self._wall()
        rules = judge(answer.status, answer.body, now, content_type=answer.content_type, previous=previous)
        await _parse(rules, origin)
        if answer.error is None or answer.error.kind not in {"shutdown", "postponed", "crawler", "proxy"}:
            row = StoredRobots(
                origin, now, answer.status, rules.body or None, rules.reason, rules.unreachable_since
            )
            try:
                await self._thread.run(partial(self._store.save_robots, row))
            except BorderwatchError as error:
                logger.warning("robots.txt of %s could not be saved: %s", origin, error)
            until = None if answer.error is None else now + UNREACHED_AGAIN
            return self._keep(origin, Known(rules, answer.error, until))
        return Known(rules, answer.error)  # says nothing about the origin: ask again next time

    def _keep(self, origin: str, known: Known) -> Known:
        if len(self._known) >= MAX_ORIGINS_IN_MEMORY:
            for old in list(self._known)[: MAX_ORIGINS_IN_MEMORY // 4]:
                del self._known[old]
        self._known[origin] = known
        return known

    async def close(self) -> None:
        """End what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _parse(rules: RobotsRules, origin: str) -> None:
    """Parse a long robots.txt away from the event loop: 500 KB take a second (measured)."""
    if len(rules.body) > INLINE_CHARS:
        await asyncio.to_thread(rules.allowed, f"{origin}/")


def rules_of(stored: StoredRobots) -> RobotsRules:
    """The rules that a stored answer makes."""
    body = stored.body or ""
    previous = None
    if stored.unreachable_since is not None:
        epoch = datetime.min.replace(tzinfo=UTC)
        previous = RobotsRules(
            "rules" if body else "disallow all", epoch, epoch, "", body, stored.unreachable_since
        )
    return judge(stored.status, body.encode(), stored.fetched_at, previous=previous)
