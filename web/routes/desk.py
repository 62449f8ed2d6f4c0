"""*Sources*, *Alerts* and *Topics*: what the desk keeps running."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from storage.mutes import active_mutes
from storage.views import desk, stories
from web.csrf import checked
from web.days import day_bounds
from web.pages import render
from web.params import Fault, Reader, link
from web.site import site_of
from web.words import describe, try_text

router = APIRouter(include_in_schema=False)
SPARK_DAYS = 14
ALERT_STATES = {
    "": "All",
    "undelivered": "Undelivered",
    "dead": "Given up",
    "unhandled": "To handle",
    "handled": "Handled",
}
MAX_TRIED_CHARS = 50_000
DESCRIBED_KEPT_S = 3600.0


@router.get("/sources")
def sources_page(request: Request) -> Response:
    """Every source with its health, its last errors, the next check, and its entries of two weeks."""
    site = site_of(request)
    now = site.clock()
    today = now.astimezone(site.zone).date()
    reader = Reader(request.query_params)
    states = ("ok", "new", "silent", "failing", "disabled")
    state = reader.one_of("state", states, "state")
    with site.pool.lease() as db:
        found = desk.source_rows(db)
        entries = desk.entries_by_day(db, day_bounds(today, SPARK_DAYS, site.zone))
        muted = {row["value"] for row in active_mutes(db, now) if row["what"] == "source"}
    counts = {one: sum(row["state"] == one for row in found if row["configured"]) for one in states}
    shown = [
        source_view(row, entries.get(row["name"], []))
        for row in found
        if not state or (row["state"] == state and row["configured"])
    ]
    return render(
        request, "sources.html", status=400 if reader.faults else 200, page="Sources", sources=shown, counts=counts, state=state, muted=muted,
        fault_list=reader.faults, days=SPARK_DAYS,
    )  # fmt: skip


def source_view(row: dict[str, Any], counts: list[int]) -> dict[str, Any]:
    """A source's row with its sparkline: the points of a line over SPARK_DAYS days, in a box of 120 × 24."""
    counts = counts or [0] * SPARK_DAYS
    highest = max(1, *counts)
    points = " ".join(
        f"{1 + index * 118 / (SPARK_DAYS - 1):.1f},{22 - count / highest * 20:.1f}"
        for index, count in enumerate(counts)
    )
    return {**row, "spark": points, "entries": sum(counts), "entries_today": counts[-1]}


@router.get("/alerts")
def alerts_page(request: Request) -> Response:
    """Alerts with their deliveries, and what is muted."""
    site = site_of(request)
    reader = Reader(request.query_params)
    part = bool(request.headers.get("hx-request")) and "after" in request.query_params
    with site.pool.lease() as db:
        topics = stories.topics(db)
        state = reader.one_of("state", ALERT_STATES, "state")
        topic = reader.one_of("topic", topics, "topic")
        after = reader.text("after")
        at, _, identity = after.partition("~")
        if after and (not identity or not _is_stamp(at)):
            reader.faults.append(Fault("after", after, "is no mark of a page; go back to the first one"))
        before = (at, identity) if identity and not reader.faults else None
        found = desk.alerts(db, state=state, topic=topic, before=before, limit=41)
        waiting = desk.undelivered(db)
        channels = desk.channel_rows(db)
        muted = active_mutes(db, site.clock())
    more = len(found) > 40
    found = found[:40]
    following = (
        link("/alerts", dict(request.query_params), after=f"{found[-1]['created']}~{found[-1]['id']}")
        if more
        else None
    )
    return render(
        request, "_alerts.html" if part else "alerts.html", status=400 if reader.faults else 200, page="Alerts", alerts=found, state=state, states=ALERT_STATES,
        topics=topics, topic=topic, waiting=waiting, channels=channels, mutes=muted, following=following, fault_list=reader.faults,
    )  # fmt: skip


def _is_stamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@router.get("/topics")
def topics_page(request: Request) -> Response:
    """The topics: rules in words, precision by judgements, and a box to try a text in."""
    site = site_of(request)
    reader = Reader(request.query_params)
    topics, fault = site.topic_set()
    with site.pool.lease() as db:
        stored = stories.topics(db)
        precision = desk.precision(db)
        counts = desk.match_counts(db)
        names = [topic.name for topic in topics.topics] if topics else []
        chosen = reader.one_of("topic", [*names, *stored], "topic") or next(iter(names or stored), "")
        rules = desk.rule_precision(db, chosen)
    topic = next((one for one in topics.topics if one.name == chosen), None) if topics else None
    described = None
    if topic is not None:
        known = topic
        described = site.remember(
            ("described", topic.name, topic.version), DESCRIBED_KEPT_S, lambda: describe(known)
        )
    return render(
        request, "topics.html", status=400 if reader.faults else 200, page="Topics", names=list(dict.fromkeys([*names, *stored])), chosen=chosen,
        described=described, precision=precision, counts=counts, rules=rules, fault=fault, fault_list=reader.faults,
    )  # fmt: skip


@router.post("/topics/try", dependencies=[Depends(checked)])
def try_page(
    request: Request, text: Annotated[str, Form()] = "", title: Annotated[str, Form()] = ""
) -> Response:
    """What the topics of this configuration say of a text; nothing is stored."""
    topics, fault = site_of(request).topic_set()
    if topics is None:
        return render(request, "_tried.html", tried=[], fault=fault, given=False, cut=False)
    tried = try_text(title[:1000], text[:MAX_TRIED_CHARS], topics)
    return render(
        request,
        "_tried.html",
        tried=tried,
        fault=fault,
        given=bool(title.strip() or text.strip()),
        cut=len(text) > MAX_TRIED_CHARS,
    )
