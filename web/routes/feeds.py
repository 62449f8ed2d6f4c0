"""The out-feeds: Atom, JSON Feed and CSV of each topic's stories and matches, with conditional requests."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from jobs.alerts.feeds import FORMS, Form, What, build_feed, feed_name, not_modified
from storage.outfeeds import feed_topics
from web.pages import problem, render
from web.site import site_of

router = APIRouter(include_in_schema=False)
WHAT: tuple[What, ...] = ("stories", "matches")


def feed_names(topics: list[str]) -> dict[str, tuple[str, What, Form]]:
    """Every feed by its file name."""
    return {
        feed_name(topic, what, form): (topic, what, form)
        for topic in topics
        for what in WHAT
        for form in FORMS
    }


@router.get("/feeds/")
def feeds_page(request: Request) -> Response:
    """The feeds that there are."""
    with site_of(request).pool.lease() as db:
        topics = feed_topics(db)
    return render(
        request,
        "feeds.html",
        page="Feeds",
        topics={topic: feed_names([topic]) for topic in topics},
    )


@router.get("/feeds/{name}")
def feed(request: Request, name: str) -> Response:
    """One feed; 304 where the reader has it already (RFC 9110 section 13)."""
    site = site_of(request)
    base = site.options.base_url or f"{request.url.scheme}://{request.url.netloc}"
    with site.pool.lease() as db:
        found = feed_names(feed_topics(db)).get(name)
        if found is None:
            return problem(
                request,
                404,
                "There is no such feed",
                f"No feed is called {name[:80]}. /feeds/ lists those there are.",
            )
        topic, what, form = found
        document = build_feed(db, topic, what, form, base_url=base, self_url=f"{base}/feeds/{name}")
    headers = {
        "ETag": document.etag,
        "Last-Modified": document.last_modified,
        "Cache-Control": "private, max-age=60",
        "Content-Type": document.content_type,
    }
    if not_modified(document, request.headers.get("if-none-match"), request.headers.get("if-modified-since")):
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers)
