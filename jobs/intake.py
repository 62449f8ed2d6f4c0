"""What the crawler answers, taken in: listings become entries to fetch, pages become archived captures.

A source's entries and the validators of the listing that named them commit together; a capture's row commits
after its bytes are on disk. What is not fetched or read yet is found again in the tables after a crash.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import structlog

from crawler.fetch import Answer, FetchError, Job, PageAnswer, PageJob, SourceAnswer
from jobs.listings import further_back, parse_answer, store_listing
from jobs.reading import ReaderPool
from jobs.schedule import DEFAULT_K
from jobs.sift import MIN_FULL_TEXT, next_try
from jobs.sourcestate import Rhythm, rhythm_of
from jobs.writer import Writer
from storage.archive import Archive
from storage.captures import insert_capture
from storage.database import Database, Row, now_utc, rows
from storage.entries import mark_captured, mark_failed, sightings
from storage.model import Capture, Source
from storage.sources import release_claim, source_rows

GROUP_S = 0.05
"""Captures that arrive within so long share one sync of the archive and one transaction."""

GROUP_CAPTURES = 64
log = structlog.get_logger("intake")


@dataclass(slots=True)
class IntakeCounts:
    """What a pass brought, and which sources failed with their sentences."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


class Intake:
    """Takes the crawler's answers. `fetch` hands a new job to the crawler, `submit` captures to the readers."""

    def __init__(
        self, writer: Writer, archive: Archive, pool: ReaderPool, fetch: Callable[[Job], None], submit: Callable[[list[Row]], Awaitable[None]],
        budget_per_day: int,
    ) -> None:  # fmt: skip
        self.result = IntakeCounts()
        self.sources: dict[str, Source] = {}
        self._writer = writer
        self._archive = archive
        self._pool = pool
        self._fetch = fetch
        self._submit = submit
        self._budget_per_day = budget_per_day
        self._rhythm = Rhythm(DEFAULT_K)
        self._rng = Random()  # noqa: S311 - draws requests apart; no secret
        self._waiting: list[tuple[Capture, int, bool, asyncio.Future[None]]] = []
        self._flush_task: asyncio.Task[None] | None = None
        self._outstanding: dict[int, str] = {}

    def learn_rhythm(self, db: Database) -> None:
        """Work out the budget's share of every source from what is stored (at a start, and now and then)."""
        known = [(self.sources[row["name"]], row) for row in source_rows(db) if row["name"] in self.sources]
        if known:
            self._rhythm = rhythm_of(known, self._budget_per_day)

    async def accept(self, answer: Answer) -> None:
        """Take one answer; returns when what it brought is committed."""
        if isinstance(answer, SourceAnswer):
            await self._accept_listing(answer)
        else:
            await self._accept_page(answer)

    # Listings

    async def _accept_listing(self, answer: SourceAnswer) -> None:
        source = answer.job.source
        if answer.error is not None and answer.error.kind == "shutdown":
            await self._writer.write(lambda db: release_claim(db, source.name))
            return
        known: dict[str, int] = {}
        if source.kind == "section":
            known = await self._writer.read(lambda db: sightings(db, source.name))
        parsed = await parse_answer(answer, self._pool, known)
        stored = await self._writer.write(
            lambda db: store_listing(db, answer, parsed, self._rhythm, self._rng)
        )
        if answer.job.page == 0:
            self.result.counts["sources"] += 1
            self.result.counts["not_modified"] += answer.status == 304
        self.result.counts["entries_new"] += stored.new
        self.result.counts["entries_changed"] += stored.changed
        if stored.failure is not None:
            self.result.failures[source.name] = stored.failure
            log.warning("source failed", source=source.name, reason=stored.failure)
        await self._take(source, stored.waiting)
        older = further_back(answer, parsed.listing) if stored.first_crawl and stored.new else None
        if older is not None:
            self._fetch(older)

    async def _take(self, source: Source, waiting: Iterable[Row]) -> None:
        """Fetch the pages of entries that are not out already; full text is archived as it was listed."""
        for row in waiting:
            if row["id"] in self._outstanding:
                continue
            self._outstanding[row["id"]] = source.name
            first_crawl = bool(row["first_crawl"])
            if not source.full_text:
                self._fetch(
                    PageJob(row["id"], row["url"], source.name, source.proxy, first_crawl, source.render)
                )
                continue
            capture = full_text_capture(source, row, now_utc())
            if capture is None:
                self._outstanding.pop(row["id"])
                await self._give_up(row["id"], "the listing carries no text for it")
            else:
                await self._keep(capture, row["id"], first_crawl=first_crawl)

    # Pages

    async def _accept_page(self, answer: PageAnswer) -> None:
        job = answer.job
        if answer.capture is not None:
            self.result.counts["fetched"] += 1
            await self._keep(answer.capture, job.entry_id, first_crawl=job.first_crawl)
            return
        self._outstanding.pop(job.entry_id, None)
        error = answer.error
        if error is None or error.kind == "shutdown":
            return
        self.result.counts["pages_failed"] += 1
        await self._writer.write(lambda db: self._page_failed(db, job, error))

    def _page_failed(self, db: Database, job: PageJob, error: FetchError) -> None:
        now = now_utc()
        reason = f"{error.kind}: {error.detail}"
        if error.kind in {"url", "address", "too large"}:
            mark_failed(db, job.entry_id, reason, next_try=None, state="refused")
            return
        found = rows(db, "SELECT tries FROM entries WHERE id = ?", (job.entry_id,))
        tries = (found[0]["tries"] if found else 0) + 1
        state = "refused" if error.kind == "robots" else "failed"
        mark_failed(
            db,
            job.entry_id,
            reason,
            next_try=next_try(tries, error.status, error.retry_after_s, now),
            state=state,
        )

    async def _give_up(self, entry_id: int, reason: str) -> None:
        await self._writer.write(lambda db: mark_failed(db, entry_id, reason, next_try=None))

    async def _keep(self, capture: Capture, entry_id: int, *, first_crawl: bool) -> None:
        """Archive a capture with those that arrive at about the same time; returns when its row is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((capture, entry_id, first_crawl, done))
        if self._flush_task is None or self._flush_task.done():
            self._flush_task = asyncio.create_task(self._flush_soon())
        await done

    async def _flush_soon(self) -> None:
        while self._waiting:
            if len(self._waiting) < GROUP_CAPTURES:
                await asyncio.sleep(GROUP_S)
            group, self._waiting = self._waiting, []
            try:
                captured = await self._writer.write(lambda db, group=group: self._archive_group(db, group))  # type: ignore[misc]
            except BaseException as fault:
                for *_, done in group:
                    if not done.done():
                        done.set_exception(fault)
                if not isinstance(fault, Exception):
                    raise
                continue
            for _, entry_id, _, done in group:
                self._outstanding.pop(entry_id, None)
                if not done.done():
                    done.set_result(None)
            await self._submit(captured)

    def _archive_group(
        self, db: Database, group: list[tuple[Capture, int, bool, asyncio.Future[None]]]
    ) -> list[Row]:
        places = [self._archive.append(capture) for capture, *_ in group]
        self._archive.sync()  # before the commit that names the offsets
        ids = []
        for (capture, entry_id, first_crawl, _), place in zip(group, places, strict=True):
            ids.append(insert_capture(db, capture, place, entry_id=entry_id, first_crawl=first_crawl))
            mark_captured(db, entry_id)
        return rows(
            db, f"SELECT * FROM captures WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY id", tuple(ids)
        )


def full_text_capture(source: Source, row: Row, now: datetime) -> Capture | None:
    """The capture of an entry that carries its own text: what the listing said of it. None where it says too little."""
    content = row["content_html"] or row["summary"] or ""
    if len(content) < MIN_FULL_TEXT:
        return None
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    body = content.encode("utf-8", "replace")
    return Capture(
        url=row["url"],
        fetched_at=now,
        status=200,
        headers=headers,
        body=body,
        source=source.name,
        listed_url=row["url"],
    )
