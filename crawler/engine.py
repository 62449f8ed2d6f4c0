"""The long-lived crawler: jobs in, one answer each out.

    engine = Engine(EngineOptions(user_agent=user_agent("0.1.0", contact)), on_answer, tables, tables)
    await engine.start()                       # on the loop that runs; Scrapy uses that loop as its reactor
    await engine.put(PageJob(...))             # waits while `max_open_jobs` are open; `submit` does not wait
    await engine.idle()                        # every job so far is answered
    await engine.close()                       # in under 5 s; what is open is answered with `shutdown`

`on_answer` is awaited once for each job with its `SourceAnswer` or `PageAnswer`, also where robots.txt forbids,
the spider fails, or the crawler dies (it is started again, and what it had out is fetched again). An exception in
`on_answer` is logged and counted in `Engine.lost_answers`; it does not stop the engine. Bodies count against a
limit until `on_answer` returns, so a slow taker slows the fetching, not the memory.

`robots_store` and `host_store` are `storage.hosts.HostTables` over a connection of its own (they are written from
a thread).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from scrapy.crawler import AsyncCrawlerRunner, Crawler

from crawler.fetch import Answer, FetchError, Job, PageAnswer, PageJob, SourceAnswer
from crawler.follow import Follower
from crawler.hops import origin_of, wire_url
from crawler.hosts import HostStore, Lanes
from crawler.jobs import fetch_page, fetch_source
from crawler.options import EngineOptions, scrapy_settings, user_agent
from crawler.reactor import allow_open_files, use_running_loop
from crawler.robots_cache import Known, RobotsStore
from crawler.spiders.desk import Desk
from crawler.spiders.failures import FetchFailedError
from crawler.spiders.news import NewsSpider
from crawler.spiders.unpack import ACCEPT_ENCODING
from crawler.storethread import StoreThread
from storage.model import BorderwatchError, now_utc

__all__ = ["Engine", "EngineOptions", "user_agent"]

logger = logging.getLogger(__name__)

HELD_BYTES = 64 * 1024 * 1024
"""Most bytes of bodies that wait for `on_answer` before new jobs pause."""
START_LIMIT_S = 20.0
CLOSE_LIMIT_S = 4.0
_CLOSED = FetchError("shutdown", "the crawler was closed")


class Engine:
    """See the module's text."""

    def __init__(
        self,
        options: EngineOptions,
        on_answer: Callable[[Answer], Awaitable[None]],
        robots_store: RobotsStore,
        host_store: HostStore,
        *,
        wall: Callable[[], datetime] = now_utc,
    ) -> None:
        self.options = options
        self.restarts = 0
        self.lost_answers = 0
        self._on_answer = on_answer
        self._robots_store = robots_store
        self._host_store = host_store
        self._wall = wall
        self._closing = False
        self._fetching: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_jobs = 0
        self._held_bytes = 0

    async def start(self) -> None:
        """Start the crawler on the running loop. Raises `BorderwatchError` where it does not come up."""
        use_running_loop()
        allow_open_files()
        self._desk = Desk()
        self._thread = StoreThread()
        self._lanes = Lanes(
            self._host_store,
            await self._thread.run(self._host_store.pauses),
            self._thread,
            delay_s=self.options.host_delay_s,
            max_wait_s=self.options.max_wait_s,
            wall=self._wall,
        )
        self._follower = Follower(
            self._desk,
            self._lanes,
            self._robots_store,
            self._thread,
            base_headers=(
                ("User-Agent", self.options.user_agent),
                ("Accept-Encoding", ACCEPT_ENCODING),
            ),
            concurrency=self.options.concurrency,
            timeout_s=self.options.timeout_s,
            wall=self._wall,
            environment=self.options.environment,
        )
        self._places = asyncio.Semaphore(self.options.max_open_jobs)
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.crawler: Crawler | None = None
        self._keeper = asyncio.create_task(self._keep_crawling(), name="crawler")
        self._saver = asyncio.create_task(self._lanes.keep_saving(), name="host pauses")
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await self._desk.opened.wait()
        except TimeoutError as fault:
            raise BorderwatchError("The crawler did not start; its log says why.") from fault

    @property
    def open_jobs(self) -> int:
        """Jobs without an answer."""
        return self._open_jobs

    async def robots(self, url: str, proxy: str | None = None) -> Known:
        """What the robots.txt that holds for an address says, asked for where it is not known."""
        return await self._follower.robots.rules(origin_of(wire_url(url)), proxy)

    async def post_form(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Send a form past the same checks; returns status and text of the answer. Raises `BorderwatchError`."""
        try:
            download = await self._follower.post_form(url, form)
        except FetchFailedError as failure:
            raise BorderwatchError(f"{url}: {failure}") from failure
        return download.status, download.body.decode("utf-8", "replace")

    async def put(self, job: Job) -> None:
        """Submit a job, waiting while too many are open."""
        await self._places.acquire()
        self._begin(job, held=True)

    def submit(self, job: Job) -> None:
        """Submit a job at once, however many are open."""
        self._begin(job, held=False)

    def _begin(self, job: Job, *, held: bool) -> None:
        if self._closing:
            if held:
                self._places.release()
            raise BorderwatchError("The crawler is closing and takes no more jobs.")
        self._open_jobs += 1
        self._quiet.clear()
        task = asyncio.create_task(self._run(job, held=held))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until every job has been answered."""
        await self._quiet.wait()

    async def _run(self, job: Job, *, held: bool) -> None:
        size = 0
        try:
            answer = await self._answer(job)
            size = _size(answer)
            self._hold(size)
            await self._on_answer(answer)
        except Exception:
            self.lost_answers += 1
            logger.exception("an answer could not be taken: %s", job)
        finally:
            self._hold(-size)
            if held:
                self._places.release()
            self._open_jobs -= 1
            if not self._open_jobs:
                self._quiet.set()

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        if self._held_bytes > HELD_BYTES:
            self._roomy.clear()
        else:
            self._roomy.set()

    async def _answer(self, job: Job) -> Answer:
        begun = time.monotonic()
        task = asyncio.current_task()
        assert task is not None
        self._fetching.add(
            task
        )  # `close` cancels these; a task that has not begun yet sees `_closing` instead
        try:
            if self._closing:
                raise FetchFailedError(_CLOSED)
            await self._roomy.wait()
            if isinstance(job, PageJob):
                return await fetch_page(self._follower, job, self.options.page_max_bytes, self._wall)
            return await fetch_source(self._follower, job, self.options.listing_max_bytes, self._wall)
        except FetchFailedError as failure:
            error = failure.error
        except asyncio.CancelledError:
            task.uncancel()
            error = _CLOSED
        except Exception as fault:
            logger.exception("the crawler failed on %s", job)
            error = FetchError("crawler", f"{type(fault).__name__}: {fault}"[:300])
        finally:
            self._fetching.discard(task)
        duration_s = time.monotonic() - begun
        if isinstance(job, PageJob):
            return PageAnswer(job, None, error, duration_s=duration_s)
        return SourceAnswer(job, error.status, self._wall(), error=error, duration_s=duration_s)

    async def _keep_crawling(self) -> None:
        """Keep one crawler running until the engine closes."""
        runner = AsyncCrawlerRunner(scrapy_settings(self.options))
        task = asyncio.current_task()
        while True:
            begun = time.monotonic()
            self.crawler = runner.create_crawler(NewsSpider)
            try:
                await runner.crawl(self.crawler, desk=self._desk)
            except Exception:
                logger.exception("the crawler failed")
            # Scrapy swallows the cancellation of the task that waits for it: look at the count.
            if self._closing or (task is not None and task.cancelling()):
                return
            self._desk.opened.clear()
            self.restarts += 1
            logger.warning("the crawler ended by itself (%s); it is started again", _reason(self.crawler))
            self._desk.recover()
            await asyncio.sleep(0 if time.monotonic() - begun > 10 else 0.2)

    async def close(self) -> None:
        """Answer what is open with `shutdown`, close every connection and write the hosts' pauses."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._close()
        except TimeoutError:
            logger.warning("the crawler did not close within %g s and was dropped", CLOSE_LIMIT_S)
            self._keeper.cancel()
        await self._thread.close()  # whatever the limit: who called may close the connection next

    async def _close(self) -> None:
        for task in tuple(self._fetching):
            task.cancel()
        self._desk.abort()
        await self._quiet.wait()
        await self._follower.robots.close()
        while not self._keeper.done():
            if self._desk.opened.is_set() and self.crawler is not None:  # before that, stopping does nothing
                await self.crawler.stop_async()
            await asyncio.wait({self._keeper}, timeout=0.05)
        self._saver.cancel()
        await asyncio.gather(self._saver, return_exceptions=True)
        await self._lanes.save()


def _size(answer: Answer) -> int:
    if isinstance(answer, PageAnswer):
        return len(answer.capture.body) if answer.capture else 0
    return len(answer.body) + sum(len(child.body) for child in answer.children)


def _reason(crawler: Crawler) -> Any:
    try:
        return crawler.stats.get_value("finish_reason")
    except RuntimeError:
        return None
