"""Alerts and their deliveries: decided in the recording transaction, claimed and settled by the deliverer.

A delivery is `waiting` (due at `next_try`), `held` (for a digest, quiet hours or a burst), `sending` (claimed by a
living process), `bundled` (on its way inside the message `bundle`), `sent`, `dead` (too old; `alerts retry` revives
it) or `muted`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.database import Database, Row, parse_stamp, rows, scalar, stamp, write_transaction

AlertKind = Literal["new", "update", "digest", "summary", "notice"]
MAX_ERROR_CHARS = 500


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A channel that is to get an alert, and from when."""

    channel: str
    next_try: datetime
    state: Literal["waiting", "held"] = "waiting"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process holds, with all that is needed to send it."""

    delivery_id: int
    alert_id: str
    kind: AlertKind
    channel: str
    tries: int
    """Tries before this one."""
    since: datetime
    """When it was decided, or last revived: the start of its age limit."""
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one claimed delivery. `error` has to be free of secrets."""

    delivery_id: int
    state: Literal["waiting", "held", "sent", "dead", "muted"]
    at: datetime
    next_try: datetime | None = None
    error: str | None = None
    counts_as_try: bool = True


def insert_alert(
    db: Database,
    *,
    alert_id: str,
    kind: AlertKind,
    created: datetime,
    payload: dict[str, Any],
    deliveries: Iterable[NewDelivery],
    topic: str | None = None,
    story_id: int | None = None,
    article_id: int | None = None,
    reason: str = "",
) -> None:
    """Store an alert and its deliveries. The caller holds the write transaction that also stores what it is about."""
    db.conn.execute(
        "INSERT INTO alerts (id, topic, story_id, article_id, kind, reason, created, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alert_id,
            topic,
            story_id,
            article_id,
            kind,
            reason,
            stamp(created),
            json.dumps(payload, ensure_ascii=False),
        ),
    )
    add_deliveries(db, alert_id, deliveries, created)


def add_deliveries(db: Database, alert_id: str, deliveries: Iterable[NewDelivery], created: datetime) -> int:
    """Add channels to an alert (once each; a second time changes nothing); returns how many were new."""
    added = 0
    for delivery in deliveries:
        added += db.conn.execute(
            "INSERT OR IGNORE INTO deliveries (alert_id, channel, state, next_try, created) VALUES (?, ?, ?, ?, ?)",
            (alert_id, delivery.channel, delivery.state, stamp(delivery.next_try), stamp(created)),
        ).rowcount
    return added


def alert_of_story(db: Database, topic: str, story_id: int) -> str | None:
    """The id of the alert that the topic has for the story, or for one that was merged into it (its article moved along)."""
    found = scalar(
        db,
        "SELECT id FROM alerts WHERE topic = :topic AND story_id = :story AND kind = 'new' UNION ALL "
        "SELECT a.id FROM articles r JOIN alerts a ON a.article_id = r.id AND a.topic = :topic AND a.kind = 'new' "
        "WHERE r.story_id = :story LIMIT 1",
        {"topic": topic, "story": story_id},
    )
    return None if found is None else str(found)


def update_reasons(db: Database, topic: str, story_id: int) -> frozenset[str]:
    """The reasons for which the story already sent an update."""
    found = rows(
        db,
        "SELECT reason FROM alerts WHERE topic = :topic AND kind = 'update' AND (story_id = :story "
        "OR article_id IN (SELECT id FROM articles WHERE story_id = :story))",
        {"topic": topic, "story": story_id},
    )
    return frozenset(str(row["reason"]) for row in found)


def alert_payload(db: Database, alert_id: str) -> dict[str, Any] | None:
    """The stored content of an alert."""
    text = scalar(db, "SELECT payload FROM alerts WHERE id = ?", (alert_id,))
    return None if text is None else json.loads(text)


def story_reports(db: Database, story_id: int | None, limit: int = 200) -> list[Row]:
    """The articles of a story, first seen first: source, country, title, url, date, lang, duplicate_of."""
    if story_id is None:
        return []
    return rows(
        db,
        "SELECT a.id, a.source, s.country, a.title, a.url, a.date, a.lang, a.duplicate_of FROM articles a "
        "LEFT JOIN sources s ON s.name = a.source WHERE a.story_id = ? ORDER BY a.id LIMIT ?",
        (story_id, limit),
    )


def current_story(db: Database, article_id: int | None) -> int | None:
    """The story an article belongs to now (merges move it)."""
    return (
        None
        if article_id is None
        else scalar(db, "SELECT story_id FROM articles WHERE id = ?", (article_id,))
    )


def claim_due(db: Database, channel: str, now: datetime, limit: int, claimant: str) -> list[Claimed]:
    """Claim up to `limit` due deliveries of a channel, the longest due first, in one transaction."""
    if not has_due(db, channel, now):
        return []  # most looks find nothing, and need no write lock for it
    with write_transaction(db):
        found = rows(
            db,
            "SELECT d.id, d.alert_id, a.kind, d.tries, coalesce(d.revived, d.created) AS since, a.payload FROM deliveries d "
            "JOIN alerts a ON a.id = d.alert_id WHERE d.state = 'waiting' AND d.channel = ? AND d.next_try <= ? "
            "ORDER BY d.next_try, d.id LIMIT ?",
            (channel, stamp(now), limit),
        )
        db.conn.executemany(
            "UPDATE deliveries SET state = 'sending', claimed_by = ? WHERE id = ?",
            [(claimant, row["id"]) for row in found],
        )
    return [
        Claimed(
            row["id"],
            row["alert_id"],
            row["kind"],
            channel,
            row["tries"],
            parse_stamp(row["since"]),
            json.loads(row["payload"]),
        )
        for row in found
    ]


def claim_named(db: Database, delivery_ids: Sequence[int], claimant: str) -> list[Claimed]:
    """Claim these deliveries whatever their time, unless another process holds them."""
    marks = ", ".join("?" * len(delivery_ids))
    with write_transaction(db):
        found = rows(
            db,
            "SELECT d.id, d.alert_id, a.kind, d.channel, d.tries, coalesce(d.revived, d.created) AS since, a.payload "
            f"FROM deliveries d JOIN alerts a ON a.id = d.alert_id WHERE d.state = 'waiting' AND d.id IN ({marks}) ORDER BY d.id",
            tuple(delivery_ids),
        )
        db.conn.executemany(
            "UPDATE deliveries SET state = 'sending', claimed_by = ? WHERE id = ?",
            [(claimant, row["id"]) for row in found],
        )
    return [
        Claimed(
            row["id"],
            row["alert_id"],
            row["kind"],
            row["channel"],
            row["tries"],
            parse_stamp(row["since"]),
            json.loads(row["payload"]),
        )
        for row in found
    ]


def has_due(db: Database, channel: str, now: datetime) -> bool:
    """Whether a delivery of the channel is due."""
    query = "SELECT 1 FROM deliveries WHERE state = 'waiting' AND channel = ? AND next_try <= ? LIMIT 1"
    return scalar(db, query, (channel, stamp(now))) is not None


def next_due(db: Database, channel: str) -> datetime | None:
    """When the next waiting delivery of the channel is due."""
    found = scalar(
        db, "SELECT min(next_try) FROM deliveries WHERE state = 'waiting' AND channel = ?", (channel,)
    )
    return None if found is None else parse_stamp(found)


def settle(db: Database, outcomes: Iterable[Settled]) -> None:
    """Write what became of claimed deliveries. Those that a message bundles share its end; one transaction."""
    with write_transaction(db):
        for outcome in outcomes:
            _settle_one(db, outcome)


def _settle_one(db: Database, outcome: Settled) -> None:
    at = stamp(outcome.at)
    error = outcome.error[:MAX_ERROR_CHARS] if outcome.error else None
    db.conn.execute(
        "UPDATE deliveries SET state = :state, tries = tries + :try, next_try = coalesce(:next, next_try), last_error = :error, "
        "sent_at = CASE WHEN :state = 'sent' THEN :at ELSE sent_at END, claimed_by = NULL WHERE id = :id",
        {
            "state": outcome.state,
            "try": int(outcome.counts_as_try),
            "next": stamp(outcome.next_try) if outcome.next_try else None,
            "error": error,
            "at": at,
            "id": outcome.delivery_id,
        },
    )
    if outcome.state in {"sent", "dead"}:
        db.conn.execute(
            "UPDATE deliveries SET state = :state, sent_at = CASE WHEN :state = 'sent' THEN :at ELSE sent_at END, last_error = :error "
            "WHERE state = 'bundled' AND (bundle, channel) = (SELECT alert_id, channel FROM deliveries WHERE id = :id)",
            {"state": outcome.state, "at": at, "error": error, "id": outcome.delivery_id},
        )


def release_claims(db: Database, is_alive: Callable[[str], bool]) -> int:
    """Give back what dead processes had claimed (same id, same tries); returns how many."""
    if scalar(db, "SELECT 1 FROM deliveries WHERE state = 'sending' LIMIT 1") is None:
        return 0
    released = 0
    with write_transaction(db):
        for row in rows(db, "SELECT DISTINCT claimed_by FROM deliveries WHERE state = 'sending'"):
            if row["claimed_by"] is None or not is_alive(row["claimed_by"]):
                released += db.conn.execute(
                    "UPDATE deliveries SET state = 'waiting', claimed_by = NULL WHERE state = 'sending' AND claimed_by IS ?",
                    (row["claimed_by"],),
                ).rowcount
    return released


def recent_sends(db: Database, channel: str, since: datetime, limit: int) -> list[datetime]:
    """When the channel's last messages went out, oldest first; bundled deliveries count once, by their message."""
    found = rows(
        db,
        "SELECT sent_at FROM deliveries WHERE state = 'sent' AND channel = ? AND sent_at > ? AND bundle IS NULL ORDER BY sent_at DESC LIMIT ?",
        (channel, stamp(since), limit),
    )
    return [parse_stamp(row["sent_at"]) for row in reversed(found)]


def wake_channel(db: Database, name: str, now: datetime) -> int:
    """The channel answers again: what waits for a later try is due now; returns how many."""
    with write_transaction(db):
        return db.conn.execute(
            "UPDATE deliveries SET next_try = :now WHERE state = 'waiting' AND channel = :name AND next_try > :now AND tries > 0",
            {"now": stamp(now), "name": name},
        ).rowcount


def expire(db: Database, channel: str, older_than: datetime, error: str, *, untried: bool) -> int:
    """Give up what was tried in vain for too long (dead until `alerts retry`); returns how many. With `untried`, also
    what never had its turn because the channel fails; a machine that was off for days tries it first."""
    condition = "state = 'waiting' AND channel = ? AND coalesce(revived, created) < ?"
    if not untried:
        condition += " AND tries > 0"
    if (
        scalar(db, f"SELECT 1 FROM deliveries WHERE {condition} LIMIT 1", (channel, stamp(older_than)))
        is None
    ):
        return 0
    with write_transaction(db):
        return db.conn.execute(
            f"UPDATE deliveries SET state = 'dead', last_error = coalesce(last_error, ?) WHERE {condition}",
            (error[:MAX_ERROR_CHARS], channel, stamp(older_than)),
        ).rowcount


def abandon_unknown(db: Database, known: Sequence[str], older_than: datetime) -> int:
    """Give up what waits for channels that are not configured any more; returns how many."""
    marks = ", ".join("?" * len(known))
    condition = f"state IN ('waiting', 'held') AND created < ? AND channel NOT IN ({marks})"
    if scalar(db, f"SELECT 1 FROM deliveries WHERE {condition} LIMIT 1", (stamp(older_than), *known)) is None:
        return 0
    with write_transaction(db):
        return db.conn.execute(
            f"UPDATE deliveries SET state = 'dead', last_error = 'the channel is not configured any more' WHERE {condition}",
            (stamp(older_than), *known),
        ).rowcount


def give_back(db: Database, delivery_ids: Iterable[int]) -> None:
    """Unclaim what this process holds and did not finish: same id, same tries, due at once."""
    ids = list(delivery_ids)
    if not ids:
        return
    with write_transaction(db):
        db.conn.executemany(
            "UPDATE deliveries SET state = 'waiting', claimed_by = NULL WHERE id = ? AND state = 'sending'",
            [(key,) for key in ids],
        )
