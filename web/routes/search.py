"""*Search*: words in any spelling, narrowed by fields, and searches that a person keeps."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from jobs.search import fts_query, snippet
from storage.database import Row
from storage.users import list_searches
from storage.views import desk, stories
from storage.views.desk import SearchFilter
from text.normalise import normalise, words
from web.desk import known
from web.marks import Piece, pieces
from web.pages import render
from web.params import Fault, Known, Reader, as_days
from web.site import Site, site_of, visitor_of

router = APIRouter(include_in_schema=False)
PAGE_SIZE = 20
PATIENCE_S = 0.025
"""A filtered search shows what it found by then and goes on with the next page."""
_FIELD = re.compile(r'(?<!\S)(source|lang|topic|country):("[^"]*"|\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """A search as typed: its words, and the fields it names."""

    text: str
    words: str
    chosen: SearchFilter


@dataclass(frozen=True, slots=True)
class Found:
    """One article found, with its snippet in pieces."""

    row: Row
    snippet: list[Piece]


def read_query(reader: Reader, allowed: Known, site: Site) -> Query:
    """The search that an address holds: `q`, where `source:`, `lang:`, `topic:` and `country:` may stand, and the fields."""
    text = reader.text("q")
    named = {field.lower(): value.strip('"') for field, value in _FIELD.findall(text)}
    both = Reader({**reader.query, **named})
    since, until, _ = reader.period(site.zone, site.clock())
    chosen = SearchFilter(
        source=both.one_of("source", allowed.sources, "source"),
        lang=both.one_of("lang", allowed.languages, "language"),
        topic=both.one_of("topic", allowed.topics, "topic"),
        country=both.one_of("country", allowed.countries, "country"),
        since=since,
        until=until,
    )
    reader.faults += both.faults
    return Query(text, _FIELD.sub(" ", text).strip(), chosen)


def find(
    db: Any, query: Query, before: int | None, limit: int, reader: Reader
) -> tuple[list[Row], int | None, bool]:
    """What a search finds: rows, the cursor behind them, whether it broke off. Empty words search by fields alone."""
    fts = fts_query(query.words)
    if query.words and fts is None:
        reader.faults.append(Fault("q", query.words, "holds no word to look for"))
        return [], None, False
    if fts is None and query.chosen == SearchFilter():
        return [], None, False
    return desk.search(
        db,
        fts,
        query.chosen,
        before=before,
        limit=limit,
        give_up=time.monotonic() + PATIENCE_S,
        clock=time.monotonic,
    )


@router.get("/search")
def search_page(request: Request) -> Response:
    """The form, what was found, and the searches that are kept."""
    site = site_of(request)
    visitor = visitor_of(request)
    part = bool(request.headers.get("hx-request")) and "before" in request.query_params
    with site.pool.lease() as db:
        topics = stories.topics(db)
        choices = stories.choices(db)
        reader = Reader(request.query_params)
        query = read_query(reader, known(db, topics, choices), site)
        before = reader.whole("before", 1, 999_999_999, 0) or None
        rows, following, broke_off = find(db, query, before, PAGE_SIZE, reader)
        kept = list_searches(db, visitor.name) if visitor else []
    terms = [term for term in words(normalise(query.words)) if term]
    asked = bool(query.words) or replace(query.chosen) != SearchFilter()
    plain = {key: value for key, value in request.query_params.items() if value and key != "before"}
    return render(
        request, "_found.html" if part else "search.html", status=400 if reader.faults else 200, page="Search", topics=topics, choices=choices,
        asked=asked, search=query, found=[Found(row, snippet_pieces(row, terms)) for row in rows], broke_off=broke_off,
        following="/search?" + urlencode({**plain, "before": str(following)}) if following else None,
        reached=rows[-1]["first_seen"] if rows and broke_off else None, kept=kept, fault_list=reader.faults, plain_query=urlencode(plain),
        since_day=as_days(query.chosen.since, site.zone), until_day=request.query_params.get("to", ""),
    )  # fmt: skip


def snippet_pieces(row: Row, terms: list[str]) -> list[Piece]:
    """The piece of the text around the words, those marked."""
    text, marks = snippet(row["title"], row["text"][:20_000], terms)
    return pieces(text, (), marks)
