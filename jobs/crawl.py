"""One pass over the sources, through to deliveries: the cron form of the service."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from crawler.fetch import Answer
from jobs.alerts.deliver import Deliverer
from jobs.alerts.feeds import refresh_feeds
from jobs.config.models import Config
from jobs.lock import Holder, holder_of
from jobs.loopprobe import loop_probe
from jobs.machine import Machine
from jobs.policy import alert_policy
from jobs.record import Outcome
from jobs.status import reading_broken
from storage.database import DATABASE_NAME, now_utc, open_database, write_transaction
from storage.model import UsageError
from storage.runs import finish_run, start_run
from storage.sources import ask_now, source_rows

DRAIN_S = 60.0
"""A pass waits so long for slow channels; what they did not take stays for the next one."""


@dataclass(slots=True)
class PassReport:
    """What one pass brought. `failures` holds the sentence of each source that failed."""

    sources: int = 0
    fetched: int = 0
    not_modified: int = 0
    articles_new: int = 0
    articles_changed: int = 0
    duplicates: int = 0
    not_articles: int = 0
    stories_new: int = 0
    matches_new: int = 0
    alerts_new: int = 0
    deliveries_sent: int = 0
    deliveries_failed: int = 0
    pages_failed: int = 0
    set_aside: int = 0
    errors: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    handed_over_to: int | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What a caller wants to hear of while a pass runs."""

    on_claimed: Callable[[int], None] = lambda _count: None
    on_answer: Callable[[Answer], None] = lambda _answer: None
    on_recorded: Callable[[Outcome], None] = lambda _outcome: None


def check_names(config: Config, names: Sequence[str]) -> None:
    """Raise UsageError where a named source is not configured, or not enabled."""
    known = {source.name: source for source in config.source_records}
    for name in names:
        if name not in known:
            close = ", ".join(sorted(known)[:8])
            raise UsageError(
                f"no source is named {name!r}. Configured are: {close}{' …' if len(known) > 8 else ''}. `borderwatch sources list` shows all."
            )
        if not known[name].enabled:
            raise UsageError(f"the source {name!r} is disabled in the configuration (enabled = false)")


def hand_over(config: Config, data_dir: Path, *, everything: bool, names: Sequence[str]) -> Holder | None:
    """Where `run` serves this data directory, make the sources due there; returns who serves it, or None."""
    holder = holder_of(data_dir)
    if holder is None:
        return None
    if holder.job == "run" and (everything or names):
        db = open_database(data_dir / DATABASE_NAME)
        with write_transaction(db):
            ask_now(db, names or [row["name"] for row in source_rows(db)], now_utc())
        db.close()
    return holder


async def crawl_once(
    config: Config,
    data_dir: Path,
    *,
    everything: bool = False,
    names: Sequence[str] = (),
    watch: Watch | None = None,
) -> PassReport:
    """One pass over the due (`everything`: all enabled; or the named) sources. Raises BorderwatchError.

    SIGTERM and Ctrl-C end it early: what was fetched stays archived, and is read at the next start.
    """
    watch = watch or Watch()
    check_names(config, names)
    report = PassReport()
    async with Machine(
        config,
        data_dir,
        "crawl",
        policy=alert_policy(config),
        on_recorded=watch.on_recorded,
        on_answer=watch.on_answer,
    ) as machine:
        run_id = await machine.writer.read(lambda db: start_run(db, "crawl", os.getpid(), now_utc()))
        state = "failed"
        try:
            async with loop_probe(), Courier(config, machine.database_path, report) as courier:
                machine.on_alert = courier.poke
                state = await _interruptible(
                    _one_pass(machine, everything=everything, names=names, watch=watch)
                )
        finally:
            _fill(report, machine)
            if state == "ok" and report.errors:
                state = "errors"
            counts = {
                name: getattr(report, name)
                for name in report.__dataclass_fields__
                if isinstance(getattr(report, name), int)
            }
            errors = [f"{failure['source']}: {failure['error']}" for failure in report.failures]
            await machine.writer.read(lambda db: finish_run(db, run_id, state, counts, errors, now_utc()))
        await asyncio.to_thread(refresh_feeds, machine.database_path, machine.data_dir, config.web.base_url)
    return report


class Courier:
    """Delivers while a pass goes on, as soon as an alert is decided, and once more at its end."""

    def __init__(self, config: Config, database: Path, report: PassReport) -> None:
        self._config = config
        self._database = database
        self._report = report
        self._decided = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    def poke(self) -> None:
        """An alert was decided and committed."""
        self._decided.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._deliver_while_it_goes_on(), name="courier")
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        assert self._task is not None
        if kind is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            return
        self._ending = True
        self._decided.set()
        await self._task

    async def _deliver_while_it_goes_on(self) -> None:
        while True:
            await self._decided.wait()
            self._decided.clear()
            last = self._ending
            await self._drain()
            if last:
                return

    async def _drain(self) -> None:
        deliverer = Deliverer(
            lambda: open_database(self._database),
            self._config.channels,
            base_dir=self._config.base_dir,
            base_url=self._config.web.base_url,
        )
        done = await deliverer.drain(limit_s=DRAIN_S)
        self._report.deliveries_sent += done.deliveries_sent
        self._report.deliveries_failed += done.deliveries_failed


async def _one_pass(machine: Machine, *, everything: bool, names: Sequence[str], watch: Watch) -> None:
    await machine.resume()
    claimed = await (machine.claim_named(names or None) if everything or names else machine.claim_due())
    watch.on_claimed(machine.check(claimed))
    await machine.settled()


async def _interruptible(work: object) -> str:
    """Run until done (`ok`) or until SIGTERM or SIGINT (`interrupted`)."""
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return "ok"
        return "interrupted"
    finally:
        for one in (task, stopping):
            one.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _fill(report: PassReport, machine: Machine) -> None:
    taken, recorded = machine.intake.result, machine.pipeline.outcome.counts
    report.sources, report.fetched = taken.counts["sources"], taken.counts["fetched"]
    report.not_modified, report.pages_failed = taken.counts["not_modified"], taken.counts["pages_failed"]
    for name in (
        "articles_new",
        "articles_changed",
        "duplicates",
        "not_articles",
        "stories_new",
        "matches_new",
        "alerts_new",
    ):
        setattr(report, name, recorded[name])
    report.set_aside = recorded["failed"]
    report.failures = [
        {"source": name, "error": sentence} for name, sentence in sorted(taken.failures.items())
    ]
    broken = reading_broken(report.set_aside, recorded["read"] + report.set_aside)
    if broken:
        report.failures.append(
            {
                "source": "reading",
                "error": f"{report.set_aside} pages could not be read: see the log; `borderwatch recrawl` reads them again once the cause is mended",
            }
        )
    report.errors = len(report.failures) + report.deliveries_failed
