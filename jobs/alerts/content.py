"""What an alert says: the stored payload, built when the alert is decided and complete enough to be sent later. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from storage.model import Article, Match, Source

Payload = dict[str, Any]
PlaceNames = Mapping[str, Mapping[str, str]]
"""Gazetteer id -> language -> the first name in it."""

MAX_EVIDENCE = 12
MAX_ALSO = 50


def alert_id(random_bytes: bytes) -> str:
    """An alert's id from 16 random bytes: stable for ever once it is stored."""
    return "alert_" + random_bytes.hex()


def delivery_key(alert: str, channel: str) -> str:
    """A short key of one alert on one channel, for a Message-ID's left side; the same over all tries."""
    return hmac.new(channel.encode(), alert.encode(), hashlib.sha256).hexdigest()[:8]


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build_payload(
    *,
    alert_id: str,
    kind: str,
    created: datetime,
    article_id: int,
    story_id: int,
    article: Article,
    source: Source,
    first_seen: datetime,
    match: Match,
    also: Iterable[Mapping[str, Any]],
    place_names: PlaceNames,
    base_url: str | None,
    reason: str = "",
) -> Payload:
    """All that templates, webhooks and feeds need, as JSON. Offsets of evidence count code points of the stored text."""
    published = article.published
    link = base_url.rstrip("/") if base_url else None
    return {
        "alert_id": alert_id,
        "kind": kind,
        "reason": reason,
        "created": utc_text(created),
        "topic": match.topic,
        "story_id": story_id,
        "article_id": article_id,
        "title": article.title,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "source": source.name,
        "source_country": source.country,
        "site_name": article.site_name,
        "published": published.isoformat() if published else None,
        "published_source": published.provenance if published else None,
        "published_precision": published.precision if published else None,
        "first_seen": utc_text(first_seen),
        "language": article.language,
        "score": match.score,
        "threshold": match.threshold,
        "rules": list(match.rules),
        "evidence": [asdict(evidence) for evidence in match.evidence[:MAX_EVIDENCE]],
        "concepts": list(match.concepts),
        "places": [{**asdict(place), "names": dict(place_names.get(place.id, {}))} for place in match.places],
        "also_reported_by": also_reported(also, source.name, article.url),
        "story_url": f"{link}/stories/{story_id}" if link else None,
    }


def also_reported(reports: Iterable[Mapping[str, Any]], source: str, url: str) -> list[dict[str, Any]]:
    """The other sources of the story, once each, first report first (rows of `storage.alerts.story_reports`)."""
    seen = {source}
    found: list[dict[str, Any]] = []
    for report in reports:
        if report["source"] in seen or report["url"] == url:
            continue
        seen.add(report["source"])
        found.append(
            {
                "source": report["source"],
                "country": report["country"],
                "title": report["title"],
                "url": report["url"],
                "published": report["date"],
                "language": report["lang"],
                "copy": report["duplicate_of"] is not None,
            }
        )
    return found[:MAX_ALSO]


def independent_sources(reports: Iterable[Mapping[str, Any]]) -> int:
    """How many sources of a story report it in their own words (copies do not count)."""
    return len({report["source"] for report in reports if report["duplicate_of"] is None})


def webhook_body(payload: Payload, moment: datetime) -> Payload:
    """The JSON of a Standard-Webhooks post. `moment` is when the alert was decided."""
    kind = payload["kind"]
    names = {"new": "alert.created", "update": "alert.updated"}
    return {"type": names.get(kind, f"alert.{kind}"), "timestamp": utc_text(moment), "data": payload}
