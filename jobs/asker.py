"""One question at a time to the crawler: submit a job, get its answer, store nothing."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from crawler.engine import Engine, EngineOptions
from crawler.fetch import Answer, PageAnswer, PageJob, SourceAnswer, SourceJob
from crawler.hosts import HostStore
from crawler.robots_cache import Known, RobotsStore
from storage.model import Source


class Asker:
    """`async with Asker(options, robots_store, host_store) as asker:` the engine with awaitable answers."""

    def __init__(self, options: EngineOptions, robots_store: RobotsStore, host_store: HostStore) -> None:
        self._engine = Engine(options, self._take, robots_store, host_store)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    async def __aenter__(self) -> Self:
        await self._engine.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.close()

    async def _take(self, answer: Answer) -> None:
        waiting = self._waiting.pop(id(answer.job), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def _ask(self, job: SourceJob | PageJob) -> Answer:
        self._waiting[id(job)] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[id(job)]
        self._engine.submit(job)
        return await waiting

    async def listing(self, source: Source) -> SourceAnswer:
        """What a source answers."""
        answer = await self._ask(SourceJob(source))
        assert isinstance(answer, SourceAnswer)
        return answer

    async def page(self, url: str, source: Source) -> PageAnswer:
        """What an entry's page answers."""
        answer = await self._ask(PageJob(0, url, source.name, proxy=source.proxy, render=source.render))
        assert isinstance(answer, PageAnswer)
        return answer

    async def robots(self, source: Source) -> Known:
        """What the robots.txt of a source's site says."""
        return await self._engine.robots(source.url, source.proxy)
