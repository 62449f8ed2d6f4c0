"""Looking at alerts and their deliveries, and what people do with them: list, retry, handled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from storage.database import Database, Row, first, rows, scalar, stamp, write_transaction

_STATES = ("dead", "sending", "waiting", "bundled", "held", "muted", "sent")
"""Of an alert's deliveries, the first of these that occurs is the alert's own state."""


def alert_state(states: Sequence[str]) -> str:
    """One word for an alert: `sent` when every channel has it, `no channel` when none wanted it, else what is left."""
    return next((state for state in _STATES if state in states), "no channel")


def list_alerts(
    db: Database, *, limit: int = 100, topic: str | None = None, undelivered: bool = False, kinds: Sequence[str] = ("new", "update"),
    before: str | None = None, ids: Sequence[str] | None = None,
) -> list[Row]:  # fmt: skip
    """Alerts, newest first: id, kind, topic, story_id, article_id, title, url, source, evidence, created, state, handled_by,
    handled_at, deliveries (channel, state, tries, next_try, sent_at, last_error). `before` is the id of the last one seen."""
    where, params = [f"kind IN ({_marks(kinds)})"], list[object](kinds)
    if topic:
        where.append("topic = ?")
        params.append(topic)
    if undelivered:
        where.append(
            "id IN (SELECT alert_id FROM deliveries WHERE state IN ('waiting', 'sending', 'dead', 'held', 'bundled'))"
        )
    if before:
        where.append("(created, rowid) < (SELECT created, rowid FROM alerts WHERE id = ?)")
        params.append(before)
    if ids is not None:
        where.append(f"id IN ({_marks(ids)})")
        params += ids
    found = rows(
        db,
        f"SELECT * FROM alerts WHERE {' AND '.join(where)} ORDER BY created DESC, rowid DESC LIMIT ?",
        (*params, limit),
    )
    sent = deliveries_of(db, [row["id"] for row in found])
    return [_listed(row, sent.get(row["id"], [])) for row in found]


def deliveries_of(db: Database, alert_ids: Sequence[str]) -> dict[str, list[Row]]:
    """The deliveries of some alerts, by alert id. `channel_error` says why the channel of a waiting one pauses."""
    by_alert: dict[str, list[Row]] = {}
    for begin in range(0, len(alert_ids), 500):
        some = alert_ids[begin : begin + 500]
        found = rows(
            db,
            "SELECT d.id AS delivery_id, d.alert_id, d.channel, d.state, d.tries, d.next_try, d.sent_at, d.last_error, d.bundle, "
            "CASE WHEN c.failures > 0 AND d.state = 'waiting' THEN c.last_error END AS channel_error FROM deliveries d "
            f"LEFT JOIN channels c ON c.name = d.channel WHERE d.alert_id IN ({_marks(some)}) ORDER BY d.id",
            tuple(some),
        )
        for row in found:
            by_alert.setdefault(row.pop("alert_id"), []).append(row)
    return by_alert


def _listed(row: Row, deliveries: list[Row]) -> Row:
    payload = json.loads(row["payload"])
    return {
        "id": row["id"],
        "kind": row["kind"],
        "topic": row["topic"],
        "story_id": row["story_id"],
        "article_id": row["article_id"],
        "title": payload["title"],
        "url": payload.get("url"),
        "source": payload.get("source"),
        "evidence": payload.get("evidence", []),
        "created": row["created"],
        "state": alert_state([delivery["state"] for delivery in deliveries]),
        "handled_by": row["handled_by"],
        "handled_at": row["handled_at"],
        "deliveries": deliveries,
    }


def count_undelivered(db: Database) -> dict[str, int]:
    """Deliveries that are not sent, by state (waiting, sending, bundled, held, dead), without those that are muted."""
    found = rows(
        db, "SELECT state, count(*) AS n FROM deliveries WHERE state NOT IN ('sent', 'muted') GROUP BY state"
    )
    return {row["state"]: row["n"] for row in found}


def channel_rows(db: Database) -> list[Row]:
    """Every channel that ever was: its faults, and how many deliveries are in which state."""
    channels = rows(db, "SELECT * FROM channels ORDER BY name")
    counts = rows(
        db,
        "SELECT channel, state, count(*) AS n FROM deliveries WHERE state != 'sent' GROUP BY channel, state",
    )
    by_channel: dict[str, dict[str, int]] = {}
    for row in counts:
        by_channel.setdefault(row["channel"], {})[row["state"]] = row["n"]
    return [{**channel, "deliveries": by_channel.get(channel["name"], {})} for channel in channels]


def revive(
    db: Database, alert_ids: Sequence[str] | None, now: datetime, channels: Sequence[str]
) -> list[tuple[str, int]]:
    """Make undelivered deliveries due now on these channels: all (waiting, dead), or those of the named alerts (held and
    muted ones too; a digest that is already put together is named by its own id). Returns (channel, delivery id)."""
    if not channels:
        return []
    states = ("waiting", "dead") if alert_ids is None else ("waiting", "dead", "held", "muted")
    where = f"state IN ({_marks(states)}) AND channel IN ({_marks(channels)}) AND (bundle IS NULL OR state != 'dead')"
    params: list[object] = [*states, *channels]
    if alert_ids is not None:
        where += f" AND alert_id IN ({_marks(alert_ids)})"
        params += alert_ids
    with write_transaction(db):
        found = rows(
            db, f"SELECT id, channel, alert_id FROM deliveries WHERE {where} ORDER BY id", tuple(params)
        )
        for row in found:
            db.conn.execute(
                "UPDATE deliveries SET state = 'waiting', next_try = :now, revived = :now WHERE id = :id",
                {"now": stamp(now), "id": row["id"]},
            )
            db.conn.execute(
                "UPDATE deliveries SET state = 'bundled' WHERE bundle = ? AND channel = ? AND state = 'dead'",
                (row["alert_id"], row["channel"]),
            )
        db.conn.executemany(
            "UPDATE channels SET not_before = NULL WHERE name = ?",
            [(name,) for name in {row["channel"] for row in found}],
        )  # a person who says "now" ends the channel's pause
    return [(row["channel"], row["id"]) for row in found]


def mark_handled(db: Database, alert_id: str, *, who: str, at: datetime, handled: bool = True) -> bool:
    """A person has taken care of an alert (or takes that back); False where there is no such alert."""
    with write_transaction(db):
        return (
            db.conn.execute(
                "UPDATE alerts SET handled_by = ?, handled_at = ? WHERE id = ?",
                (who if handled else None, stamp(at) if handled else None, alert_id),
            ).rowcount
            > 0
        )


def known_alert(db: Database, alert_id: str) -> bool:
    """Whether there is such an alert."""
    return scalar(db, "SELECT 1 FROM alerts WHERE id = ?", (alert_id,)) is not None


def article_for_preview(db: Database, reference: str) -> Row | None:
    """The article of an id or address, with its source's country and its best match (columns `m_…`, or NULL)."""
    by_id = reference.isascii() and reference.isdigit()
    return first(
        db,
        "SELECT a.*, s.country AS source_country, m.topic AS m_topic, m.score AS m_score, m.threshold AS m_threshold, m.rules AS m_rules, "
        "m.evidence AS m_evidence, m.concepts AS m_concepts, m.places AS m_places, m.topic_version AS m_topic_version FROM articles a LEFT JOIN sources s ON s.name = a.source "
        f"LEFT JOIN matches m ON m.article_id = a.id WHERE {'a.id = :key' if by_id else 'a.url = :key OR a.canonical_url = :key'} "
        "ORDER BY m.score DESC LIMIT 1",
        {"key": int(reference) if by_id else reference},
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
