"""What *Now* shows at a glance: how unusual today is, where, whether the sources live, whether alerts arrive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from storage.database import Database, Row, rows, scalar, stamp
from storage.views import desk
from storage.views.desk import PlaceCount
from web.days import BEFORE_DAYS, Bar, Day, bars, day_bounds, day_start, judge_days
from web.params import Known

SPARK_WIDTH, SPARK_HEIGHT = 196.0, 36.0
MAP_WEST, MAP_EAST, MAP_SOUTH, MAP_NORTH = 58.8, 66.2, 24.3, 30.6
MAP_SCALE = 44.0
"""Pixels a degree of latitude; a degree of longitude is drawn by the cosine of 27.5°."""
MAP_COSINE = 0.887


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the small map, in its units."""

    x: float
    y: float
    radius: float
    count: PlaceCount
    labelled: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """The strip above the list."""

    days: tuple[Day, ...]
    spark: tuple[Bar, ...]
    places: tuple[PlaceCount, ...]
    dots: tuple[Dot, ...]
    states: dict[str, int]
    unwell: tuple[Row, ...]
    last_success: str | None
    undelivered: dict[str, int]
    alerts_today: int
    run: Row | None

    @property
    def today(self) -> Day:
        """The last day."""
        return self.days[-1]

    @property
    def watched(self) -> int:
        """Configured sources."""
        return sum(self.states.values())

    @property
    def alive(self) -> int:
        """Sources that answer in their rhythm."""
        return self.states.get("ok", 0) + self.states.get("new", 0)


def known(db: Database, topics: list[str], choices: dict[str, list[str]]) -> Known:
    """What parameters may name."""
    places = [place.id for place in desk.place_refs(db)]
    return Known(tuple(topics), places, choices["source"], choices["country"], choices["lang"])


def glance(db: Database, topic: str, now: datetime, zone: ZoneInfo) -> Glance:
    """The strip for one topic; about 5 ms with 20,000 stories."""
    today = now.astimezone(zone).date()
    counts = desk.stories_by_day(db, topic, day_bounds(today, 2 * BEFORE_DAYS, zone))
    days = judge_days(counts, today, BEFORE_DAYS)
    found = tuple(desk.places(db, topic, now - timedelta(days=7), now + timedelta(minutes=1)))
    start = stamp(day_start(today, zone))
    return Glance(
        days=tuple(days),
        spark=tuple(bars(days, SPARK_WIDTH, SPARK_HEIGHT)),
        places=found[:6],
        dots=tuple(_dots(found)),
        states=desk.source_states(db),
        unwell=tuple(
            rows(
                db,
                "SELECT name, state, state_since, error FROM sources WHERE configured = 1 AND state IN ('failing', 'silent') ORDER BY state, name LIMIT 4",
            )
        ),
        last_success=scalar(db, "SELECT max(last_success) FROM sources WHERE configured = 1"),
        undelivered=desk.undelivered(db),
        alerts_today=int(
            scalar(
                db,
                "SELECT count(*) FROM alerts WHERE created >= ? AND topic = ? AND kind IN ('new', 'update')",
                (start, topic),
            )
        ),
        run=next(
            iter(rows(db, "SELECT job, started, finished, state FROM runs ORDER BY id DESC LIMIT 1")), None
        ),
    )


def project(lat: float, lon: float) -> tuple[float, float]:
    """A position on the small map (plate carrée at the border's middle latitude: true to about 2 % there)."""
    return round((lon - MAP_WEST) * MAP_SCALE * MAP_COSINE, 1), round((MAP_NORTH - lat) * MAP_SCALE, 1)


MAP_WIDTH, MAP_HEIGHT = round(project(MAP_SOUTH, MAP_EAST)[0]), round(project(MAP_SOUTH, MAP_EAST)[1])


def _dots(places: tuple[PlaceCount, ...]) -> list[Dot]:
    inside = [
        count
        for count in places
        if count.place.lat is not None
        and count.place.lon is not None
        and MAP_SOUTH < count.place.lat < MAP_NORTH
        and MAP_WEST < count.place.lon < MAP_EAST
    ]
    highest = max((count.stories for count in inside), default=1)
    result: list[Dot] = []
    for count in inside[:24]:
        x, y = project(count.place.lat or 0.0, count.place.lon or 0.0)
        near = any(dot.labelled and abs(dot.y - y) < 15 and abs(dot.x - x) < 80 for dot in result)
        result.append(
            Dot(
                x,
                y,
                round(3 + 9 * (count.stories / highest) ** 0.5, 1),
                count,
                labelled=len(result) < 7 and not near,
            )
        )
    return result


@cache
def small_map() -> dict[str, str]:
    """SVG path data of the small map: `land` by country name, and `border`."""
    geometry = json.loads((Path(__file__).parent / "static" / "border-small.json").read_text())
    paths = {}
    for feature in geometry["features"]:
        lines = feature["geometry"]["coordinates"]
        rings = (
            [ring for polygon in lines for ring in polygon]
            if feature["geometry"]["type"] == "MultiPolygon"
            else lines
        )
        close = "Z" if feature["geometry"]["type"] == "MultiPolygon" else ""
        paths[feature["properties"]["name"]] = "".join(
            "M" + "L".join(f"{x:g},{y:g}" for x, y in (project(lat, lon) for lon, lat in ring)) + close
            for ring in rings
        )
    return paths
