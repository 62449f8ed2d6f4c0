"""The running parts, put together once for `crawl`, `run` and the demo.

    async with Machine(config, data_dir, "crawl") as machine:
        await machine.resume()
        await machine.check(await machine.claim_due())
        await machine.settled()

The crawler fetches, `Intake` archives and queues, `Pipeline` reads and records, the deliverer sends. All of them
restart from the tables: leaving the block at any point loses nothing.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog

from crawler.engine import Engine, EngineOptions, user_agent
from crawler.fetch import Answer, Job, SourceJob
from crawler.spiders.netguard import is_public, literal_address
from jobs.alerts.outbox import AlertPolicy
from jobs.config.models import Config
from jobs.health import MOVE_SIGHTINGS
from jobs.intake import Intake
from jobs.lock import DirectoryLock
from jobs.metrics import Metrics
from jobs.pipeline import Pipeline
from jobs.reading import ReaderPool, Topics
from jobs.record import Outcome, Recording
from jobs.version import program_version
from jobs.writer import Writer
from storage.archive import Archive
from storage.captures import pending_captures
from storage.database import DATABASE_NAME, Row, now_utc, open_database, write_transaction
from storage.hosts import HostTables
from storage.model import BorderwatchError, Source, UsageError, Validators
from storage.runs import void_runs
from storage.sources import claim_due, claim_named, sync_sources, void_claims

CLAIM_S = 600.0
"""A claim that is not answered within ten minutes is void: longer than any listing may take with all its retries."""

RESUME_CHUNK = 500

log = structlog.get_logger("machine")


def topics_of(config: Config) -> Topics:
    """The topic files of a configuration."""
    return Topics(config.topics, config.base_dir)


def require_contact(config: Config, sources: Iterable[Source]) -> None:
    """Public sources are crawled only with a contact in the User-Agent; raises UsageError with the line to add."""
    if config.service.contact:
        return
    public = [source.name for source in sources if _is_public_host(urlsplit(source.url).hostname or "")]
    if public:
        raise UsageError(
            f"{config.path or 'the configuration'}: service.contact is not set, and {public[0]} is a public source. Publishers must be able to"
            ' reach you: add contact = "you@example.org" under [service].'
        )


def _is_public_host(host: str) -> bool:
    address = literal_address(host)
    return host != "localhost" if address is None else is_public(address)


class Machine:
    """Holds a data directory: lock, database, archive, workers, crawler. See the module's text."""

    def __init__(
        self, config: Config, data_dir: Path, job: str, *, policy: AlertPolicy, on_recorded: Callable[[Outcome], None] | None = None,
        on_answer: Callable[[Answer], None] | None = None, metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        self.data_dir = data_dir
        self.database_path = data_dir / DATABASE_NAME
        self.archive_dir = data_dir / "archive"
        self.started = time.monotonic()
        self._job = job
        self._policy = policy
        self._on_recorded = on_recorded
        self.metrics = metrics or Metrics()
        self.on_alert: Callable[[], None] = lambda: None
        """Called after the commit of each alert; set it to wake the deliveries."""
        self._on_answer = on_answer
        self._lock = DirectoryLock(data_dir, job)
        self._closers: list[Callable[[], object]] = []

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _open(self) -> None:
        self._alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closers.append(self._alarm.cancel)
        config, service = self.config, self.config.service
        self.sources = {source.name: source for source in config.source_records if source.enabled}
        require_contact(config, self.sources.values())
        topics = topics_of(config)
        topics.load()  # a fault ends the start here and not in every worker
        self._lock.acquire()
        self._closers.append(self._lock.release)
        db = open_database(self.database_path)
        with write_transaction(db):
            void_claims(db)
            void_runs(db)
            sync_sources(db, self.sources.values(), now_utc())
        self.archive = Archive(self.archive_dir, software=f"borderwatch/{program_version()}")
        self.writer = Writer(db)
        self._closers.append(self.writer.close)
        self._closers.append(self.archive.close)
        self.pool = ReaderPool(service.workers, service.read_timeout, topics)
        self._closers.append(self.pool.close)
        recording = Recording(self._policy, self.sources)
        self.pipeline = Pipeline(
            self.writer, self.pool, self.archive_dir, recording, self._recorded, self._sound
        )
        self.pipeline.start()
        self._closers.append(self.pipeline.close)
        self.intake = Intake(
            self.writer, self.archive, self.pool, self._fetch, self.pipeline.submit, service.requests_per_day
        )
        self.intake.sources = self.sources
        await self.writer.read(self.intake.learn_rhythm)
        tables = open_database(self.database_path)
        self._closers.append(tables.close)
        hosts = HostTables(tables)
        options = EngineOptions(
            user_agent=user_agent(program_version(), service.contact or ""), allow_networks=service.allow_networks, host_delay_s=service.host_delay,
        )  # fmt: skip
        self.engine = Engine(options, self._accept, hosts, hosts)
        await self.engine.start()
        self._closers.append(self.engine.close)

    async def _close(self) -> None:
        """Stop in the reverse order of the start."""
        while self._closers:
            stopped = self._closers.pop()()
            if isinstance(stopped, Awaitable):
                await stopped

    def _fetch(self, job: Job) -> None:
        self.engine.submit(job)

    def _recorded(self, outcome: Outcome) -> None:
        if outcome.alert_ids:
            self.on_alert()
        self.metrics.counted(outcome.counts)
        for published, seen, alerted_at in outcome.delays:
            self.metrics.article(published, seen, alerted_at)
        if self._on_recorded is not None:
            self._on_recorded(outcome)

    async def _accept(self, answer: Answer) -> None:
        self.metrics.answered(answer)
        try:
            await self.intake.accept(answer)
        except BorderwatchError as fault:
            # A full disk, a lost database: nothing more can be taken in. What was fetched is listed still.
            self._sound(fault)
            return
        if self._on_answer is not None:
            self._on_answer(answer)

    async def resume(self) -> int:
        """Read what an earlier process captured and did not get to read; returns how many captures."""
        last, count = 0, 0
        while True:
            waiting = await self.writer.read(lambda db, last=last: pending_captures(db, RESUME_CHUNK, last))  # type: ignore[misc]
            if not waiting:
                return count
            await self.pipeline.submit(waiting)
            last, count = waiting[-1]["id"], count + len(waiting)

    async def claim_due(self, limit: int = 100_000) -> list[Row]:
        """Lease the sources that are due now."""
        now = now_utc()
        return await self.writer.write(
            lambda db: claim_due(
                db, now, owner=self._owner, until=now + timedelta(seconds=CLAIM_S), limit=limit
            )
        )

    async def claim_named(self, names: Sequence[str] | None) -> list[Row]:
        """Lease the named sources, or every one, whatever their due time."""
        now = now_utc()
        return await self.writer.write(
            lambda db: claim_named(db, names, now, owner=self._owner, until=now + timedelta(seconds=CLAIM_S))
        )

    @property
    def _owner(self) -> str:
        return f"{self._job}:{os.getpid()}"

    def check(self, claimed: Iterable[Row]) -> int:
        """Hand claimed sources to the crawler; returns how many."""
        count = 0
        for row in claimed:
            source = self.sources.get(row["name"])
            if source is not None:
                self.engine.submit(
                    SourceJob(
                        source,
                        Validators(row["etag"], row["last_modified"]),
                        row["moved_url"] if row["moved_sightings"] >= MOVE_SIGHTINGS else None,
                    )
                )
                count += 1
        return count

    @property
    def open_checks(self) -> int:
        """Jobs that the crawler has not answered yet."""
        return self.engine.open_jobs

    def _sound(self, fault: BaseException) -> None:
        if not self._alarm.done():
            self._alarm.set_exception(fault)

    async def alarm(self) -> None:
        """Wait until nothing more can be stored (a full disk, a damaged database), and raise why."""
        await asyncio.shield(self._alarm)

    async def settled(self) -> None:
        """Wait until every job is answered and everything captured is recorded; raises what `alarm` does."""
        works = [asyncio.ensure_future(self._all_recorded()), asyncio.ensure_future(self.alarm())]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in done:
                work.result()
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _all_recorded(self) -> None:
        await self.engine.idle()
        await self.pipeline.settled()
