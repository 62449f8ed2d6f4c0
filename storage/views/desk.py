"""The desk's other lists: places, days, sources, alerts, topics' precision, and searching."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Database, Row, rows, scalar, stamp
from storage.model import PlaceRef

SEARCH_STEP = 20_000
"""Articles that one step of a filtered search looks through: about 20 ms where nothing fits."""


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """How many stories name a place in a period."""

    place: PlaceRef
    stories: int
    newest: str


def places(db: Database, topic: str, since: datetime, until: datetime) -> list[PlaceCount]:
    """Places by stories first seen in the period, the most first."""
    found = rows(
        db,
        "SELECT place, count(*) AS stories, max(first_at) AS newest FROM desk_places INDEXED BY desk_places_place"
        " WHERE topic = ? AND first_at >= ? AND first_at < ? GROUP BY place ORDER BY stories DESC, place",
        (topic, stamp(since), stamp(until)),
    )
    known = {place.id: place for place in place_refs(db)} if found else {}
    return [
        PlaceCount(
            known.get(row["place"], PlaceRef(row["place"], row["place"])), row["stories"], row["newest"]
        )
        for row in found
    ]


def place_ref(db: Database, place: str) -> PlaceRef | None:
    """The latest name and position of a place, or None."""
    found = rows(db, "SELECT * FROM desk_place_names WHERE place = ?", (place,))
    return PlaceRef(found[0]["place"], found[0]["name"], found[0]["lat"], found[0]["lon"]) if found else None


def place_refs(db: Database) -> list[PlaceRef]:
    """Every place that a match ever named, by name."""
    return [
        PlaceRef(row["place"], row["name"], row["lat"], row["lon"])
        for row in rows(db, "SELECT * FROM desk_place_names ORDER BY name")
    ]


def stories_by_day(
    db: Database, topic: str, bounds: Sequence[tuple[date, datetime, datetime]]
) -> Counter[date]:
    """Stories of the topic first seen on each day, given as (day, begin, end)."""
    return Counter(
        {
            day: n
            for day, begin, end in bounds
            if (n := scalar(db, _STORIES_OF_DAY, (topic, stamp(begin), stamp(end))))
        }
    )


_STORIES_OF_DAY = "SELECT count(*) FROM desk_stories INDEXED BY desk_stories_first WHERE topic = ? AND first_at >= ? AND first_at < ?"


def hours_by(db: Database, topic: str, by: str, since: datetime) -> list[tuple[str, str, int]]:
    """(group, hour in UTC as `2026-11-24T09`, stories first seen in it) from `since` on, by `place` or `country`."""
    if by == "place":
        sql = (
            "SELECT place, substr(first_at, 1, 13), count(*) FROM desk_places INDEXED BY desk_places_first"
            " WHERE topic = ? AND first_at >= ? GROUP BY 1, 2"
        )
    else:
        sql = (
            "SELECT f.value, substr(s.first_at, 1, 13), count(*) FROM desk_stories s INDEXED BY desk_stories_first"
            " CROSS JOIN desk_facets f ON f.story_id = s.story_id AND f.kind = 'country' WHERE s.topic = ? AND s.first_at >= ? GROUP BY 1, 2"
        )
    return db.conn.execute(sql, (topic, stamp(since))).fetchall()


def source_rows(db: Database) -> list[Row]:
    """Every source, those that need a person first, then by name."""
    return rows(
        db,
        "SELECT *, (SELECT count(*) FROM captures c WHERE c.source = sources.name AND c.state = 'set_aside') AS set_aside FROM sources"
        " ORDER BY configured DESC, CASE state WHEN 'failing' THEN 0 WHEN 'silent' THEN 1 WHEN 'disabled' THEN 2 WHEN 'new' THEN 3 ELSE 4 END, name",
    )


def entries_by_day(db: Database, bounds: Sequence[tuple[date, datetime, datetime]]) -> dict[str, list[int]]:
    """Source -> entries listed on each of the days, given as (day, begin, end): one walk along the index."""
    days = ", ".join("(?, ?)" for _ in bounds)
    params = [text for _, begin, end in bounds for text in (stamp(begin), stamp(end))]
    found = db.conn.execute(
        f"WITH days (low, high) AS (VALUES {days}) SELECT s.name, (SELECT count(*) FROM entries e INDEXED BY entries_listed"
        " WHERE e.source = s.name AND e.listed_at >= d.low AND e.listed_at < d.high) FROM sources s CROSS JOIN days d",
        params,
    )
    result: dict[str, list[int]] = {}
    for source, count in found.fetchall():
        result.setdefault(source, []).append(count)
    return result


def source_states(db: Database) -> dict[str, int]:
    """How many configured sources are in each state."""
    return {
        row["state"]: row["n"]
        for row in rows(db, "SELECT state, count(*) AS n FROM sources WHERE configured = 1 GROUP BY state")
    }


def undelivered(db: Database) -> dict[str, int]:
    """How many deliveries are waiting, sending or dead."""
    return {
        row["state"]: row["n"]
        for row in rows(
            db,
            "SELECT state, count(*) AS n FROM deliveries WHERE state IN ('waiting', 'sending', 'dead') GROUP BY state",
        )
    }


def alerts(
    db: Database, *, state: str = "", topic: str = "", before: tuple[str, str] | None = None, limit: int = 40
) -> list[Row]:
    """Alerts with their deliveries, newest first; `state`: undelivered, dead, handled, unhandled."""
    where = ["1"]
    params: dict[str, object] = {"limit": limit}
    if topic:
        where.append("a.topic = :topic")
        params["topic"] = topic
    if before:
        where.append("(a.created, a.id) < (:at, :id)")
        params |= {"at": before[0], "id": before[1]}
    where += {
        "undelivered": [
            "a.id IN (SELECT alert_id FROM deliveries WHERE state IN ('waiting', 'sending', 'dead'))"
        ],
        "dead": ["a.id IN (SELECT alert_id FROM deliveries WHERE state = 'dead')"],
        "handled": ["a.handled_at IS NOT NULL"],
        "unhandled": ["a.handled_at IS NULL", "a.kind IN ('new', 'update')"],
    }.get(state, [])
    found = rows(
        db,
        "SELECT a.*, r.title, r.lang, r.source, r.story_id AS current_story FROM alerts a LEFT JOIN articles r ON r.id = a.article_id"
        f" WHERE {' AND '.join(where)} ORDER BY a.created DESC, a.id DESC LIMIT :limit",
        params,
    )
    ids = [row["id"] for row in found]
    deliveries: dict[str, list[Row]] = {}
    for row in rows(
        db,
        f"SELECT * FROM deliveries WHERE alert_id IN ({','.join('?' * len(ids))}) ORDER BY channel",
        tuple(ids),
    ):
        deliveries.setdefault(row["alert_id"], []).append(row)
    return [
        {**row, "payload": json.loads(row["payload"]), "deliveries": deliveries.get(row["id"], [])}
        for row in found
    ]


def channel_rows(db: Database) -> list[Row]:
    """What is known of each channel: faults, pauses, last success."""
    return rows(db, "SELECT * FROM channels ORDER BY name")


def precision(db: Database) -> dict[str, tuple[int, int]]:
    """Topic -> (judged relevant, judged at all) among matches that still stand, by the word that counts."""
    found = rows(
        db,
        "SELECT j.topic, sum(j.relevant) AS good, count(*) AS judged FROM judgements j WHERE j.id IN"
        " (SELECT max(id) FROM judgements WHERE undone_at IS NULL GROUP BY article_id, topic)"
        " AND EXISTS (SELECT 1 FROM matches m WHERE m.article_id = j.article_id AND m.topic = j.topic) GROUP BY j.topic",
    )
    return {row["topic"]: (row["good"], row["judged"]) for row in found}


def match_counts(db: Database) -> dict[str, tuple[int, int]]:
    """Topic -> (stories, matching articles)."""
    found = rows(
        db, "SELECT topic, count(*) AS stories, sum(matches) AS matches FROM desk_stories GROUP BY topic"
    )
    return {row["topic"]: (row["stories"], row["matches"]) for row in found}


def rule_precision(db: Database, topic: str) -> list[tuple[str, int, int]]:
    """(rule in words, judged relevant, judged) of a topic, the most judged first."""
    found = rows(
        db,
        "SELECT r.value AS rule, sum(j.relevant) AS good, count(*) AS judged FROM judgements j"
        " JOIN matches m ON m.article_id = j.article_id AND m.topic = j.topic, json_each(m.rules) r WHERE j.topic = ? AND j.id IN"
        " (SELECT max(id) FROM judgements WHERE undone_at IS NULL AND topic = ? GROUP BY article_id)"
        " GROUP BY 1 ORDER BY judged DESC, 1 LIMIT 40",
        (topic, topic),
    )
    return [(row["rule"], row["good"], row["judged"]) for row in found]


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What a search is narrowed to besides its words. Days are stamps; `until` is exclusive."""

    source: str = ""
    lang: str = ""
    topic: str = ""
    country: str = ""
    since: datetime | None = None
    until: datetime | None = None


def search(
    db: Database,
    fts: str | None,
    chosen: SearchFilter,
    *,
    before: int | None,
    limit: int,
    give_up: float,
    clock: Callable[[], float],
) -> tuple[list[Row], int | None, bool]:
    """Articles newest first by id, the cursor behind them (None: the end), and whether the search broke off.

    Looks through SEARCH_STEP articles at a time, so that a common word under a rare filter stops at the time
    `give_up` (by `clock()`) instead of looking through everything; the next page goes on from there.
    """
    where, params = _search_conditions(chosen)
    high = before if before is not None else int(scalar(db, "SELECT coalesce(max(id), 0) FROM articles")) + 1
    found: list[Row] = []
    while high > 1:
        # Without a filter the index itself stops at the limit, whatever the range.
        low = max(1, high - SEARCH_STEP) if where else 1
        found += _search_range(
            db, fts, where, {**params, "fts": fts, "low": low, "high": high, "limit": limit + 1 - len(found)}
        )
        if len(found) > limit:
            return found[:limit], found[limit - 1]["id"], False
        high = low
        if high > 1 and clock() > give_up:
            return found, high, True
    return found, None, False


def _search_range(db: Database, fts: str | None, where: list[str], params: dict[str, object]) -> list[Row]:
    columns = "a.id, a.title, a.text, a.url, a.source, a.lang, a.date, a.date_source, a.first_seen, a.story_id, a.duplicate_of"
    condition = "".join(f" AND {term}" for term in where)
    if fts is None:
        return rows(
            db,
            f"SELECT {columns} FROM articles a WHERE a.id >= :low AND a.id < :high{condition} ORDER BY a.id DESC LIMIT :limit",
            params,
        )
    return rows(
        db,
        f"SELECT {columns} FROM articles_fts f CROSS JOIN articles a ON a.id = f.rowid WHERE articles_fts MATCH :fts"
        f" AND f.rowid >= :low AND f.rowid < :high{condition} ORDER BY f.rowid DESC LIMIT :limit",
        params,
    )


def _search_conditions(chosen: SearchFilter) -> tuple[list[str], dict[str, object]]:
    where: list[str] = []
    params: dict[str, object] = {}
    for column, value in (("source", chosen.source), ("lang", chosen.lang)):
        if value:
            where.append(f"a.{column} = :{column}")
            params[column] = value
    if chosen.country:
        where.append("a.source IN (SELECT name FROM sources WHERE country = :country)")
        params["country"] = chosen.country
    if chosen.topic:
        where.append("EXISTS (SELECT 1 FROM matches m WHERE m.article_id = a.id AND m.topic = :topic)")
        params["topic"] = chosen.topic
    if chosen.since:
        where.append("coalesce(a.date_utc, a.first_seen) >= :since")
        params["since"] = stamp(chosen.since)
    if chosen.until:
        where.append("coalesce(a.date_utc, a.first_seen) < :until")
        params["until"] = stamp(chosen.until)
    return where, params
