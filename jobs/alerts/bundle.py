"""Putting a digest or a burst's summary together: what waits becomes the inside of one message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from jobs.alerts.content import Payload, also_reported
from jobs.alerts.digest import CHART_DAYS, MAX_ITEMS, bundle_payload, local_days
from jobs.config.channels import Channel
from storage.alerts import AlertKind, current_story, story_reports
from storage.bundles import Item, due_items, held_items, new_story_moments, skip_digest, store_bundle
from storage.database import Database
from storage.mutes import mute_undelivered


def join_digest(
    db: Database,
    channel: Channel,
    *,
    slot: datetime,
    since: datetime | None,
    now: datetime,
    new_id: Callable[[], str],
    base_url: str | None,
) -> int:
    """The digest of an hour: everything held for the channel, in as many messages as that takes; returns how many."""
    mute_undelivered(db, now)
    messages = 0
    while items := held_items(db, channel.name, MAX_ITEMS):
        _store(
            db, channel, "digest", items, now=now, since=since, new_id=new_id, base_url=base_url, slot=slot
        )
        messages += 1
    if not messages and channel.digest_empty:
        _store(db, channel, "digest", [], now=now, since=since, new_id=new_id, base_url=base_url, slot=slot)
        return 1
    if not messages:
        skip_digest(db, channel.name, slot)
    return messages


def join_due(
    db: Database, channel: Channel, *, now: datetime, new_id: Callable[[], str], base_url: str | None
) -> int:
    """The summary of a burst: everything due on the channel; returns how many messages."""
    mute_undelivered(db, now)
    messages = 0
    while items := due_items(db, channel.name, now, MAX_ITEMS):
        _store(
            db, channel, "summary", items, now=now, since=None, new_id=new_id, base_url=base_url, slot=None
        )
        messages += 1
    return messages


def _store(
    db: Database, channel: Channel, kind: AlertKind, items: list[Item], *, now: datetime, since: datetime | None,
    new_id: Callable[[], str], base_url: str | None, slot: datetime | None,
) -> None:  # fmt: skip
    key = new_id()
    moments = new_story_moments(db, channel.topics, now - timedelta(days=2 * CHART_DAYS + 1))
    payload = bundle_payload(
        alert_id=key, kind=kind, channel=channel.name, created=now, since=since, items=[_current(db, item) for item in items],
        days=local_days(moments, channel.timezone), timezone=channel.timezone, base_url=base_url,
    )  # fmt: skip
    store_bundle(
        db, alert_id=key, kind=kind, channel=channel.name, created=now, payload=payload,
        delivery_ids=[item.delivery_id for item in items], digest_slot=slot,
    )  # fmt: skip


def _current(db: Database, item: Item) -> Payload:
    """The alert with who reports its story by now."""
    reports = story_reports(db, current_story(db, item.article_id))
    if not reports:
        return item.payload
    return item.payload | {
        "also_reported_by": also_reported(reports, item.payload["source"], item.payload["url"])
    }
