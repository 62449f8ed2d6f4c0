"""WebSub subscriptions of sources: what a feed offers, what a hub has confirmed, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Database, Row, parse_stamp, rows, stamp

SubscriptionState = Literal["offered", "asked", "live", "refused"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One source's subscription. `topic` is the address that the feed gives as its own."""

    source: str
    hub: str
    topic: str
    state: SubscriptionState = "offered"
    asked_at: datetime | None = None
    lease_until: datetime | None = None
    failures: int = 0
    last_push: datetime | None = None
    reason: str | None = None


def subscriptions(db: Database) -> list[Subscription]:
    """Those of configured sources, by name."""
    found = rows(
        db,
        "SELECT s.* FROM subscriptions s JOIN sources ON sources.name = s.source"
        " WHERE sources.configured = 1 ORDER BY s.source",
    )
    return [_subscription(row) for row in found]


def _subscription(row: Row) -> Subscription:
    times = {
        key: parse_stamp(row[key]) if row[key] else None for key in ("asked_at", "lease_until", "last_push")
    }
    return Subscription(**{**row, **times})


def offer(db: Database, source: str, hub: str | None, topic: str) -> None:
    """A feed names this hub for this topic, or none any more. Another one starts anew. Inside a write transaction."""
    if hub is None:
        db.execute("DELETE FROM subscriptions WHERE source = ?", (source,))
        db.execute("UPDATE sources SET hub = NULL WHERE name = ? AND hub IS NOT NULL", (source,))
        return
    db.execute(
        "INSERT INTO subscriptions (source, hub, topic) VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
        " hub = excluded.hub, topic = excluded.topic, state = 'offered', asked_at = NULL, lease_until = NULL,"
        " failures = 0, reason = NULL WHERE hub != excluded.hub OR topic != excluded.topic",
        (source, hub, topic),
    )


def save(db: Database, subscription: Subscription, *, live: bool) -> None:
    """Store a subscription; while it is `live`, its source is known to be pushed (`sources.hub`)."""
    moments = (subscription.asked_at, subscription.lease_until, subscription.last_push)
    asked_at, lease_until, last_push = (stamp(moment) if moment else None for moment in moments)
    db.execute(
        "UPDATE subscriptions SET state = ?, asked_at = ?, lease_until = ?, failures = ?, last_push = ?, reason = ?"
        " WHERE source = ? AND hub = ? AND topic = ?",
        (
            subscription.state,
            asked_at,
            lease_until,
            subscription.failures,
            last_push,
            subscription.reason,
            subscription.source,
            subscription.hub,
            subscription.topic,
        ),
    )
    db.execute(
        "UPDATE sources SET hub = ? WHERE name = ?", (subscription.hub if live else None, subscription.source)
    )
