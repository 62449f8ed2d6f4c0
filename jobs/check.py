"""`sources check`: try a source, or any address, without storing anything, and say what it would bring."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from crawler.discover.autodiscovery import Candidate, candidates
from crawler.discover.listing import Listing, ListingError, parse_listing
from crawler.discover.telegram import channel_url
from crawler.fetch import FetchError, SourceAnswer
from jobs.asker import Asker
from jobs.health import failure_sentence
from jobs.opml import source_toml
from jobs.reading import ReaderPool, ReadingError, Work
from jobs.schedule import Bounds, Outcome, new_state, next_check, read_times, solve_k, update
from storage.model import Capture, Entry, Source, SourceKind

SHOWN_ENTRIES = 10
TRIED_FIRST = 30
"""Candidates up to this order are named by the site itself; the usual places are tried only where none of them lists
articles."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One entry, read through to text and topics; `why_not` where it is no article or could not be fetched."""

    url: str
    title: str | None = None
    date: str | None = None
    date_source: str | None = None
    language: str | None = None
    words: int = 0
    topics: tuple[str, ...] = ()
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `error` is a sentence where the source brings nothing; `toml` is ready to paste."""

    asked: str
    source: Source | None = None
    ok: bool = False
    error: str | None = None
    kind: str | None = None
    status: int | None = None
    moved_to: str | None = None
    robots: str | None = None
    crawl_delay_s: float | None = None
    hub: str | None = None
    title: str | None = None
    entries: tuple[Entry, ...] = ()
    count: int = 0
    dated: int = 0
    problems: tuple[str, ...] = ()
    found: tuple[Candidate, ...] = ()
    article: Sample | None = None
    interval_s: float | None = None
    interval_reason: str | None = None

    @property
    def toml(self) -> str:
        """The TOML to paste; empty where nothing was found."""
        return source_toml(self.source) if self.source and self.ok else ""

    def as_json(self) -> dict[str, Any]:
        """One JSON object; entries are cut to the first ten."""
        return {
            "asked": self.asked,
            "name": self.source.name if self.source else None,
            "ok": self.ok,
            "error": self.error,
            "kind": self.kind,
            "url": self.source.url if self.source else None,
            "status": self.status,
            "moved_to": self.moved_to,
            "robots": self.robots,
            "crawl_delay_s": self.crawl_delay_s,
            "hub": self.hub,
            "title": self.title,
            "entries": [
                {
                    "url": entry.url,
                    "title": entry.title,
                    "date": entry.published.isoformat() if entry.published else None,
                }
                for entry in self.entries
            ],
            "count": self.count,
            "dated": self.dated,
            "problems": list(self.problems),
            "found": [asdict(candidate) for candidate in self.found],
            "article": asdict(self.article) if self.article else None,
            "interval_s": self.interval_s,
            "interval_reason": self.interval_reason,
            "toml": self.toml,
        }


@dataclass(slots=True)
class Checker:
    """Checks sources over one crawler. `sources` and `requests_per_day` set the interval that a source would get."""

    asker: Asker
    pool: ReaderPool
    sources: int
    requests_per_day: int
    now: Callable[[], datetime]
    taken: set[str] = field(default_factory=set)

    async def source(self, source: Source, *, asked: str | None = None) -> Report:
        """Check a source as it is configured."""
        return await self._with_sample(await self._listing(source, asked or source.name))

    async def _listing(self, source: Source, asked: str) -> Report:
        known = await self.asker.robots(source)
        allowed = known.rules.allowed(source.url)
        report = Report(
            asked,
            source,
            robots=known.rules.reason if allowed else f"{source.url} is disallowed: {known.rules.reason}",
            crawl_delay_s=known.rules.crawl_delay_s(),
        )
        return await self._judge(report, source, await self.asker.listing(source))

    async def _with_sample(self, report: Report) -> Report:
        if report.source is None or not report.ok:
            return report
        return replace(report, article=await self._sample(report.source, report.entries))

    async def address(self, url: str) -> Report:
        """Find out what an address offers, and check the best of it."""
        if re.match(r"https?://(?:t|telegram)\.me/", url):
            try:
                channel = Candidate("telegram", channel_url(url), "given")
            except ValueError as fault:
                return Report(url, error=f"{fault}.")
            return await self.source(self._source(channel), asked=url)
        first = self._source(Candidate("section", url, "given"))
        answer = await self.asker.listing(first)
        if answer.error is not None:
            return Report(url, status=answer.status, error=_sentence(answer.error))
        content_type = answer.header("content-type")
        kinds: tuple[SourceKind, ...] = ("feed", "sitemap")
        for kind in kinds:
            try:
                parse_listing(kind, answer.body, answer.final_url, content_type, now=self.now())
            except ListingError:
                continue
            return await self.source(self._source(Candidate(kind, url, "given")), asked=url)
        known = await self.asker.robots(first)
        listed = candidates(
            answer.body, answer.final_url, content_type, robots_sitemaps=known.rules.sitemaps()
        )
        own = [each for each in listed if each.order < TRIED_FIRST and each.kind != "section"]
        usual = [each for each in listed if each.order > TRIED_FIRST and each.kind != "telegram"]
        good = await self._try_all(own) or await self._try_all(usual)
        channels = tuple(each for each in listed if each.kind == "telegram")
        if not good:
            section = await self._judge(replace(Report(url), robots=known.rules.reason), first, answer)
            return replace(await self._with_sample(section), found=channels)
        best = max(good, key=lambda item: (item[1].dated > 0, item[0].kind == "feed", -item[0].order))[1]
        best = await self._with_sample(best)
        return replace(best, asked=url, found=(*(candidate for candidate, _ in good), *channels))

    async def _try_all(self, tried: list[Candidate]) -> list[tuple[Candidate, Report]]:
        reports = await asyncio.gather(*(self._listing(self._source(each), each.url) for each in tried))
        return [pair for pair in zip(tried, reports, strict=True) if pair[1].ok]

    def _source(self, candidate: Candidate) -> Source:
        host = candidate.url.split("//", 1)[-1].split("/", 1)[0].removeprefix("www.")
        base = candidate.url.rsplit("/", 1)[-1] if candidate.kind == "telegram" else host
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base} {number}", number + 1
        return Source(name, candidate.kind, candidate.url, full_text=candidate.kind == "telegram")

    async def _judge(self, report: Report, source: Source, answer: SourceAnswer) -> Report:
        report = replace(report, status=answer.status, moved_to=answer.permanent_url)
        if answer.error is not None:
            return replace(report, error=_sentence(answer.error))
        try:
            listing = await asyncio.to_thread(self._parse, source, answer)
        except ListingError as fault:
            return replace(report, error=str(fault))
        seen = tuple(listing.entries[:SHOWN_ENTRIES])
        interval_s, why = self._interval(source, answer, listing)
        source = replace(source, language=source.language or (listing.language or "")[:2] or None)
        return replace(
            report,
            source=source,
            ok=bool(listing.entries),
            error=None
            if listing.entries
            else "It lists no articles now; look at it again when it has published.",
            kind=listing.kind,
            hub=listing.hub,
            title=listing.title,
            entries=seen,
            count=len(listing.entries),
            dated=sum(entry.published is not None for entry in listing.entries),
            problems=listing.problems,
            interval_s=interval_s,
            interval_reason=why,
        )

    def _parse(self, source: Source, answer: SourceAnswer) -> Listing:
        parts = [(child.body, child.url, child.headers) for child in answer.children]
        listings = [
            parse_listing(
                source.kind,
                body,
                url,
                next((value for key, value in headers if key.lower() == "content-type"), None),
                now=self.now(),
                timezone=source.timezone,
                headers=headers,
                link_pattern=source.link_pattern,
            )
            for body, url, headers in parts or [(answer.body, answer.final_url, answer.headers)]
        ]
        entries = tuple(entry for listing in listings for entry in listing.entries)
        problems = tuple(problem for listing in listings for problem in listing.problems)
        return replace(listings[0], entries=entries, problems=problems)

    def _interval(self, source: Source, answer: SourceAnswer, listing: Listing) -> tuple[float, str]:
        now, bounds = self.now(), Bounds(source.min_interval_s, source.max_interval_s)
        dates = [entry.published.at if entry.published else None for entry in listing.entries]
        state = update(new_state(), dates, now, window=len(dates))
        times = read_times(
            answer.status or 200,
            answer.headers,
            now,
            ttl_s=listing.ttl_s,
            skip_hours=listing.skip_hours,
            skip_days=listing.skip_days,
        )
        k = solve_k([(state, bounds)] * max(1, self.sources), self.requests_per_day)
        decision = next_check(state, Outcome(times=times), now, bounds, k, random.Random(0))  # noqa: S311 - jitter
        return decision.interval_s, decision.reason

    async def _sample(self, source: Source, entries: tuple[Entry, ...]) -> Sample | None:
        """The first entry that can be read as an article, or why the first one cannot."""
        first: Sample | None = None
        for entry in entries[:3]:
            sample = await self._read(source, entry)
            if sample.why_not is None:
                return sample
            first = first or sample
        return first

    async def _read(self, source: Source, entry: Entry) -> Sample:
        if source.full_text and entry.content_html:
            capture = Capture(entry.url, self.now(), 200, (), b"", source.name, entry.url)
        else:
            answer = await self.asker.page(entry.url, source)
            if answer.capture is None:
                assert answer.error is not None
                return Sample(entry.url, entry.title, why_not=_sentence(answer.error))
            capture = answer.capture
        try:
            reading = await self.pool.read(Work(capture=capture, source=source.name, entry=entry))
        except ReadingError as fault:
            return Sample(entry.url, entry.title, why_not=str(fault))
        if not reading.articles:
            nothing = reading.nothing
            reason = (
                f"{nothing.reason} ({nothing.detail})"
                if nothing and nothing.detail
                else nothing and nothing.reason
            )
            return Sample(entry.url, entry.title, why_not=f"it is not an article: {reason}")
        found = reading.articles[0]
        published = found.article.published
        return Sample(
            found.article.url,
            found.article.title,
            published.isoformat() if published else None,
            published.provenance if published else None,
            found.article.language,
            found.fingerprint.words,
            tuple(match.topic for match in found.matches),
        )


def _sentence(error: FetchError) -> str:
    return failure_sentence(error.kind, error.detail, status=error.status)
