"""What a job fetches: a page, or a listing with the sitemaps behind a sitemap index."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from crawler.discover.google_news import is_google_link, publisher_in_link, publisher_in_page
from crawler.discover.listing import Child, ListingError
from crawler.discover.sitemaps import newest_children, parse_sitemap
from crawler.fetch import ChildListing, FetchError, PageAnswer, PageJob, SourceAnswer, SourceJob
from crawler.follow import Follower, Trail, Wish
from crawler.hops import http_error, retry_after_s
from crawler.spiders.failures import FetchFailedError
from storage.model import Capture, Headers, SourceKind, Validators

ACCEPT: dict[SourceKind | str, str] = {
    "feed": "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8",
    "sitemap": "application/xml, text/xml, */*;q=0.8",
    "section": "text/html, application/xhtml+xml, */*;q=0.8",
    "telegram": "text/html, */*;q=0.8",
    "page": "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
}
SUCCESS = frozenset({200, 203})
_VALIDATORS = frozenset({"etag", "last-modified"})


async def fetch_page(
    follower: Follower, job: PageJob, max_bytes: int, wall: Callable[[], datetime]
) -> PageAnswer:
    """The capture behind an entry's address. Raises `FetchFailedError` where there is none."""
    begun = time.monotonic()
    wish = Wish((("Accept", ACCEPT["page"]),), job.proxy, max_bytes, render=job.render)
    trail = await _past_google(follower, job.url, wish)
    download, now = trail.download, wall()
    duration_s = time.monotonic() - begun
    if download.status not in SUCCESS:
        retry_after = retry_after_s(download.header("retry-after"), now)
        error = http_error(download.status, retry_after)
        return PageAnswer(job, None, error, trail.permanent_url, duration_s, trail.bytes_received)
    capture = Capture(
        url=download.url,
        fetched_at=now,
        status=download.status,
        headers=download.headers,
        body=download.body,
        source=job.source,
        listed_url=job.url,
        request_headers=download.request_headers,
    )
    return PageAnswer(job, capture, None, trail.permanent_url, duration_s, trail.bytes_received)


async def _past_google(follower: Follower, url: str, wish: Wish) -> Trail:
    """The answer of a listed address; links of Google News are followed to the publisher's page."""
    if not is_google_link(url):
        return await follower.follow(url, wish)
    if inside := publisher_in_link(url):
        with suppress(FetchFailedError):  # then Google's own page is all there is
            return await follower.follow(inside, wish)
    trail = await follower.follow(url, wish)
    if not is_google_link(trail.download.url) or trail.download.status not in SUCCESS:
        return trail
    body, content_type = trail.download.body, trail.download.header("content-type")
    target = await asyncio.to_thread(publisher_in_page, body, content_type)
    if target and target != inside:
        with suppress(FetchFailedError):
            return await follower.follow(target, wish)
    return trail


async def fetch_source(
    follower: Follower, job: SourceJob, max_bytes: int, wall: Callable[[], datetime]
) -> SourceAnswer:
    """A source's listing, or its 304. Raises `FetchFailedError` where nothing came."""
    begun = time.monotonic()
    source = job.source
    headers = (("Accept", ACCEPT[source.kind]), *conditions(job.validators))
    wish = Wish(headers, source.proxy, max_bytes, render=source.render)
    trail = await follower.follow(job.address, wish)
    download, now = trail.download, wall()
    error = None
    answer_headers = download.headers
    children: list[ChildListing] = []
    child_errors: list[tuple[str, FetchError]] = []
    received = trail.bytes_received
    if download.status not in SUCCESS and download.status != 304:
        error = http_error(download.status, retry_after_s(download.header("retry-after"), now))
    elif source.kind == "sitemap" and is_index(download.body):
        named = await asyncio.to_thread(_children, download.body, download.url, now, job.max_children)
        if named:
            # An index stays the same while its sitemaps change: a 304 of it would say nothing, so no validators.
            answer_headers = tuple(
                header for header in answer_headers if header[0].lower() not in _VALIDATORS
            )
        for child in named:
            try:
                part = await follower.follow(child.url, Wish(headers[:1], source.proxy, max_bytes))
                received += part.bytes_received
                if part.download.status in SUCCESS:
                    children.append(
                        ChildListing(part.download.url, part.download.headers, part.download.body)
                    )
                else:
                    child_errors.append((child.url, http_error(part.download.status, None)))
            except FetchFailedError as failure:
                child_errors.append((child.url, failure.error))
    return SourceAnswer(
        job,
        download.status,
        now,
        answer_headers,
        download.body,
        download.url,
        trail.permanent_url,
        error,
        tuple(children),
        tuple(child_errors),
        time.monotonic() - begun,
        received,
    )


def conditions(validators: Validators) -> Headers:
    """The headers of a conditional request (RFC 9110 section 13.1)."""
    headers = []
    if validators.etag:
        headers.append(("If-None-Match", validators.etag))
    if validators.last_modified:
        headers.append(("If-Modified-Since", validators.last_modified))
    return tuple(headers)


def is_index(body: bytes) -> bool:
    """Whether a sitemap may name other sitemaps; a packed one has to be opened to know."""
    return body.startswith(b"\x1f\x8b") or b"<sitemapindex" in body[:4096]


def _children(body: bytes, url: str, now: datetime, limit: int) -> tuple[Child, ...]:
    try:
        return newest_children(parse_sitemap(body, url, now=now), limit)
    except ListingError:  # said by whoever reads the listing
        return ()
