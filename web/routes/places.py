"""*Map* and *Timeline*: where along the border, and how many on which day."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from storage.views import desk, stories
from web.days import BEFORE_DAYS, Bar, bars, day_bounds, day_start, days_of_hours, judge_days
from web.pages import COUNTRIES, render
from web.params import PERIODS, Reader, as_days
from web.site import site_of

router = APIRouter(include_in_schema=False)
MAX_GROUPS = 24
LENGTHS = {"30": 30, "90": 90, "180": 180}
TIMELINE_KEPT_S = 60.0
"""Counting half a year by country takes 80 ms with 20,000 stories; a minute's delay does not show in a month's chart."""


@router.get("/map")
def map_page(request: Request) -> Response:
    """Places along the border, sized by stories in the period, beside the same as a list."""
    site = site_of(request)
    now = site.clock()
    with site.pool.lease() as db:
        topics = stories.topics(db)
        reader = Reader(request.query_params)
        topic = reader.one_of("topic", topics, "topic") or (topics[0] if topics else "")
        since, until, days = reader.period(site.zone, now, default="7")
        found = (
            desk.places(
                db,
                topic,
                since or datetime.fromisoformat("1970-01-01T00:00:00Z"),
                until or now + timedelta(minutes=1),
            )
            if topic
            else []
        )
    points = [
        {
            "id": count.place.id,
            "name": count.place.name,
            "lat": count.place.lat,
            "lon": count.place.lon,
            "stories": count.stories,
        }
        for count in found
        if count.place.lat is not None
    ]
    return render(
        request, "map.html", status=400 if reader.faults else 200, page="Map", topics=topics, topic=topic, places=found, points=points, periods=PERIODS,
        days=days, since_day=as_days(since, site.zone) if not days else "", until_day=request.query_params.get("to", ""), fault_list=reader.faults,
        highest=max((count.stories for count in found), default=1),
    )  # fmt: skip


@router.get("/timeline")
def timeline_page(request: Request) -> Response:
    """Stories a day, in all and by place or country, with the days that stand out."""
    site = site_of(request)
    now = site.clock()
    today = now.astimezone(site.zone).date()
    with site.pool.lease() as db:
        topics = stories.topics(db)
        reader = Reader(request.query_params)
        topic = reader.one_of("topic", topics, "topic") or (topics[0] if topics else "")
        by = reader.one_of("by", ("place", "country"), "grouping (place or country)") or "place"
        length = LENGTHS[reader.one_of("days", LENGTHS, "length (30, 90 or 180)") or "30"]
        total = desk.stories_by_day(db, topic, day_bounds(today, length + BEFORE_DAYS, site.zone))
        since = day_start(today - timedelta(days=length + BEFORE_DAYS), site.zone)
        names = {place.id: place.name for place in desk.place_refs(db)} if by == "place" else COUNTRIES

        def drawn() -> tuple[list[dict[str, Any]], int]:
            grouped = days_of_hours(desk.hours_by(db, topic, by, since), site.zone)
            return timeline_rows(grouped, names, today, length), max(0, len(grouped) - MAX_GROUPS)

        rows, hidden = site.remember(("timeline", topic, by, length, today), TIMELINE_KEPT_S, drawn)
    days = judge_days(total, today, length)
    return render(
        request, "timeline.html", status=400 if reader.faults else 200, page="Timeline", topics=topics, topic=topic, by=by, length=length, lengths=LENGTHS,
        total=chart(days, 1000.0, 150.0), rows=rows, today=today, fault_list=reader.faults,
        hidden=hidden, spikes=spikes(rows, days),
    )  # fmt: skip


def timeline_rows(
    grouped: dict[str, Counter[date]], names: dict[str, str], today: date, length: int
) -> list[dict[str, Any]]:
    """The groups with the most stories in the period, each with its own small chart."""
    first = today - timedelta(days=length - 1)
    counted = sorted(
        ((sum(n for day, n in counts.items() if day >= first), group) for group, counts in grouped.items()),
        key=lambda one: (-one[0], one[1]),
    )
    result = []
    for stories_in_all, group in counted[:MAX_GROUPS]:
        if stories_in_all:
            drawn = chart(judge_days(grouped[group], today, length), 600.0, 40.0)
            result.append(
                {
                    "id": group,
                    "name": names.get(group, group),
                    "stories": stories_in_all,
                    "path": bar_path(drawn["bars"]),
                    **drawn,
                }
            )
    return result


def bar_path(drawn: list[Bar]) -> str:
    """The usual days' bars as one shape; the days that stand out are drawn apart."""
    return "".join(
        f"M{bar.x:g} {bar.y:g}h{bar.width:g}v{bar.height:g}h-{bar.width:g}z"
        for bar in drawn
        if bar.height and not bar.day.spike
    )


def chart(days: list[Any], width: float, height: float) -> dict[str, Any]:
    """Bars, the highest day and the days that stand out."""
    return {
        "bars": bars(days, width, height),
        "width": width,
        "height": height,
        "highest": max((day.count for day in days), default=0),
        "spikes": [day for day in days if day.spike],
    }


def spikes(rows: list[dict[str, Any]], total: list[Any]) -> list[dict[str, Any]]:
    """The days that stand out, the latest first: in all, then by group."""
    found = [{"day": day, "name": "All", "id": None} for day in total if day.spike]
    found += [{"day": day, "name": row["name"], "id": row["id"]} for row in rows for day in row["spikes"]]
    return sorted(found, key=lambda one: one["day"].day, reverse=True)[:12]
