"""Stories as lists show them: filtered, newest first, a page at a time, with everything a card needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.articles import match_from_row
from storage.database import Database, Row, rows, scalar, stamp
from storage.model import Evidence, PlaceRef

Order = Literal["new", "active"]
State = Literal["", "open", "alerted", "handled", "unjudged", "relevant", "not_relevant", "muted"]


@dataclass(frozen=True, slots=True)
class StoryFilter:
    """What a list of stories is narrowed to; empty fields narrow nothing. `since` is inclusive, `until` exclusive."""

    topic: str
    order: Order = "new"
    lang: str = ""
    country: str = ""
    place: str = ""
    source: str = ""
    state: State = ""
    since: datetime | None = None
    until: datetime | None = None
    min_sources: int = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the time it is ordered by, and the story."""

    at: str
    story_id: int


@dataclass(frozen=True, slots=True)
class Card:
    """One story in a list: its lead report, the sentence that proves the match, and who else says so."""

    story_id: int
    topic: str
    first_at: str
    last_at: str
    score: float
    article_id: int
    title: str
    url: str
    lang: str | None
    source: str
    published: str | None
    published_source: str | None
    published_precision: str | None
    evidence: Evidence | None
    evidence_lang: str | None
    proof_id: int
    """The article whose evidence is shown, and which a judgement is about."""
    rules: tuple[str, ...]
    places: tuple[PlaceRef, ...]
    reports: int
    copies: int
    sources: tuple[str, ...]
    langs: tuple[str, ...]
    alert_id: str | None
    handled_by: str | None
    judged: bool | None
    muted_until: str | None
    """`""`: muted until lifted; None: not muted."""


def topics(db: Database) -> list[str]:
    """The topics that stories stand under, the fullest first."""
    return [
        row["topic"]
        for row in rows(
            db, "SELECT topic, count(*) AS n FROM desk_stories GROUP BY topic ORDER BY n DESC, topic"
        )
    ]


def list_stories(
    db: Database, chosen: StoryFilter, now: datetime, *, after: Cursor | None = None, limit: int = 30
) -> tuple[list[Card], Cursor | None]:
    """One page of stories, newest first, and where the next page begins (None: this was the last)."""
    where, params = conditions(chosen, now)
    column = "first_at" if chosen.order == "new" else "last_at"
    if after is not None:
        where.append(f"(s.{column}, s.story_id) < (:cursor_at, :cursor_story)")
        params |= {"cursor_at": after.at, "cursor_story": after.story_id}
    found = rows(
        db,
        f"SELECT s.story_id, s.first_at, s.last_at, s.score FROM desk_stories s WHERE {' AND '.join(where)}"
        f" ORDER BY s.{column} DESC, s.story_id DESC LIMIT :limit",
        {**params, "limit": limit + 1},
    )
    more = len(found) > limit
    found = found[:limit]
    following = Cursor(found[-1][column], found[-1]["story_id"]) if more else None
    return cards(db, chosen.topic, found, now), following


def stories_since(
    db: Database, chosen: StoryFilter, now: datetime, after: Cursor, limit: int = 50
) -> list[Card]:
    """Stories that came up behind a cursor, newest first: what a live list adds at its top."""
    where, params = conditions(chosen, now)
    found = rows(
        db,
        f"SELECT s.story_id, s.first_at, s.last_at, s.score FROM desk_stories s WHERE {' AND '.join(where)}"
        " AND (s.first_at, s.story_id) > (:cursor_at, :cursor_story) ORDER BY s.first_at DESC, s.story_id DESC LIMIT :limit",
        {**params, "cursor_at": after.at, "cursor_story": after.story_id, "limit": limit},
    )
    return cards(db, chosen.topic, found, now)


def story_heads(db: Database, story_id: int) -> list[Row]:
    """The topics that a story stands under: topic, first_at, last_at, score, the best first."""
    return rows(
        db,
        "SELECT topic, story_id, first_at, last_at, score FROM desk_stories WHERE story_id = ? ORDER BY score DESC, topic",
        (story_id,),
    )


def conditions(chosen: StoryFilter, now: datetime) -> tuple[list[str], dict[str, Any]]:
    """The WHERE terms of a filter over `desk_stories s`, and their parameters."""
    where = ["s.topic = :topic"]
    params: dict[str, Any] = {"topic": chosen.topic, "now": stamp(now)}
    column = "first_at" if chosen.order == "new" else "last_at"
    if chosen.since:
        where.append(f"s.{column} >= :since")
        params["since"] = stamp(chosen.since)
    if chosen.until:
        where.append(f"s.{column} < :until")
        params["until"] = stamp(chosen.until)
    # Lists of ids, each built once; the `+` keeps the order of time as the plan, which stops at a page's end.
    for kind, value in (("lang", chosen.lang), ("source", chosen.source), ("country", chosen.country)):
        if value:
            where.append(
                f"+s.story_id IN (SELECT story_id FROM desk_facets WHERE kind = '{kind}' AND value = :{kind})"
            )
            params[kind] = value
    if chosen.place:
        where.append(
            "+s.story_id IN (SELECT story_id FROM desk_places WHERE topic = :topic AND place = :place)"
        )
        params["place"] = chosen.place
    if chosen.min_sources > 1:
        where.append(
            "+s.story_id IN (SELECT id FROM stories WHERE json_array_length(sources) >= :min_sources)"
        )
        params["min_sources"] = chosen.min_sources
    where.extend(_STATES[chosen.state])
    return where, params


_ALERTED = "+s.story_id IN (SELECT story_id FROM alerts WHERE topic = :topic AND kind = 'new')"
_HANDLED = "+s.story_id {} (SELECT story_id FROM alerts WHERE topic = :topic AND handled_at IS NOT NULL)"
# The newest word on each article counts; one such word on any report is the story's.
_JUDGED = (
    "+s.story_id {} (SELECT r.story_id FROM judgements j JOIN articles r ON r.id = j.article_id WHERE j.topic = :topic"
    " AND j.undone_at IS NULL AND r.story_id IS NOT NULL{})"
)
_MUTED = (
    "+s.story_id {} (SELECT CAST(m.value AS INTEGER) FROM mutes m WHERE m.what = 'story' AND m.lifted_at IS NULL"
    " AND (m.until IS NULL OR m.until > :now))"
)
_HIDDEN = _MUTED.format("NOT IN")
_NEWEST = (
    " AND j.relevant = {} AND NOT EXISTS (SELECT 1 FROM judgements k WHERE k.article_id = j.article_id AND k.topic = j.topic"
    " AND k.undone_at IS NULL AND k.id > j.id)"
)
_STATES: dict[str, tuple[str, ...]] = {
    "": (_HIDDEN,),
    "open": (_HIDDEN, _HANDLED.format("NOT IN"), _JUDGED.format("NOT IN", _NEWEST.format(0))),
    "alerted": (_ALERTED,),
    "handled": (_HANDLED.format("IN"),),
    "unjudged": (_HIDDEN, _JUDGED.format("NOT IN", "")),
    "relevant": (_JUDGED.format("IN", _NEWEST.format(1)),),
    "not_relevant": (_JUDGED.format("IN", _NEWEST.format(0)),),
    "muted": (_MUTED.format("IN"),),
}


def cards(db: Database, topic: str, found: Sequence[Row], now: datetime) -> list[Card]:
    """The cards of stories given as rows of `desk_stories`, in their order; stories without a lead are left out."""
    ids = [row["story_id"] for row in found]
    stories = _by_id(
        db,
        "SELECT id, lead_article, articles, texts, sources, languages FROM stories WHERE lead_article IS NOT NULL AND id IN ({})",
        ids,
    )
    proofs = _proofs(db, topic, stories)
    wanted = {story["lead_article"] for story in stories.values()} | set(proofs.values())
    articles = _by_id(
        db,
        "SELECT id, title, url, lang, source, date, date_source, date_precision FROM articles WHERE id IN ({})",
        wanted,
    )
    matches = _by_id(
        db,
        "SELECT *, article_id AS id FROM matches WHERE topic = :topic AND article_id IN ({})",
        proofs.values(),
        topic=topic,
    )
    alerts = _by_id(
        db,
        "SELECT story_id AS id, id AS alert_id, handled_by FROM alerts WHERE kind = 'new' AND topic = :topic AND story_id IN ({})",
        ids,
        topic=topic,
    )
    muted = {
        int(row["value"]): row["until"] or ""
        for row in rows(
            db,
            "SELECT value, until FROM mutes WHERE what = 'story' AND lifted_at IS NULL AND (until IS NULL OR until > ?)",
            (stamp(now),),
        )
        if row["value"].isdecimal()
    }
    judged = _judged(db, topic, ids)
    result = []
    for row in found:
        identity = row["story_id"]
        story = stories.get(identity)
        if story is None:
            continue
        lead, proof = articles[story["lead_article"]], proofs.get(identity)
        match = match_from_row(matches[proof]) if proof in matches else None
        alert = alerts.get(identity, {})
        result.append(
            Card(
                story_id=identity, topic=topic, first_at=row["first_at"], last_at=row["last_at"], score=row["score"],
                article_id=lead["id"], title=lead["title"], url=lead["url"], lang=lead["lang"], source=lead["source"],
                published=lead["date"], published_source=lead["date_source"], published_precision=lead["date_precision"],
                evidence=_best_evidence(match.evidence) if match else None,
                evidence_lang=articles[proof]["lang"] if proof in articles else None, proof_id=proof or lead["id"],
                rules=match.rules if match else (), places=match.places if match else (),
                reports=story["articles"], copies=story["articles"] - story["texts"],
                sources=tuple(json.loads(story["sources"])), langs=tuple(json.loads(story["languages"])),
                alert_id=alert.get("alert_id"), handled_by=alert.get("handled_by"),
                judged=judged.get(identity), muted_until=muted.get(identity),
            )
        )  # fmt: skip
    return result


def _proofs(db: Database, topic: str, stories: dict[int, Row]) -> dict[int, int]:
    """Story -> the report whose evidence is shown: the lead where it matched, else the first that did."""
    leads = {story["lead_article"]: identity for identity, story in stories.items()}
    matched = rows(
        db,
        f"SELECT article_id FROM matches WHERE topic = ? AND article_id IN ({_marks(list(leads))})",
        (topic, *leads),
    )
    proofs = {leads[row["article_id"]]: row["article_id"] for row in matched}
    others = [identity for identity in stories if identity not in proofs]
    found = rows(
        db,
        "SELECT a.story_id, m.article_id FROM articles a INDEXED BY articles_card JOIN matches m ON m.article_id = a.id AND m.topic = ?"
        f" WHERE a.story_id IN ({_marks(others)}) ORDER BY a.first_seen DESC, a.id DESC",
        (topic, *others),
    )
    return proofs | {row["story_id"]: row["article_id"] for row in found}


def _best_evidence(evidence: tuple[Evidence, ...]) -> Evidence | None:
    """A sentence of the text says more than the title, which the card shows anyway."""
    return next((item for item in evidence if item.field == "text"), evidence[0] if evidence else None)


def _judged(db: Database, topic: str, ids: Sequence[int]) -> dict[int, bool]:
    found = rows(
        db,
        "SELECT a.story_id, j.relevant FROM judgements j INDEXED BY judgements_article JOIN articles a ON a.id = j.article_id"
        f" WHERE j.undone_at IS NULL AND j.topic = ? AND j.article_id IN (SELECT id FROM articles WHERE story_id IN ({_marks(ids)})) ORDER BY j.id",
        (topic, *ids),
    )
    return {row["story_id"]: bool(row["relevant"]) for row in found}


def _by_id(db: Database, sql: str, ids: Iterable[int], topic: str | None = None) -> dict[int, Row]:
    chosen = ",".join(str(int(number)) for number in ids)
    return {row["id"]: row for row in rows(db, sql.format(chosen), {"topic": topic})}


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def choices(db: Database) -> dict[str, list[str]]:
    """What a filter can be set to: languages, countries and sources that are known, by name."""
    found = rows(db, "SELECT name, country, language FROM sources ORDER BY name")
    return {
        "source": [row["name"] for row in found],
        "country": sorted({row["country"] for row in found if row["country"]}),
        "lang": sorted({row["language"] for row in found if row["language"]}),
    }


def newest(db: Database) -> tuple[int, int, int]:
    """Where the news stand: the highest match, judgement and revision ids (cheap to compare)."""
    return (
        int(scalar(db, "SELECT coalesce(max(id), 0) FROM matches")),
        int(scalar(db, "SELECT coalesce(max(id), 0) FROM judgements")),
        int(scalar(db, "SELECT coalesce(max(id), 0) FROM revisions")),
    )


def card_as_json(card: Card) -> dict[str, Any]:
    """A card as the API gives it."""
    evidence = card.evidence
    return {
        "story_id": card.story_id,
        "topic": card.topic,
        "first_seen": card.first_at,
        "last_report": card.last_at,
        "score": card.score,
        "title": card.title,
        "url": card.url,
        "language": card.lang,
        "article_id": card.article_id,
        "source": card.source,
        "published": card.published,
        "published_source": card.published_source,
        "evidence": {
            "field": evidence.field,
            "start": evidence.start,
            "end": evidence.end,
            "quote": evidence.quote,
        }
        if evidence
        else None,
        "rules": list(card.rules),
        "places": [
            {"id": place.id, "name": place.name, "lat": place.lat, "lon": place.lon} for place in card.places
        ],
        "reports": card.reports,
        "copies": card.copies,
        "sources": list(card.sources),
        "languages": list(card.langs),
        "alert_id": card.alert_id,
        "handled_by": card.handled_by,
        "relevant": card.judged,
        "muted": card.muted_until is not None,
    }
