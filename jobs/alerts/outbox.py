"""Inside the recording transaction: decide about a match, and store the alert with its deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from jobs.alerts.content import PlaceNames, alert_id, build_payload, independent_sources
from jobs.alerts.decide import ALERTED, AlertFacts, decide, update_reason
from jobs.alerts.filters import AlertTraits, refusal
from jobs.config.channels import Channel
from storage.alerts import (
    AlertKind,
    NewDelivery,
    add_deliveries,
    alert_of_story,
    alert_payload,
    insert_alert,
    story_reports,
    update_reasons,
)
from storage.database import Database, Row
from storage.model import Article, Match, Published, Source
from storage.mutes import holding_mute


def random_alert_id() -> str:
    """A new id, from the system's randomness."""
    return alert_id(secrets.token_bytes(16))


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What stays the same over a run: the channels, the window, the gazetteer's names, the page's address."""

    channels: tuple[Channel, ...] = ()
    alert_window_s: float = 48 * 3600.0
    place_names: PlaceNames = field(default_factory=dict)
    base_url: str | None = None
    new_id: Callable[[], str] = random_alert_id


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match whose article is stored and belongs to a story (`articles.story_id` is written)."""

    article_id: int
    story_id: int
    article: Article
    source: Source
    match: Match
    first_seen: datetime
    first_crawl: bool = False
    recrawl: bool = False
    lift_window: bool = False
    split_off: bool = False
    copy_of_published: Published | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided: `text` goes into `matches.verdict`; `alert_id` is set where an alert (or update) was stored."""

    text: str
    alert_id: str | None = None
    delivered_to: tuple[str, ...] = ()

    @property
    def alerted(self) -> bool:
        """Whether a person is told of a new story."""
        return self.text == ALERTED


def consider(db: Database, candidate: Candidate, policy: AlertPolicy, now: datetime) -> Verdict:
    """Decide about one match and store what follows. The caller holds the write transaction.

    A story that was alerted before may send its one update, and reach channels that waited for more sources.
    """
    topic = candidate.match.topic
    earlier = alert_of_story(db, topic, candidate.story_id)
    facts = _facts(db, candidate, policy, earlier, now)
    text = decide(facts)
    reports = story_reports(db, candidate.story_id)
    if text == ALERTED:
        stored = _store(db, candidate, policy, "new", "", reports, now)
        return replace(stored, text=text)
    if earlier and not candidate.recrawl and not facts.muted:
        stored = _follow_up(db, candidate, policy, earlier, reports, now)
        return replace(stored, text=text)
    return Verdict(text)


def _facts(
    db: Database, candidate: Candidate, policy: AlertPolicy, earlier: str | None, now: datetime
) -> AlertFacts:
    return AlertFacts(
        published=candidate.article.published,
        first_seen=candidate.first_seen,
        now=now,
        alert_window_s=policy.alert_window_s,
        first_crawl=candidate.first_crawl,
        recrawl=candidate.recrawl,
        lift_window=candidate.lift_window,
        earlier_alert=earlier,
        muted=holding_mute(
            db,
            story_id=candidate.story_id,
            source=candidate.source.name,
            topic=candidate.match.topic,
            now=now,
        ),
        split_off=candidate.split_off,
        copy_of_published=candidate.copy_of_published,
    )


def _store(
    db: Database,
    candidate: Candidate,
    policy: AlertPolicy,
    kind: AlertKind,
    reason: str,
    reports: list[Row],
    now: datetime,
) -> Verdict:
    new_id = policy.new_id()
    payload = build_payload(
        alert_id=new_id, kind=kind, reason=reason, created=now, article_id=candidate.article_id, story_id=candidate.story_id,
        article=candidate.article, source=candidate.source, first_seen=candidate.first_seen, match=candidate.match,
        also=reports, place_names=policy.place_names, base_url=policy.base_url,
    )  # fmt: skip
    payload["sources_then"] = independent_sources(reports)
    payload["reports_then"] = len(reports)
    traits = _traits(candidate, policy, reports, is_update=kind == "update")
    deliveries = [_delivery(channel, now) for channel in policy.channels if refusal(channel, traits) is None]
    insert_alert(
        db, alert_id=new_id, kind=kind, created=now, payload=payload, deliveries=deliveries, topic=candidate.match.topic,
        story_id=candidate.story_id, article_id=candidate.article_id, reason=reason,
    )  # fmt: skip
    return Verdict("", new_id, tuple(delivery.channel for delivery in deliveries))


def _follow_up(
    db: Database, candidate: Candidate, policy: AlertPolicy, earlier: str, reports: list[Row], now: datetime
) -> Verdict:
    """The update of a story that grew, and the late channels of its alert (`min_sources`)."""
    told = alert_payload(db, earlier) or {}
    reason = update_reason(
        sources_then=told.get("sources_then", 1),
        sources_now=independent_sources(reports),
        reports_then=told.get("reports_then", 1),
        reports_now=len(reports),
        already=update_reasons(db, candidate.match.topic, candidate.story_id),
    )
    late = _late_channels(candidate, policy, told, reports)
    added = add_deliveries(db, earlier, [_delivery(channel, now) for channel in late], now)
    if reason is None or not any(channel.updates for channel in policy.channels):
        return Verdict(
            "", earlier if added else None, tuple(channel.name for channel in late) if added else ()
        )
    return _store(db, candidate, policy, "update", reason, reports, now)


def _late_channels(
    candidate: Candidate, policy: AlertPolicy, told: Mapping[str, object], reports: list[Row]
) -> list[Channel]:
    """Channels that refused the alert for its few sources alone, and accept it now."""
    before, after = told.get("sources_then", 1), independent_sources(reports)
    waiting = [
        channel
        for channel in policy.channels
        if isinstance(before, int) and before < channel.min_sources <= after
    ]
    traits = _traits(candidate, policy, reports, is_update=False)
    return [channel for channel in waiting if refusal(channel, traits) is None]


def _traits(candidate: Candidate, policy: AlertPolicy, reports: list[Row], *, is_update: bool) -> AlertTraits:
    places = {place.id for place in candidate.match.places} | {place.name for place in candidate.match.places}
    for place in candidate.match.places:
        places.update(policy.place_names.get(place.id, {}).values())
    return AlertTraits(
        topic=candidate.match.topic,
        source=candidate.source.name,
        country=candidate.source.country,
        language=candidate.article.language,
        score=candidate.match.score,
        places=frozenset(places),
        independent_sources=max(1, independent_sources(reports)),
        is_update=is_update,
    )


def _delivery(channel: Channel, now: datetime) -> NewDelivery:
    return NewDelivery(channel.name, now, "held" if channel.mode == "digest" else "waiting")
