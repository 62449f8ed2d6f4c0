"""`borderwatch run`: one supervised process with the schedule, the crawler, the readers, the deliveries and the page.

APScheduler only says when to look; what is due is data, leased from the table (a claim with an expiry). Its ticks
follow the wall clock and stop when that is set back, so a watchdog on the monotonic clock sets them going again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from jobs.alerts.deliver import Deliverer
from jobs.config.models import Config
from jobs.machine import Machine
from jobs.metrics import Metrics
from jobs.policy import alert_policy
from jobs.rounds import Rounds
from jobs.schedule import spread
from jobs.websub.part import hub_parts
from storage.clock import shift_waits
from storage.database import Database, now_utc, open_database, parse_stamp, stamp
from storage.runs import finish_run, start_run
from storage.sources import source_rows, update_source

CLAIMS_OPEN = 400
"""Sources under way at once at most: a tick leases no more, however many are due."""

START_SPREAD_S = 60.0
"""Overdue sources are drawn apart over so long after a start, so that a restart does not fetch all at once."""

ROUND_S = 30.0
"""How often health is judged, the heartbeat pinged, and changed files noticed."""

WATCHDOG_S = 5.0
STOP_LIMIT_S = 8.0
CLOCK_JUMP_S = 30.0
"""The clock counts as set back from here on; NTP slews smaller errors away."""

log = structlog.get_logger("service")

Part = Callable[[asyncio.Event], Awaitable[None]]
"""Something else that runs with the service until the event is set: the page."""


class Service:
    """Runs until SIGTERM or SIGINT. What is unfinished then is in the tables and goes on at the next start."""

    def __init__(
        self, config: Config, data_dir: Path, parts: tuple[Part, ...] = (), metrics: Metrics | None = None
    ) -> None:
        self.config = config
        self.data_dir = data_dir
        self._parts = parts
        self._metrics = metrics or Metrics()
        self._stop = asyncio.Event()
        self._last_tick = time.monotonic()
        self._last_wall = now_utc()
        self._ticking = asyncio.Lock()
        self._machine: Machine

    def stop(self) -> None:
        """End the service; `run` returns when everything is put away."""
        self._stop.set()

    async def run(self) -> None:
        """Run until stopped. Raises BorderwatchError where it cannot start, or where recording fails for good."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        policy = alert_policy(self.config)
        async with Machine(
            self.config, self.data_dir, "run", policy=policy, metrics=self._metrics
        ) as machine:
            self._machine = machine
            run_id = await machine.writer.read(lambda db: start_run(db, "run", os.getpid(), now_utc()))
            deliverer = Deliverer(
                lambda: open_database(machine.database_path),
                self.config.channels,
                base_dir=self.config.base_dir,
                base_url=self.config.web.base_url,
            )
            machine.on_alert = deliverer.poke
            rounds = Rounds(self.config, machine, policy, deliverer.poke)
            await machine.writer.write(self._spread)
            await machine.resume()
            scheduler = self._scheduler(rounds)
            scheduler.start()
            log.info(
                "running",
                pid=os.getpid(),
                data_dir=str(self.data_dir),
                sources=len(machine.sources),
                channels=len(self.config.channels),
            )
            state = "failed"
            try:
                works = [
                    deliverer.run(self._stop),
                    self._watch(scheduler),
                    *(part(self._stop) for part in self._parts),
                    *hub_parts(self.config, machine, self._stop),
                ]
                await self._until_stopped(works, alarm=machine.alarm())
                state = "ok"
            finally:
                scheduler.shutdown(wait=False)
                counts = dict(machine.intake.result.counts + machine.pipeline.outcome.counts)
                await machine.writer.read(lambda db: finish_run(db, run_id, state, counts, [], now_utc()))
                log.info("stopped", state=state)

    def _scheduler(self, rounds: Rounds) -> AsyncIOScheduler:
        # Late runs are run, not dropped (the default of 1 s drops them after a suspend), and never twice at once.
        scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        scheduler.add_job(
            self._tick, IntervalTrigger(seconds=self.config.service.tick), next_run_time=now_utc()
        )
        scheduler.add_job(
            rounds.judge,
            IntervalTrigger(seconds=ROUND_S),
            next_run_time=now_utc() + timedelta(seconds=ROUND_S),
        )
        scheduler.add_job(
            rounds.tidy, IntervalTrigger(hours=24), next_run_time=now_utc() + timedelta(hours=1)
        )
        return scheduler

    async def _tick(self) -> None:
        """Lease what is due and hand it to the crawler."""
        if self._ticking.locked():
            return
        async with self._ticking:
            await self._follow_clock()
            room = CLAIMS_OPEN - self._machine.open_checks
            if room > 0:
                self._machine.check(await self._machine.claim_due(room))

    async def _follow_clock(self) -> None:
        """Where the wall clock was set back since the last tick, move every wait back with it."""
        wall, steady = now_utc(), time.monotonic()
        jump_s = (wall - self._last_wall).total_seconds() - (steady - self._last_tick)
        self._last_wall, self._last_tick = wall, steady
        if jump_s < -CLOCK_JUMP_S:
            log.warning("the clock was set back", seconds=round(-jump_s))
            await self._machine.writer.write(lambda db: shift_waits(db, jump_s))

    async def _watch(self, scheduler: AsyncIOScheduler) -> None:
        """Set the schedule going again when its ticks stop (it waits for a time that the moved clock makes distant)."""
        patience_s = max(WATCHDOG_S, 3 * self.config.service.tick)
        while not self._stop.is_set():
            try:
                await asyncio.wait_for(self._stop.wait(), WATCHDOG_S)
            except TimeoutError:
                if time.monotonic() - self._last_tick > patience_s:
                    log.warning("the schedule stands still; it is set going again")
                    now = now_utc()
                    for job in scheduler.get_jobs():
                        if job.next_run_time - now > job.trigger.interval:
                            job.modify(next_run_time=now)
                    scheduler.wakeup()

    async def _until_stopped(self, works: list[Awaitable[None]], *, alarm: Awaitable[None]) -> None:
        """Wait for the stop; a part that ends or fails before it, and the alarm, end the service."""
        tasks = [asyncio.ensure_future(work) for work in works]
        ends = [asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(alarm)]
        done, _ = await asyncio.wait({*tasks, *ends}, return_when=asyncio.FIRST_COMPLETED)
        self._stop.set()
        await asyncio.wait(tasks, timeout=STOP_LIMIT_S / 2)
        for task in [*tasks, *ends]:
            task.cancel()
        await asyncio.gather(*tasks, *ends, return_exceptions=True)
        for task in done:
            task.result()

    @staticmethod
    def _spread(db: Database) -> None:
        now = now_utc()
        due = [
            (row["name"], parse_stamp(row["next_check"]) if row["last_check"] else None)
            for row in source_rows(db)
        ]
        moved = spread(due, now, min(START_SPREAD_S, len(due) * 0.25), Random())  # noqa: S311 - no secret
        for name, moment in moved.items():
            update_source(db, name, {"next_check": stamp(moment)})
