"""A person's wish not to hear of a story, a source or a topic for a time; kept with who and when."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from storage.database import Database, Row, rows, scalar, stamp, write_transaction

Muted = Literal["story", "source", "topic"]


def mute(
    db: Database,
    what: Muted,
    value: str,
    *,
    until: datetime | None,
    who: str,
    at: datetime,
    note: str | None = None,
) -> int:
    """Mute something until a time (None: until it is lifted); returns the mute's id."""
    with write_transaction(db):
        cursor = db.conn.execute(
            "INSERT INTO mutes (what, value, until, who, at, note) VALUES (?, ?, ?, ?, ?, ?)",
            (what, value, stamp(until) if until else None, who, stamp(at), note),
        )
    return int(cursor.lastrowid or 0)


def unmute(db: Database, what: Muted, value: str, *, who: str, at: datetime) -> int:
    """Lift every mute that holds for it; returns how many."""
    with write_transaction(db):
        return db.conn.execute(
            "UPDATE mutes SET lifted_at = :at, lifted_by = :who WHERE what = :what AND value = :value AND lifted_at IS NULL "
            "AND (until IS NULL OR until > :at)",
            {"at": stamp(at), "who": who, "what": what, "value": value},
        ).rowcount


def active_mutes(db: Database, now: datetime) -> list[Row]:
    """The mutes that hold now, newest first: id, what, value, until, who, at, note."""
    return rows(
        db,
        "SELECT id, what, value, until, who, at, note FROM mutes WHERE lifted_at IS NULL AND (until IS NULL OR until > ?) ORDER BY id DESC",
        (stamp(now),),
    )


def holding_mute(db: Database, *, story_id: int, source: str, topic: str, now: datetime) -> str | None:
    """In words, the mute that holds for a match (one of a story that was merged into its story, too), or None (`story 12 until 2026-05-01T00:00Z, by amna`)."""
    found = rows(
        db,
        "SELECT what, value, until, who FROM mutes WHERE lifted_at IS NULL AND (until IS NULL OR until > :now) AND "
        "((what = 'story' AND (value = :story OR value IN (SELECT CAST(id AS TEXT) FROM stories WHERE merged_into = :number))) OR (what = 'source' AND value = :source) OR (what = 'topic' AND value = :topic)) "
        "ORDER BY until IS NOT NULL, until DESC LIMIT 1",
        {"now": stamp(now), "story": str(story_id), "number": story_id, "source": source, "topic": topic},
    )
    if not found:
        return None
    row = found[0]
    return f"{row['what']} {row['value']} {'until ' + row['until'] if row['until'] else 'until lifted'}, by {row['who']}"


def mute_undelivered(db: Database, now: datetime) -> int:
    """Mark held and waiting deliveries whose story, source or topic is muted now; returns how many."""
    if (
        scalar(
            db,
            "SELECT 1 FROM mutes WHERE lifted_at IS NULL AND (until IS NULL OR until > ?) LIMIT 1",
            (stamp(now),),
        )
        is None
    ):
        return 0
    with write_transaction(db):
        return db.conn.execute(
            "UPDATE deliveries SET state = 'muted' WHERE state IN ('held', 'waiting') AND alert_id IN ("
            "SELECT a.id FROM alerts a JOIN articles r ON r.id = a.article_id JOIN mutes m ON m.lifted_at IS NULL "
            "AND (m.until IS NULL OR m.until > ?) AND ((m.what = 'story' AND m.value IN (CAST(r.story_id AS TEXT), CAST(a.story_id AS TEXT))) "
            "OR (m.what = 'source' AND m.value = r.source) OR (m.what = 'topic' AND m.value = a.topic)))",
            (stamp(now),),
        ).rowcount
