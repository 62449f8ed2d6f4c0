"""`/api/v1`: what the pages show, as JSON, and exports of any filtered view as CSV or JSONL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from storage.model import BorderwatchError, Match
from storage.views import desk, details, stories
from storage.views.stories import Cursor, StoryFilter, card_as_json
from web.csrf import checked
from web.days import BEFORE_DAYS, day_bounds, judge_days
from web.desk import known
from web.export import stream
from web.params import MAX_ID, Identity, Reader, encode_cursor, read_story_filter
from web.routes.search import Query as Search
from web.routes.search import find, read_query
from web.site import Site, site_of, visitor_of

router = APIRouter(prefix="/api/v1", tags=["news"])
EXPORT_PAGE = 200
MAX_EXPORT = 100_000


class Page(BaseModel):
    """A page of a list; `next` is the cursor to give as `after`, null at the end."""

    items: list[dict[str, Any]]
    next: str | None = Field(description="Give it as `after` to get what follows; null at the end.")


class Judgement(BaseModel):
    """A word on a match."""

    article_id: int = Field(ge=1, le=MAX_ID)
    topic: str = Field(max_length=200)
    relevant: bool


class Said(BaseModel):
    """What was done, in a sentence."""

    said: str


def story_filter(request: Request) -> tuple[StoryFilter, Cursor | None]:
    """The filter of an address; 422 with every fault."""
    site = site_of(request)
    with site.pool.lease() as db:
        reader = Reader(request.query_params)
        chosen = read_story_filter(
            reader, known(db, stories.topics(db), stories.choices(db)), site.zone, site.clock()
        )
    cursor = reader.cursor("after")
    refuse(reader)
    return chosen, cursor


def refuse(reader: Reader) -> None:
    """422 with a record for each fault, where there is one."""
    if reader.faults:
        raise HTTPException(
            422,
            [
                {"parameter": fault.name, "value": fault.value, "reason": fault.reason}
                for fault in reader.faults
            ],
        )


FilterParameters = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": text}
        for name, text in (
            ("topic", "Name of a topic; the fullest one where absent."), ("order", "`new` (first report) or `active` (latest report)."),
            ("lang", "A member in this language."), ("country", "A source of this country."), ("place", "Gazetteer id that the evidence names."),
            ("source", "A report of this source."), ("state", "open, unjudged, alerted, handled, relevant, not_relevant or muted."),
            ("days", "1, 7, 30, 180 or all."), ("from", "First day, YYYY-MM-DD."), ("to", "Last day, YYYY-MM-DD."), ("min", "At least so many sources."),
        )
    ]
}  # fmt: skip


@router.get("/stories", openapi_extra=FilterParameters)
def list_stories(
    request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50, after: str | None = None
) -> Page:
    """Stories of a topic, newest first."""
    del after  # read with the other parameters
    chosen, cursor = story_filter(request)
    site = site_of(request)
    with site.pool.lease() as db:
        cards, following = (
            stories.list_stories(db, chosen, site.clock(), after=cursor, limit=limit)
            if chosen.topic
            else ([], None)
        )
    return Page(
        items=[card_as_json(card) for card in cards], next=encode_cursor(following) if following else None
    )


@router.get("/stories/export", openapi_extra=FilterParameters)
def export_stories(request: Request, format: Literal["csv", "jsonl"] = "jsonl") -> StreamingResponse:  # noqa: A002 - the name in the address
    """Every story of the filtered view, as JSONL or CSV; at most 100,000."""
    chosen, _ = story_filter(request)
    return stream(_story_records(site_of(request), chosen), format, "stories")


def _story_records(site: Site, chosen: StoryFilter) -> Iterator[dict[str, Any]]:
    cursor: Cursor | None = None
    for _ in range(MAX_EXPORT // EXPORT_PAGE):
        with site.pool.lease() as db:
            cards, cursor = (
                stories.list_stories(db, chosen, site.clock(), after=cursor, limit=EXPORT_PAGE)
                if chosen.topic
                else ([], None)
            )
        yield from (card_as_json(card) for card in cards)
        if cursor is None:
            return


@router.get("/stories/{story_id}")
def one_story(request: Request, story_id: Identity) -> dict[str, Any]:
    """One story with its reports and why each belongs to it."""
    with site_of(request).pool.lease() as db:
        view = details.story(db, story_id)
    if view is None:
        raise HTTPException(404, f"There is no story {story_id}.")
    return {
        "id": view.id,
        "lead_article": view.lead["id"],
        "reports": view.total,
        "topics": [
            {
                "topic": head["topic"],
                "score": head["score"],
                "first_seen": head["first_at"],
                "last_report": head["last_at"],
            }
            for head in view.heads
        ],
        "members": [
            {
                key: member[key]
                for key in (
                    "id",
                    "source",
                    "country",
                    "url",
                    "title",
                    "lang",
                    "date",
                    "first_seen",
                    "relation",
                    "with_article",
                    "score",
                    "why",
                )
            }
            | {"matches": [_match(match) for match in view.matches.get(member["id"], ())]}
            for member in view.members
        ],
        "alerts": [
            {key: alert[key] for key in ("id", "topic", "kind", "created", "handled_by", "handled_at")}
            for alert in view.alerts
        ],
    }


def search_of(request: Request) -> tuple[Search, int | None]:
    """The search of an address; 422 with every fault."""
    site = site_of(request)
    reader = Reader(request.query_params)
    with site.pool.lease() as db:
        query = read_query(reader, known(db, stories.topics(db), stories.choices(db)), site)
    after = reader.whole("after", 1, 999_999_999, 0) or None
    refuse(reader)
    return query, after


@router.get("/articles")
def search_articles(
    request: Request, q: str = "", limit: Annotated[int, Query(ge=1, le=200)] = 50, after: str | None = None
) -> Page:
    """Articles that hold every word of `q` in any spelling, newest first; narrowed by source, lang, topic, country, from, to."""
    del q, after  # read with the other parameters
    query, before = search_of(request)
    reader = Reader({})
    with site_of(request).pool.lease() as db:
        rows, following, _ = find(db, query, before, limit, reader)
    refuse(reader)
    return Page(items=rows, next=str(following) if following else None)


@router.get("/articles/export")
def export_articles(request: Request, format: Literal["csv", "jsonl"] = "jsonl") -> StreamingResponse:  # noqa: A002
    """Every article of a search, as JSONL or CSV; at most 100,000."""
    query, _ = search_of(request)
    return stream(_article_records(site_of(request), query), format, "articles")


def _article_records(site: Site, query: Search) -> Iterator[dict[str, Any]]:
    before: int | None = None
    given = 0
    while given < MAX_EXPORT:
        with site.pool.lease() as db:
            rows, before, _ = find(db, query, before, EXPORT_PAGE, Reader({}))
        yield from rows
        given += len(rows)
        if before is None:
            return


@router.get("/articles/{article_id}")
def one_article(request: Request, article_id: Identity) -> dict[str, Any]:
    """One article with its matches."""
    with site_of(request).pool.lease() as db:
        view = details.article(db, article_id)
    if view is None:
        raise HTTPException(404, f"There is no article {article_id}.")
    return {
        **{key: view.row[key] for key in _ARTICLE_KEYS},
        "matches": [_match(match) | {"verdict": view.verdicts[match.topic]} for match in view.matches],
        "revisions": [
            {"revision": row["revision"], "seen_at": row["seen_at"], "title": row["title"]}
            for row in view.revisions
        ],
    }


_ARTICLE_KEYS = (
    "id", "url", "canonical_url", "title", "text", "date", "date_source", "date_precision", "first_seen", "lang", "authors", "source",
    "country", "story_id", "duplicate_of", "duplicate_why", "revision",
)  # fmt: skip


def _match(match: Match) -> dict[str, Any]:
    return asdict(match)


@router.get("/places")
def list_places(request: Request, topic: str = "", days: Annotated[int, Query(ge=1, le=3650)] = 7) -> Page:
    """Places along the border by stories of the last days."""
    site = site_of(request)
    now = site.clock()
    with site.pool.lease() as db:
        chosen = topic or next(iter(stories.topics(db)), "")
        found = desk.places(db, chosen, now - timedelta(days=days), now + timedelta(minutes=1))
    return Page(
        items=[{**asdict(count.place), "stories": count.stories, "newest": count.newest} for count in found],
        next=None,
    )


@router.get("/days")
def list_days(request: Request, topic: str = "", days: Annotated[int, Query(ge=1, le=366)] = 30) -> Page:
    """Stories a day, with what the 14 days before make usual and whether the day stands out."""
    site = site_of(request)
    today = site.clock().astimezone(site.zone).date()
    with site.pool.lease() as db:
        chosen = topic or next(iter(stories.topics(db)), "")
        counts = desk.stories_by_day(db, chosen, day_bounds(today, days + BEFORE_DAYS, site.zone))
    return Page(
        items=[
            {
                "day": day.day.isoformat(),
                "stories": day.count,
                "usual": round(day.mean, 2),
                "sigma": round(day.sigma, 2),
                "spike": day.spike,
            }
            for day in judge_days(counts, today, days)
        ],
        next=None,
    )


@router.get("/sources")
def list_sources(request: Request) -> Page:
    """Sources with their health."""
    with site_of(request).pool.lease() as db:
        rows = desk.source_rows(db)
    keys = (
        "name",
        "kind",
        "url",
        "country",
        "language",
        "rank",
        "state",
        "state_since",
        "error",
        "last_check",
        "last_success",
        "last_new",
        "next_check",
        "interval_s",
    )
    return Page(items=[{key: row[key] for key in keys} for row in rows if row["configured"]], next=None)


@router.get("/alerts")
def list_alerts(
    request: Request,
    state: Literal["", "undelivered", "dead", "unhandled", "handled"] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: str = "",
) -> Page:
    """Alerts with their deliveries, newest first."""
    at, _, identity = after.partition("~")
    with site_of(request).pool.lease() as db:
        rows = desk.alerts(db, state=state, before=(at, identity) if identity else None, limit=limit + 1)
    shown = rows[:limit]
    return Page(
        items=[
            {
                key: row[key]
                for key in (
                    "id",
                    "topic",
                    "story_id",
                    "article_id",
                    "kind",
                    "created",
                    "handled_by",
                    "handled_at",
                    "title",
                )
            }
            | {
                "deliveries": [
                    {
                        key: one[key]
                        for key in ("id", "channel", "state", "tries", "next_try", "sent_at", "last_error")
                    }
                    for one in row["deliveries"]
                ]
            }
            for row in shown
        ],
        next=f"{shown[-1]['created']}~{shown[-1]['id']}" if len(rows) > limit else None,
    )


@router.get("/topics")
def list_topics(request: Request) -> Page:
    """Topics that stories stand under, with the desk's precision."""
    with site_of(request).pool.lease() as db:
        counts, precision = desk.match_counts(db), desk.precision(db)
    return Page(
        items=[
            {
                "topic": topic,
                "stories": counted,
                "matches": matches,
                "judged": precision.get(topic, (0, 0))[1],
                "relevant": precision.get(topic, (0, 0))[0],
            }
            for topic, (counted, matches) in sorted(counts.items())
        ],
        next=None,
    )


@router.post("/judgements", status_code=201, dependencies=[Depends(checked)])
def judge(request: Request, word: Judgement) -> Said:
    """Keep a word on a match (role editor)."""
    site = site_of(request)
    visitor = visitor_of(request)
    if visitor is None or not visitor.may("editor") or site.actions is None:
        raise HTTPException(403, "This needs the role editor, and a page that may write.")
    try:
        said = site.actions.judge(word.article_id, word.topic, relevant=word.relevant, who=visitor.name)
    except BorderwatchError as fault:
        raise HTTPException(409, str(fault)) from fault
    site.hub.touch()
    return Said(said=said)
