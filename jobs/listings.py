"""What a check of a source brings, from its bytes to the rows that commit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from crawler.discover.listing import Listing, ListingError, parse_listing
from crawler.discover.pagination import MAX_PAGES, older_page
from crawler.fetch import FetchError, SourceAnswer, SourceJob
from jobs.reading import ReaderPool, ReadingError
from jobs.sift import Sifted, keys_of, sift
from jobs.sourcestate import Checked, Rhythm, after_check
from storage.captures import digest_of
from storage.database import Database, Row
from storage.entries import (
    captured_elsewhere,
    count_sightings,
    entries_to_fetch,
    insert_entries,
    known_entries,
    relist_entries,
)
from storage.model import Entry, Headers, Source
from storage.sources import release_claim, source_row, update_source
from storage.subscriptions import offer

INLINE_BYTES = 24 * 1024
"""Larger listings are parsed by a worker: 24 KB of RSS take about 10 ms, and nothing may block the loop for 50."""

FIRST_PAGES = 1_000
"""Pages of a source that are queued at once; the next check takes up the rest."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A listing that was read, or why it was not."""

    listing: Listing | None = None
    error: FetchError | None = None
    problem: ListingError | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a check brought: entries whose pages are to be fetched, and the sentence where the source failed."""

    waiting: tuple[Row, ...] = ()
    new: int = 0
    changed: int = 0
    failure: str | None = None
    first_crawl: bool = False


async def parse_answer(answer: SourceAnswer, pool: ReaderPool, known: Mapping[str, int]) -> Parsed:
    """Read the listing in an answer; `known` holds, for section pages, in how many checks each address was seen."""
    if answer.error is not None:
        return Parsed(error=answer.error)
    if answer.status == 304 and not answer.children:
        return Parsed()
    parts = [(part.url, part.headers, part.body) for part in answer.children] or [
        (answer.final_url, answer.headers, answer.body)
    ]
    try:
        listings = [await _parse(answer, pool, known, url, headers, body) for url, headers, body in parts]
    except ListingError as fault:
        return Parsed(problem=fault)
    except ReadingError as fault:
        return Parsed(error=FetchError("crawler", f"the listing could not be parsed: {fault}"))
    return Parsed(listing=listings[0] if len(listings) == 1 else joined(listings))


async def _parse(
    answer: SourceAnswer, pool: ReaderPool, known: Mapping[str, int], url: str, headers: Headers, body: bytes
) -> Listing:
    source = answer.job.source
    content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
    if len(body) <= INLINE_BYTES:
        return parse_listing(
            source.kind, body, url, content_type, now=answer.fetched_at, timezone=source.timezone, headers=headers,
            link_pattern=source.link_pattern, known=known,
        )  # fmt: skip
    return await pool.call(
        parse_listing, source.kind, body, url, content_type, now=answer.fetched_at, timezone=source.timezone, headers=headers,
        link_pattern=source.link_pattern, known=dict(known),
    )  # fmt: skip


def joined(listings: list[Listing]) -> Listing:
    """The sitemaps behind an index as one listing."""
    entries: list[Entry] = []
    problems: list[str] = []
    for listing in listings:
        entries += listing.entries
        problems += listing.problems
    return Listing(entries=tuple(entries), kind=listings[-1].kind, problems=tuple(problems))


def store_listing(db: Database, answer: SourceAnswer, parsed: Parsed, rhythm: Rhythm, rng: Random) -> Stored:
    """Commit what a check brought, entries and validators together; the caller holds the write transaction."""
    source, now = answer.job.source, answer.fetched_at
    row = source_row(db, source.name)
    if row is None:
        return Stored()
    found = Sifted((), (), ())
    first_crawl = answer.job.page > 0 or not row["first_crawl_done"]
    if parsed.listing is not None:
        found = _store_entries(db, source, parsed.listing, now, first_crawl=first_crawl)
        if source.kind == "feed" and answer.job.page == 0:
            offer(db, source.name, parsed.listing.hub, parsed.listing.self_url or answer.final_url)
    failure = None
    if answer.job.page == 0:
        checked = Checked(
            answer=answer, listing=parsed.listing, error=parsed.error, problem=parsed.problem,
            new_dates=tuple(entry.published.at if entry.published else None for _, entry, _ in found.new),
            digest=digest_of(answer.body) if answer.body else None,
        )  # fmt: skip
        changes, failure = after_check(row, source, checked, now, rhythm, rng)
        update_source(db, source.name, changes)
        release_claim(db, source.name)
    if parsed.error is not None and parsed.error.kind in {"postponed", "robots"}:
        return Stored(failure=failure)
    waiting = entries_to_fetch(db, source.name, now, FIRST_PAGES)
    return Stored(tuple(waiting), len(found.new), len(found.changed), failure, first_crawl)


def _store_entries(
    db: Database, source: Source, listing: Listing, now: datetime, *, first_crawl: bool
) -> Sifted:
    keyed = keys_of(listing.entries)
    keys = list(keyed)
    found = sift(keyed, known_entries(db, keys), captured_elsewhere(db, keys), source)
    if source.kind == "section":
        count_sightings(db, keys)
    insert_entries(db, source.name, found.new, now=now, first_crawl=first_crawl)
    relist_entries(db, found.changed, now)
    return found


def further_back(answer: SourceAnswer, listing: Listing | None) -> SourceJob | None:
    """The job for the next older page of a first crawl, or None where it has gone back far enough."""
    job, source = answer.job, answer.job.source
    if source.backfill_s <= 0 or listing is None or job.page + 1 >= MAX_PAGES:
        return None
    dates = [entry.published.at for entry in listing.entries if entry.published]
    if not listing.entries or (
        dates and min(dates) < answer.fetched_at - timedelta(seconds=source.backfill_s)
    ):
        return None
    url = older_page(source.kind, listing, answer.final_url, answer.body, answer.header("content-type"))
    return SourceJob(source, url=url, page=job.page + 1) if url else None
