"""What templates see of a message that joins alerts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jobs.alerts.clean import isolate, one_line, safe_link
from jobs.alerts.digest import bars
from jobs.alerts.view import Room, alert_view, moment_text, place_names


@dataclass(frozen=True, slots=True)
class DigestRoom:
    """How many alerts a digest spells out, and how much each may say."""

    items: int
    item: Room


DIGEST_STEPS = (
    DigestRoom(200, Room(300, 1, 300, 3, 3, 0)),
    DigestRoom(60, Room(200, 1, 160, 2, 0, 0)),
    DigestRoom(40, Room(140, 0, 0, 1, 0, 0)),
    DigestRoom(15, Room(100, 0, 0, 0, 0, 0)),
    DigestRoom(5, Room(60, 0, 0, 0, 0, 0)),
    DigestRoom(0, Room(0, 0, 0, 0, 0, 0)),
)


def digest_view(
    payload: Mapping[str, Any], room: DigestRoom, *, language: str, timezone: str, html: bool
) -> dict[str, Any]:
    """Groups by place with the views of their alerts, the count chart, and its spikes."""
    zone = ZoneInfo(timezone)
    items = payload["items"]
    left = room.items
    groups: list[dict[str, Any]] = []
    for group in payload["groups"]:
        shown = group["items"][:left]
        left -= len(shown)
        if not shown:
            continue
        name = place_names([group["place"]], language)[0] if group["place"] else "No place named"
        views = [
            alert_view(items[index], room.item, language=language, timezone=timezone, html=html)
            for index in shown
        ]
        groups.append(
            {"place": name if html else isolate(name), "items": views, "count": len(group["items"])}
        )
    chart = payload["chart"]
    return {
        "kind": payload["kind"],
        "title": one_line(payload["title"], 200),
        "count": payload["count"],
        "since": moment_text(payload["since"], zone) if payload["since"] else "",
        "groups": groups,
        "unlisted": max(0, payload["count"] - sum(len(group["items"]) for group in groups)),
        "chart": chart,
        "chart_top": max((bar["count"] for bar in chart), default=0) or 1,
        "bars": bars(bar["count"] for bar in chart),
        "spikes": [bar for bar in chart if bar["spike"]],
        "page_url": safe_link(payload.get("page_url") or ""),
        "id": payload["alert_id"],
    }
