"""Joining deliveries of one channel into one message, in one transaction: none is lost, none goes out twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.alerts import AlertKind, NewDelivery, insert_alert
from storage.database import Database, parse_stamp, rows, scalar, stamp, write_transaction


@dataclass(frozen=True, slots=True)
class Item:
    """A delivery that is to be joined, with its alert's payload."""

    delivery_id: int
    article_id: int | None
    payload: dict[str, Any]


def held_items(db: Database, channel: str, limit: int) -> list[Item]:
    """What the channel's next digest has to say, oldest first."""
    return _items(db, "d.state = 'held' AND d.channel = ?", (channel,), limit)


def due_items(db: Database, channel: str, now: datetime, limit: int) -> list[Item]:
    """The alerts (not digests, summaries or notices) that are due on a channel, oldest first."""
    return _items(
        db,
        "d.state = 'waiting' AND d.channel = ? AND d.next_try <= ? AND a.kind IN ('new', 'update')",
        (channel, stamp(now)),
        limit,
    )


def count_due(db: Database, channel: str, now: datetime, limit: int) -> int:
    """How many alerts are due on a channel, counted up to `limit`."""
    return int(
        scalar(
            db,
            "SELECT count(*) FROM (SELECT 1 FROM deliveries d JOIN alerts a ON a.id = d.alert_id WHERE d.state = 'waiting' "
            "AND d.channel = ? AND d.next_try <= ? AND a.kind IN ('new', 'update') LIMIT ?)",
            (channel, stamp(now), limit),
        )
    )


def _items(db: Database, where: str, params: tuple[Any, ...], limit: int) -> list[Item]:
    found = rows(
        db,
        f"SELECT d.id, a.article_id, a.payload FROM deliveries d JOIN alerts a ON a.id = d.alert_id WHERE {where} ORDER BY d.id LIMIT ?",
        (*params, limit),
    )
    return [Item(row["id"], row["article_id"], json.loads(row["payload"])) for row in found]


def store_bundle(
    db: Database,
    *,
    alert_id: str,
    kind: AlertKind,
    channel: str,
    created: datetime,
    payload: dict[str, Any],
    delivery_ids: Sequence[int],
    digest_slot: datetime | None = None,
) -> None:
    """Store the message and put the deliveries inside it. With `digest_slot`, that digest hour is done."""
    with write_transaction(db):
        insert_alert(
            db,
            alert_id=alert_id,
            kind=kind,
            created=created,
            payload=payload,
            deliveries=[NewDelivery(channel, created)],
        )
        db.conn.executemany(
            "UPDATE deliveries SET state = 'bundled', bundle = ? WHERE id = ? AND state IN ('held', 'waiting')",
            [(alert_id, delivery_id) for delivery_id in delivery_ids],
        )
        if digest_slot is not None:
            finish_digest(db, channel, digest_slot)


def finish_digest(db: Database, channel: str, slot: datetime) -> None:
    """The digest hour is done. The caller holds the write transaction."""
    db.conn.execute("UPDATE channels SET digest_done = ? WHERE name = ?", (stamp(slot), channel))


def skip_digest(db: Database, channel: str, slot: datetime) -> None:
    """The digest hour passes without a message: there is nothing to say."""
    with write_transaction(db):
        finish_digest(db, channel, slot)


def release_held(db: Database, channel: str) -> int:
    """A channel that is no digest any more sends what was held for it; returns how many."""
    if (
        scalar(db, "SELECT 1 FROM deliveries WHERE state = 'held' AND channel = ? LIMIT 1", (channel,))
        is None
    ):
        return 0
    with write_transaction(db):
        return db.conn.execute(
            "UPDATE deliveries SET state = 'waiting' WHERE state = 'held' AND channel = ?", (channel,)
        ).rowcount


def new_story_moments(db: Database, topics: Iterable[str], since: datetime) -> list[datetime]:
    """When stories of these topics (none: all) were first alerted."""
    wanted = tuple(topics)
    marks = ", ".join("?" * len(wanted))
    condition = f"AND topic IN ({marks})" if wanted else ""
    found = rows(
        db,
        f"SELECT created FROM alerts WHERE kind = 'new' AND created >= ? {condition}",
        (stamp(since), *wanted),
    )
    return [parse_stamp(row["created"]) for row in found]
