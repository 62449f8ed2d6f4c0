"""Joining alerts into one message: a digest at its hour, or the summary of a burst. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

from jobs.alerts.content import Payload, utc_text

MAX_ITEMS = 500
"""Alerts in one message; what is over goes into the next one."""
CHART_DAYS = 14
SPIKE_SIGMAS = 3.0
SPIKE_MINIMUM = 3
"""A day is a spike over three standard deviations of the 14 days before it, and with three stories at least: after
two quiet weeks the deviation is 0 and every single story would be one."""
_BARS = "▁▂▃▄▅▆▇█"


def bundle_payload(
    *, alert_id: str, kind: str, channel: str, created: datetime, since: datetime | None, items: Sequence[Payload],
    days: Mapping[date, int], timezone: str, base_url: str | None,
) -> Payload:  # fmt: skip
    """The payload of a message that carries `items` (alert payloads). `days` counts new stories by local day."""
    today = created.astimezone(ZoneInfo(timezone)).date()
    return {
        "alert_id": alert_id,
        "kind": kind,
        "channel": channel,
        "created": utc_text(created),
        "since": utc_text(since) if since else None,
        "title": _title(kind, len(items), today),
        "count": len(items),
        "chart": chart(days, today),
        "groups": group_items(items),
        "items": list(items),
        "page_url": base_url,
    }


def _title(kind: str, count: int, today: date) -> str:
    alerts = f"{count} alert{'s' if count != 1 else ''}"
    if kind == "digest":
        return f"Border digest of {today:%a} {today.day} {today:%b %Y}: {alerts if count else 'nothing new'}"
    return f"Many at once: {alerts} in one message"


def group_items(items: Sequence[Payload]) -> list[dict[str, Any]]:
    """Positions of the items by place (the first one each names; most named first), stories together inside."""
    by_place: dict[str, list[int]] = {}
    names: dict[str, Mapping[str, Any]] = {}
    popular = Counter(
        place["id"] for item in items for place in {p["id"]: p for p in item.get("places", [])}.values()
    )
    for index, item in enumerate(items):
        places = sorted(item.get("places", []), key=lambda place: (-popular[place["id"]], place["id"]))
        key = places[0]["id"] if places else ""
        if places:
            names.setdefault(key, places[0])
        by_place.setdefault(key, []).append(index)
    ordered = sorted(by_place.items(), key=lambda pair: (pair[0] == "", -len(pair[1]), pair[0]))
    return [
        {
            "place": dict(names[key]) if key else None,
            "items": sorted(found, key=lambda i: (items[i].get("story_id") or 0, i)),
        }
        for key, found in ordered
    ]


def chart(days: Mapping[date, int], today: date) -> list[dict[str, Any]]:
    """The last 14 days: day, count, and whether it is a spike against the 14 days before it."""
    bars = []
    for back in range(CHART_DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        count = days.get(day, 0)
        before = [days.get(day - timedelta(days=n), 0) for n in range(1, CHART_DAYS + 1)]
        bars.append({"day": day.isoformat(), "count": count, "spike": is_spike(count, before)})
    return bars


def is_spike(count: int, before: Sequence[int]) -> bool:
    """Whether a day stands out against the days before it."""
    return count >= SPIKE_MINIMUM and count > fmean(before) + SPIKE_SIGMAS * pstdev(before)


def bars(counts: Iterable[int]) -> str:
    """A line of block characters, the highest being full."""
    values = list(counts)
    top = max(values, default=0)
    return "".join(_BARS[0] if top == 0 else _BARS[min(7, round(value / top * 7))] for value in values)


def local_days(moments: Iterable[datetime], timezone: str) -> Counter[date]:
    """How many moments fall on each day of a zone."""
    zone = ZoneInfo(timezone)
    return Counter(moment.astimezone(zone).date() for moment in moments)
