"""Notices to the operator about this machine: dead sources and channels, a full disk. The same one at most every six hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.alerts.content import utc_text
from jobs.config.channels import Channel
from storage.alerts import NewDelivery, insert_alert
from storage.database import Database, scalar, stamp, write_transaction

REPEAT_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the operator is told. The same `key` is told again only after six hours."""

    key: str
    title: str
    lines: tuple[str, ...]


def post_notice(
    db: Database, notice: Notice, channels: Iterable[Channel], *, now: datetime, new_id: Callable[[], str]
) -> str | None:
    """Queue a notice on the channels with `operator = true`; returns its id, or None where it was told just now or
    nobody is to be told."""
    deliveries = [
        NewDelivery(channel.name, now) for channel in channels if channel.operator and channel.enabled
    ]
    with write_transaction(db):
        told = scalar(
            db,
            "SELECT 1 FROM alerts WHERE kind = 'notice' AND reason = ? AND created > ? LIMIT 1",
            (notice.key, stamp(now - REPEAT_AFTER)),
        )
        if told or not deliveries:
            return None
        key = new_id()
        payload = {
            "alert_id": key,
            "kind": "notice",
            "created": utc_text(now),
            "title": notice.title,
            "lines": list(notice.lines),
        }
        insert_alert(
            db,
            alert_id=key,
            kind="notice",
            created=now,
            payload=payload,
            deliveries=deliveries,
            reason=notice.key,
        )
    return key
