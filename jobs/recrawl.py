"""Reading archived captures again, without the network: the own archive, or any WARC file.

A dry run does the same work on a temporary copy of the database and throws it away, so what it prints is what
would happen.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.alerts.outbox import AlertPolicy
from jobs.config.models import Config
from jobs.machine import topics_of
from jobs.pipeline import Pipeline
from jobs.reading import ReaderPool
from jobs.record import Recording
from jobs.writer import Writer
from storage.archive import Archive, Found, Torn, iter_pages
from storage.captures import Archived, captures_to_reread, digest_of, insert_capture, known_digest
from storage.database import DATABASE_NAME, Database, Row, open_database, rows

CHUNK = 64
"""Captures handed on at once: copied, synced and committed together."""

OPEN_CAPTURES = 256
"""Captures that may be under way: enough to keep the workers busy, little enough to hold in memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to read again: foreign WARC files, or (without any) the own archive's captures of a time and of sources."""

    archives: tuple[Path, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    sources: tuple[str, ...] = ()
    dry_run: bool = False
    alert: bool = False
    workers: int = 2


@dataclass(slots=True)
class Report:
    """What a recrawl brought, and what it would not read."""

    read: int = 0
    articles_new: int = 0
    articles_changed: int = 0
    unchanged: int = 0
    not_articles: int = 0
    failed: int = 0
    duplicates: int = 0
    stories_new: int = 0
    alerts_new: int = 0
    matches_gained: list[dict[str, Any]] = field(default_factory=list)
    matches_lost: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    dry_run: bool = False


Progress = Callable[[int, int | None], None]
"""Called with how many captures are done, and of how many (None where that is not known yet)."""


async def recrawl(
    config: Config, data_dir: Path, request: Request, policy: AlertPolicy, progress: Progress
) -> Report:
    """Read again and record; with `dry_run` into a copy that is thrown away. Raises BorderwatchError."""
    with _database(data_dir, copy=request.dry_run) as db:
        writer = Writer(db)
        archive = Archive(data_dir / "archive") if not request.dry_run else None
        topics = topics_of(config)
        topics.load()
        pool = ReaderPool(request.workers, config.service.read_timeout, topics)
        sources = {source.name: source for source in config.source_records}
        recording = Recording(policy, sources, recrawl=True, lift_window=request.alert)
        pipeline = Pipeline(writer, pool, data_dir / "archive", recording)
        report = Report(dry_run=request.dry_run)
        pipeline.start()
        try:
            if request.archives:
                for warc in request.archives:
                    await _read_foreign(warc, pipeline, writer, archive, request, report, progress)
            else:
                await _read_own(pipeline, writer, request, progress)
            await pipeline.settled()
        finally:
            await pipeline.close()
            pool.close()
            if archive is not None:
                archive.close()
            writer.close()
    _fill(report, pipeline)
    return report


def _fill(report: Report, pipeline: Pipeline) -> None:
    counts = pipeline.outcome.counts
    for name in (
        "read",
        "articles_new",
        "articles_changed",
        "unchanged",
        "not_articles",
        "failed",
        "duplicates",
        "stories_new",
        "alerts_new",
    ):
        setattr(report, name, counts[name])
    report.matches_gained = pipeline.outcome.gained
    report.matches_lost = pipeline.outcome.lost


@contextmanager
def _database(data_dir: Path, *, copy: bool) -> Iterator[Database]:
    """The database of the data directory, or a throw-away copy of it (which need not survive anything)."""
    path = data_dir / DATABASE_NAME
    if not copy:
        yield open_database(path)
        return
    with tempfile.TemporaryDirectory(prefix="borderwatch-dry-run-") as folder:
        target = Path(folder) / DATABASE_NAME
        if path.exists():
            with (
                closing(sqlite3.connect(path)) as origin,
                closing(sqlite3.connect(target)) as fresh,
            ):
                origin.backup(fresh)
        db = open_database(target)
        db.execute("PRAGMA synchronous = OFF")
        yield db


async def _read_own(pipeline: Pipeline, writer: Writer, request: Request, progress: Progress) -> None:
    wanted = await writer.read(
        lambda db: captures_to_reread(db, request.since, request.until, request.sources)
    )
    for begin in range(0, len(wanted), CHUNK):
        await pipeline.room(OPEN_CAPTURES)
        await pipeline.submit(wanted[begin : begin + CHUNK])
        progress(begin, len(wanted))
    await pipeline.settled()
    progress(len(wanted), len(wanted))


async def _read_foreign(
    warc: Path,
    pipeline: Pipeline,
    writer: Writer,
    archive: Archive | None,
    request: Request,
    report: Report,
    progress: Progress,
) -> None:
    """Copy the pages of a WARC file into the archive (a dry run reads them where they lie) and read them."""
    chunk: list[Found] = []
    count = 0
    for found in _pages(warc, request, report):
        chunk.append(found)
        count += 1
        if len(chunk) >= CHUNK:
            await _take(chunk, warc, pipeline, writer, archive)
            chunk = []
            progress(count, None)
    await _take(chunk, warc, pipeline, writer, archive)
    progress(count, count)


def _pages(warc: Path, request: Request, report: Report) -> Iterator[Found]:
    for found in iter_pages(warc):
        if isinstance(found, Torn):
            report.problems.append(f"{warc}: {found.reason}; it was read up to there")
            return
        moment = found.capture.fetched_at
        if (request.since and moment < request.since) or (request.until and moment >= request.until):
            continue
        if request.sources and found.capture.source not in request.sources:
            continue
        yield found


async def _take(
    chunk: list[Found], warc: Path, pipeline: Pipeline, writer: Writer, archive: Archive | None
) -> None:
    if not chunk:
        return
    await pipeline.room(OPEN_CAPTURES)
    captured = await writer.write(lambda db: _adopt(db, chunk, warc.resolve(), archive))
    await pipeline.submit(captured)


def _adopt(db: Database, chunk: Sequence[Found], warc: Path, archive: Archive | None) -> list[Row]:
    """Rows for the captures of a chunk; one whose bytes are known from the same address is read again, not copied."""
    ids: list[int] = []
    known: list[Row] = []
    places: list[tuple[Found, Archived]] = []
    for found in chunk:
        same = known_digest(db, found.capture.url, digest_of(found.capture.body))
        if same is not None:
            known.append(same)
        elif archive is None:
            places.append((found, Archived(str(warc), found.offset, found.length)))
        else:
            places.append((found, archive.adopt(warc, found)))
    if archive is not None:
        archive.sync()
    ids = [
        insert_capture(db, found.capture, place, entry_id=None, first_crawl=False) for found, place in places
    ]
    fresh = (
        rows(db, f"SELECT * FROM captures WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY id", tuple(ids))
        if ids
        else []
    )
    return [row for row in known if row["state"] != "pending"] + fresh
