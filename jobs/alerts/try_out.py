"""`alerts test` and `alerts preview`: what a channel does with a sample, and what it would say of an article."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.alerts.content import build_payload, webhook_body
from jobs.alerts.outbox import AlertPolicy, random_alert_id
from jobs.alerts.parcel import Outcome, Parcel
from jobs.alerts.render import Limits, Renderer
from jobs.alerts.samples import sample_payload
from jobs.alerts.senders import make_sender, scrubber_of
from jobs.config.channels import Channel
from storage.articles import match_from_row
from storage.database import parse_stamp
from storage.model import Article, Match, Published, Source


async def send_sample(channel: Channel, *, base_dir: Path, now: datetime) -> Outcome:
    """Send a sample that says it is one, once, and return the receiver's true answer."""
    key = random_alert_id()
    topic = channel.topics[0] if channel.topics else "iran-pakistan-border"
    sender = make_sender(channel, base_dir=base_dir, scrub=scrubber_of([channel]))
    try:
        return await sender.send(Parcel(key, "new", sample_payload(key, now, topic), now))
    finally:
        await sender.close()


def limits_of(channel: Channel) -> Limits:
    """How much the channel carries."""
    if channel.is_webhook or channel.is_terminal:
        return Limits(title=200, body=200_000)
    from jobs.alerts import mail  # noqa: PLC0415 - Apprise takes half a second to import
    from jobs.alerts.channels import is_mail, service_limits  # noqa: PLC0415

    return mail.LIMITS if is_mail(channel.address) else service_limits(channel.address)


def preview_message(
    row: Mapping[str, Any], channel: Channel, policy: AlertPolicy, *, base_dir: Path, html: bool
) -> dict[str, str]:
    """Title and body of an article (a row of `article_for_preview`) as the channel would send them."""
    payload = payload_of_row(row, policy)
    renderer = Renderer(channel, base_dir)
    message = renderer.message(payload, limits_of(channel))
    if html:
        body = renderer.html(payload)
    elif channel.is_webhook:
        body = json.dumps(webhook_body(payload, parse_stamp(row["first_seen"])), ensure_ascii=False, indent=2)
    else:
        body = message.text
    return {"channel": channel.name, "title": message.title, "body": body}


def payload_of_row(row: Mapping[str, Any], policy: AlertPolicy) -> dict[str, Any]:
    """The payload of a stored article; without a match, as one without evidence."""
    first_seen = parse_stamp(row["first_seen"])
    return build_payload(
        alert_id="alert_" + "0" * 32, kind="new", created=first_seen, article_id=row["id"], story_id=row["story_id"] or 0,
        article=_article(row), source=Source(row["source"], "feed", "", row["source_country"]), first_seen=first_seen, match=_match(row),
        also=(), place_names=policy.place_names, base_url=policy.base_url,
    )  # fmt: skip


def _article(row: Mapping[str, Any]) -> Article:
    return Article(
        row["url"],
        row["canonical_url"],
        row["title"],
        row["text"],
        _published(row),
        row["lang"],
        site_name=row["site_name"],
    )


def _published(row: Mapping[str, Any]) -> Published | None:
    if not row["date_utc"]:
        return None
    offset = None if row["date_precision"] == "day" else datetime.fromisoformat(row["date"]).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else None
    return Published(
        parse_stamp(row["date_utc"]), row["date_source"] or "", row["date_precision"] or "second", minutes
    )


def _match(row: Mapping[str, Any]) -> Match:
    if row["m_topic"] is None:
        return Match("(no topic)", 0.0, 0.0, (), ())
    return match_from_row(
        {name.removeprefix("m_"): value for name, value in row.items() if name.startswith("m_")}
    )
