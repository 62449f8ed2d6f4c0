"""*Now*: the stories of a topic, newest first, with what is unusual, where, and whether the sources live."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from storage.database import Database
from storage.views import desk, stories
from storage.views.stories import Card, Cursor
from web.days import local_day
from web.desk import MAP_HEIGHT, MAP_WIDTH, glance, known, small_map
from web.pages import render
from web.params import PERIODS, STATES, Reader, as_days, encode_cursor, link, read_story_filter
from web.site import Site, site_of

PAGE_SIZE = 30
router = APIRouter(include_in_schema=False)


@router.get("/")
def now_page(request: Request) -> Response:
    """The list, whole or (with `after`, asked by a script) its next part."""
    site = site_of(request)
    now = site.clock()
    part = bool(request.headers.get("hx-request")) and "after" in request.query_params
    with site.pool.lease() as db:
        topics = stories.topics(db)
        choices = stories.choices(db)
        reader = Reader(request.query_params)
        chosen = read_story_filter(reader, known(db, topics, choices), site.zone, now)
        after = reader.cursor("after")
        cards, following = (
            stories.list_stories(db, chosen, now, after=after, limit=PAGE_SIZE)
            if chosen.topic
            else ([], None)
        )
        context: dict[str, Any] = {
            "days": by_day(cards, site, chosen.order),
            "today": now.astimezone(site.zone).date(),
            "shown_day": local_day(after.at, site.zone) if after else None,
            "following": link("/", dict(request.query_params), after=encode_cursor(following))
            if following
            else None,
        }
        if not part:
            place = desk.place_ref(db, chosen.place) if chosen.place else None
            context |= {
                "topics": topics,
                "choices": choices,
                "places": desk.place_refs(db),
                "chosen": chosen,
                "place": place,
                "glance": site.until_changed(
                    ("glance", chosen.topic), lambda: glance(db, chosen.topic, now, site.zone)
                )
                if chosen.topic
                else None,
                "fault_list": reader.faults,
                "periods": PERIODS,
                "states": STATES,
                "since_day": as_days(chosen.since, site.zone) if request.query_params.get("from") else "",
                "until_day": request.query_params.get("to", ""),
                "newest": encode_cursor(newest_cursor(cards, db, chosen.topic)),
                "map": small_map(),
                "map_size": (MAP_WIDTH, MAP_HEIGHT),
                "page": "Now",
            }
    status = 400 if reader.faults else 200
    return render(request, "_stories.html" if part else "now.html", status=status, **context)


@router.get("/fresh")
def fresh(request: Request) -> Response:
    """Stories that came up behind the cursor `newest`, as cards, for the live list."""
    site = site_of(request)
    now = site.clock()
    with site.pool.lease() as db:
        topics = stories.topics(db)
        reader = Reader(request.query_params)
        chosen = read_story_filter(reader, known(db, topics, stories.choices(db)), site.zone, now)
        after = reader.cursor("newest")
        if after is None or reader.faults or not chosen.topic:
            return Response("There is no such list.", 400, media_type="text/plain")
        cards = stories.stories_since(db, chosen, now, after)
        cursor = (
            encode_cursor(newest_cursor(cards, db, chosen.topic)) if cards else request.query_params["newest"]
        )
    return render(
        request,
        "_fresh.html",
        cards=cards,
        headers={"X-Newest": cursor, "X-Count": str(len(cards)), "Cache-Control": "no-store"},
    )


def newest_cursor(cards: list[Card], db: Database, topic: str) -> Cursor:
    """The cursor behind which a live list looks: the newest story of the topic, shown or not."""
    head = db.conn.execute(
        "SELECT first_at, story_id FROM desk_stories WHERE topic = ? ORDER BY first_at DESC, story_id DESC LIMIT 1",
        (topic,),
    ).fetchone()
    if head:
        return Cursor(*head)
    return Cursor(cards[0].first_at, cards[0].story_id) if cards else Cursor("1970-01-01T00:00:00.000Z", 0)


def by_day(cards: list[Card], site: Site, order: str) -> list[tuple[date, list[Card]]]:
    """The cards under their days in the desk's zone."""
    return [
        (day, list(group))
        for day, group in groupby(
            cards, key=lambda one: local_day(one.first_at if order == "new" else one.last_at, site.zone)
        )
    ]
