"""From captures that wait to recorded articles: the live crawl, a restart and the recrawl all go through here.

Rows of the `captures` table are the only queue. A worker reads the record from the archive by file and offset;
what it finds is recorded in batches, each reading in a savepoint of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from crawler.boilerplate import learn
from jobs.reading import ReaderPool, Work
from jobs.record import Outcome, Recording, record_reading
from jobs.writer import Writer
from storage.captures import Archived, fail_capture
from storage.database import Database, Row, now_utc
from storage.entries import entry_by_id, entry_from_row
from storage.hostlines import line_counts
from storage.model import BorderwatchError, Entry, HostProfile, Reading

BATCH = 32
"""Readings recorded in one transaction at most: a sync costs about as much as recording four."""

PROFILES_KEPT = 5_000
PROFILE_PAGES = 5
"""A host's profile is learned anew after so many new pages of it."""

log = structlog.get_logger("pipeline")


class Pipeline:
    """Reads captures in workers and records what they brought."""

    def __init__(
        self,
        writer: Writer,
        pool: ReaderPool,
        archive: Path,
        recording: Recording,
        on_recorded: Callable[[Outcome], None] | None = None,
        on_failure: Callable[[BaseException], None] = lambda _fault: None,
    ) -> None:
        self.recording = recording
        self.outcome = Outcome()
        self._writer = writer
        self._pool = pool
        self._archive = archive
        self._on_recorded = on_recorded
        self._on_failure = on_failure
        self._read: asyncio.Queue[tuple[Row, Reading | BorderwatchError]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._recorder: asyncio.Task[None] | None = None
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._recorded = asyncio.Event()
        self._profiles: OrderedDict[str, tuple[int, HostProfile]] = OrderedDict()
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Begin to record; call inside the running loop."""
        self._recorder = asyncio.create_task(self._record_all(), name="recorder")

    @property
    def open_count(self) -> int:
        """Captures that are being read or recorded."""
        return self._open

    async def submit(self, captures: Iterable[Row]) -> None:
        """Take captures (rows that are committed) to be read and recorded."""
        captures = list(captures)
        if not captures:
            return
        self._open += len(captures)
        self._idle.clear()
        works = await self._writer.read(lambda db: [(row, self._work(db, row)) for row in captures])
        for row, work in works:
            task = asyncio.create_task(self._read_one(row, work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def room(self, most: int) -> None:
        """Wait until at most `most` captures are under way; raises what stopped the recording, if anything did."""
        while self._open > most and self._failure is None:
            self._recorded.clear()
            await self._recorded.wait()
        if self._failure is not None:
            raise self._failure

    async def settled(self) -> None:
        """Wait until everything submitted is recorded; raises what stopped the recording, if anything did."""
        await self._idle.wait()
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """Stop; captures that are not recorded stay pending in the table."""
        for task in [*self._tasks, *([self._recorder] if self._recorder else [])]:
            task.cancel()
        await asyncio.gather(
            *self._tasks, *([self._recorder] if self._recorder else []), return_exceptions=True
        )

    def _work(self, db: Database, row: Row) -> Work:
        entry = self._entry(db, row)
        place = Archived(row["file"], row["offset"], row["length"])
        return Work(
            archive=self._archive,
            place=place,
            source=row["source"],
            entry=entry,
            profile=self._profile(db, row),
        )

    @staticmethod
    def _entry(db: Database, row: Row) -> Entry | None:
        stored = entry_by_id(db, row["entry_id"]) if row["entry_id"] is not None else None
        return entry_from_row(stored) if stored else None

    def _profile(self, db: Database, row: Row) -> HostProfile:
        host = urlsplit(row["url"]).hostname or ""
        uses, profile = self._profiles.get(host, (PROFILE_PAGES, None))
        if profile is None or uses >= PROFILE_PAGES:
            pages, counts = line_counts(db, host)
            source = self.recording.source(row["source"])
            profile = HostProfile(host, learn(counts, pages), source.timezone, source.language)
            uses = 0
        self._profiles[host] = (uses + 1, profile)
        self._profiles.move_to_end(host)
        if len(self._profiles) > PROFILES_KEPT:
            self._profiles.popitem(last=False)
        return profile

    async def _read_one(self, row: Row, work: Work) -> None:
        found: Reading | BorderwatchError
        try:
            found = await self._pool.read(work)
        except BorderwatchError as fault:
            found = fault
        self._read.put_nowait((row, found))

    async def _record_all(self) -> None:
        try:
            while True:
                batch = [await self._read.get()]
                while len(batch) < BATCH and not self._read.empty():
                    batch.append(self._read.get_nowait())
                await self._record_batch(batch)
        except asyncio.CancelledError:
            raise
        except BaseException as fault:  # noqa: BLE001 - whoever waits in settled() gets it
            self._failure = fault
            self._on_failure(fault)
            self._recorded.set()
            self._idle.set()

    async def _record_batch(self, batch: list[tuple[Row, Reading | BorderwatchError]]) -> None:
        outcome, again = await self._writer.write(lambda db: self._record(db, batch))
        self.outcome.add(outcome)
        if self._on_recorded is not None:
            self._on_recorded(outcome)
        self._open -= len(batch)
        self._recorded.set()
        if again:
            await self.submit(again)
        elif self._open == 0:
            self._idle.set()

    def _record(
        self, db: Database, batch: list[tuple[Row, Reading | BorderwatchError]]
    ) -> tuple[Outcome, list[Row]]:
        outcome, again = Outcome(), list[Row]()
        for row, found in batch:
            now = now_utc()
            problem = (
                str(found)
                if isinstance(found, BorderwatchError)
                else self._record_one(db, row, found, outcome)
            )
            if problem is None:
                outcome.counts["read"] += 1
                continue
            aside = fail_capture(db, row["id"], problem, now)
            log.warning(
                "page set aside" if aside else "page failed once",
                url=row["url"],
                capture=row["id"],
                reason=problem,
            )
            outcome.counts["failed"] += aside
            if not aside:
                again.append(row)
        return outcome, again

    def _record_one(self, db: Database, row: Row, reading: Reading, outcome: Outcome) -> str | None:
        """Record one reading in a savepoint; returns why it failed, or None."""
        db.execute("SAVEPOINT reading")
        try:
            found = record_reading(db, reading, row, self.recording, now_utc())
        except sqlite3.OperationalError:
            raise  # a full disk or a lost lock: the whole batch is undone and nothing is blamed on the page
        except Exception as fault:
            log.exception("recording failed", url=row["url"], capture=row["id"])
            db.execute("ROLLBACK TO reading")
            db.execute("RELEASE reading")
            return f"recording failed: {type(fault).__name__}: {fault}"[:500]
        db.execute("RELEASE reading")
        outcome.add(found)
        return None
