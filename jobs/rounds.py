"""What the service does now and then: judge its health, ping the heartbeat, notice changed files, tidy up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

import aiohttp
import structlog

from jobs import health
from jobs.alerts.feeds import refresh_feeds
from jobs.alerts.notices import Notice, post_notice
from jobs.alerts.outbox import AlertPolicy
from jobs.config.channels import resolve_secret
from jobs.config.models import Config
from jobs.machine import Machine, topics_of
from jobs.status import gather_status
from storage.database import Database, now_utc, parse_stamp, scalar
from storage.hostlines import forget_rare_lines
from storage.model import UsageError
from storage.sources import source_rows

LINES_KEPT = timedelta(days=60)
PING_TIMEOUT_S = 10.0

log = structlog.get_logger("rounds")


class Rounds:
    """The service's housekeeping. `poke` wakes the deliveries for a notice to the operator."""

    def __init__(
        self, config: Config, machine: Machine, policy: AlertPolicy, poke: Callable[[], None]
    ) -> None:
        self._config = config
        self._machine = machine
        self._policy = policy
        self._poke = poke
        self._topics = topics_of(config).load().version
        self._refused: str | None = None
        self._told: health.Told | None = None

    async def judge(self) -> None:
        """Judge health; ping the heartbeat where all is well; tell the operator where it is not."""
        await self.notice_topics()
        await self._machine.writer.read(self._machine.intake.learn_rhythm)
        await asyncio.to_thread(
            refresh_feeds, self._machine.database_path, self._machine.data_dir, self._config.web.base_url
        )
        status = await self._machine.writer.read(
            lambda db: gather_status(db, self._machine.data_dir, now_utc())
        )
        await self._judge_sources()
        self._machine.metrics.now(
            queues={"captures": status.pending_captures, "entries": status.waiting_entries, "deliveries": status.undelivered},
            sources=status.source_states, healthy=status.ok,
        )  # fmt: skip
        if status.ok:
            await self._ping()
            return
        log.warning("not well", reasons=list(status.reasons))
        await self._tell((Notice("health", "borderwatch is not well", status.reasons),))

    async def _judge_sources(self) -> None:
        """Tell the operator of each source's problem and recovery once; what is older than this service counts as told."""
        now = now_utc()
        sources = await self._machine.writer.read(_sources_now)
        if self._told is None:
            self._told = health.known_problems(sources)
        notices, self._told = health.notices(sources, self._told, now)
        await self._tell(notices)

    async def _ping(self) -> None:
        url = self._config.service.heartbeat_url
        if not url:
            return
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PING_TIMEOUT_S)) as session,
                session.get(resolve_secret(url), allow_redirects=False) as answer,
            ):
                if answer.status >= 300:
                    log.warning("the heartbeat was not taken", status=answer.status)
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            # The address is a secret: only the kind of fault is logged.
            log.warning("the heartbeat could not be sent", fault=type(fault).__name__)

    async def _tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            log.warning("notice", title=notice.title, lines=list(notice.lines))
            posted = await self._machine.writer.read(partial(self._post, notice=notice))
            if posted:
                self._poke()

    def _post(self, db: Database, notice: Notice) -> str | None:
        return post_notice(db, notice, self._policy.channels, now=now_utc(), new_id=self._policy.new_id)

    async def notice_topics(self) -> None:
        """Take up changed topic files; a faulty one keeps the old rules, and says so once."""
        topics = topics_of(self._config)
        try:
            version = (await asyncio.to_thread(topics.load)).version
        except UsageError as fault:
            if str(fault) != self._refused:
                self._refused = str(fault)
                log.error("a changed topic file has faults; the old rules stay", faults=str(fault))
            return
        self._refused = None
        if version != self._topics:
            self._topics = version
            self._machine.pool.reload(topics)
            log.info("topics were changed; what is read from now on is judged by them", version=version)

    async def tidy(self) -> None:
        """Once a day: forget what is no longer needed, and let SQLite look after its statistics."""
        removed = await self._machine.writer.write(lambda db: forget_rare_lines(db, now_utc() - LINES_KEPT))
        await self._machine.writer.read(_optimize)
        log.info("tidied", lines_forgotten=removed)


def _optimize(db: Database) -> None:
    db.execute("PRAGMA optimize")
    scalar(db, "PRAGMA wal_checkpoint(TRUNCATE)")


def _sources_now(db: Database) -> list[health.SourceNow]:
    return [
        health.SourceNow(
            row["name"], row["state"], parse_stamp(row["state_since"]), row["failures"], row["error"]
        )
        for row in source_rows(db)
    ]
