"""Recording: what reading found goes into the database in one transaction, or not at all.

Article, fingerprint, story, matches, alert decision and the capture's `done` commit together. `record_reading`
runs inside the caller's write transaction, which may hold several readings (a sync of the disk costs more than
the rest), each in a savepoint of its own so that one bad page undoes itself alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from jobs.alerts.decide import ALERTED
from jobs.alerts.outbox import AlertPolicy, Candidate, consider
from jobs.dedup.stories import Placement, forget, place
from storage.articles import (
    article_by_canonical,
    insert_article,
    matches_of,
    reread_article,
    revise_article,
    set_matches,
)
from storage.captures import finish_capture
from storage.database import Database, Row, parse_stamp
from storage.hostlines import count_lines
from storage.model import ArticleReading, Match, Published, Reading, Source


@dataclass(frozen=True, slots=True)
class Recording:
    """What stays the same over a run: how alerts are decided, the sources by name, and what a recrawl may do."""

    alerts: AlertPolicy
    sources: Mapping[str, Source] = field(default_factory=dict)
    recrawl: bool = False
    lift_window: bool = False

    def source(self, name: str) -> Source:
        """The configured source, or a bare one for a host that only an archive names."""
        return self.sources.get(name) or Source(name=name, kind="section", url=f"http://{name}/")


@dataclass(slots=True)
class Outcome:
    """What recording brought: counts by name, and the differences that a recrawl reports."""

    counts: Counter[str] = field(default_factory=Counter)
    gained: list[dict[str, object]] = field(default_factory=list)
    lost: list[dict[str, object]] = field(default_factory=list)
    alert_ids: list[str] = field(default_factory=list)
    delays: list[tuple[datetime | None, datetime, datetime | None]] = field(default_factory=list)
    """Of each new article: its exact publication time, its capture, and when an alert was decided for it."""

    def add(self, other: Outcome) -> None:
        """Take in what another recording brought."""
        self.counts.update(other.counts)
        self.gained += other.gained
        self.lost += other.lost
        self.alert_ids += other.alert_ids
        self.delays += other.delays


def record_reading(
    db: Database, reading: Reading, capture: Row, recording: Recording, now: datetime
) -> Outcome:
    """Store one reading of a capture row; the capture is done when this transaction commits."""
    outcome = Outcome()
    if reading.nothing is not None or not reading.articles:
        reason = (
            f"{reading.nothing.reason}{': ' + reading.nothing.detail if reading.nothing.detail else ''}"
            if reading.nothing
            else "no text"
        )
        outcome.counts["not_articles"] += 1
        finish_capture(db, capture["id"], "not an article", reason, now)
        return outcome
    results = [_record_article(db, item, capture, recording, now, outcome) for item in reading.articles]
    finish_capture(db, capture["id"], results[0], None, now)
    return outcome


def _record_article(
    db: Database, item: ArticleReading, capture: Row, recording: Recording, now: datetime, outcome: Outcome
) -> str:
    article = item.article
    old = article_by_canonical(db, article.canonical_url)
    first_seen = parse_stamp(capture["fetched_at"])
    if old is None:
        backlog = is_backlog(
            article.published,
            first_seen,
            recording.alerts.alert_window_s,
            first_crawl=bool(capture["first_crawl"]),
        )
        article_id = insert_article(
            db,
            article,
            item.indexed,
            capture_id=capture["id"],
            source=capture["source"],
            first_seen=first_seen,
            backlog=backlog,
        )
        count_lines(db, urlsplit(article.url).hostname or "", article.boilerplate, now)
        outcome.counts["articles_new"] += 1
        result = "article"
    else:
        article_id = int(old["id"])
        first_seen = parse_stamp(old["first_seen"])
        result = _replace(db, old, item, capture, now)
        outcome.counts[
            {"unchanged": "unchanged", "reread": "articles_changed", "revision": "articles_changed"}[result]
        ] += 1
        if result == "unchanged":
            _record_matches(
                db,
                item,
                article_id,
                int(old["story_id"] or 0),
                None,
                capture,
                recording,
                first_seen,
                now,
                outcome,
            )
            return "unchanged"
        forget(db, article_id)
    placement = place(db, article_id, article, item.fingerprint, recording.source(capture["source"]), now)
    if placement.duplicate_of is not None:
        outcome.counts["duplicates"] += old is None
        result = "duplicate" if old is None else result
    outcome.counts["stories_new"] += placement.is_new_story
    alerts = len(outcome.alert_ids)
    _record_matches(
        db, item, article_id, placement.story_id, placement, capture, recording, first_seen, now, outcome
    )
    if old is None:
        exact = article.published.at if article.published and article.published.precision != "day" else None
        outcome.delays.append((exact, first_seen, now if len(outcome.alert_ids) > alerts else None))
    return result


def _replace(db: Database, old: Row, item: ArticleReading, capture: Row, now: datetime) -> str:
    """Bring a stored article up to date: `unchanged`, `reread` (same bytes, better rules) or `revision`."""
    article = item.article
    date = article.published.isoformat() if article.published else None
    same_words = (old["title"], old["text"]) == (article.title, article.text)
    if old["capture_id"] == capture["id"]:
        if same_words and (old["date"], old["lang"]) == (date, article.language):
            return "unchanged"
        reread_article(db, old, article, item.indexed, now=now)
        return "reread"
    if same_words or parse_stamp(capture["fetched_at"]) < parse_stamp(old["updated_at"]):
        return "unchanged"
    revise_article(
        db, old, article, item.indexed, capture_id=capture["id"], now=parse_stamp(capture["fetched_at"])
    )
    return "revision"


def is_backlog(
    published: Published | None, first_seen: datetime, alert_window_s: float, *, first_crawl: bool
) -> bool:
    """Whether an article was old news when it was first seen (it alerts nobody, now or later)."""
    if published is None:
        return first_crawl
    return published.latest() < first_seen - timedelta(seconds=alert_window_s)


def _record_matches(
    db: Database, item: ArticleReading, article_id: int, story_id: int, placement: Placement | None, capture: Row,
    recording: Recording, first_seen: datetime, now: datetime, outcome: Outcome,
) -> None:  # fmt: skip
    before = {row["topic"]: row for row in matches_of(db, article_id)}
    matches: list[tuple[Match, str]] = []
    for match in item.matches:
        known = before.get(match.topic)
        if known is not None and not (recording.lift_window and known["verdict"] != ALERTED):
            matches.append((match, known["verdict"]))
            continue
        candidate = Candidate(
            article_id=article_id, story_id=story_id, article=item.article, source=recording.source(capture["source"]), match=match,
            first_seen=first_seen, first_crawl=bool(capture["first_crawl"]), recrawl=recording.recrawl, lift_window=recording.lift_window,
            split_off=placement.split_off if placement else False,
            copy_of_published=placement.copy_of_published if placement else None,
        )  # fmt: skip
        verdict = consider(db, candidate, recording.alerts, now)
        matches.append((match, verdict.text))
        if verdict.alert_id is not None:
            outcome.alert_ids.append(verdict.alert_id)
        outcome.counts["alerts_new"] += verdict.alerted
    gained, lost = set_matches(db, article_id, matches, now)
    outcome.counts["matches_new"] += len(gained)
    outcome.gained += [
        {"article_id": article_id, "url": item.article.url, "topic": topic} for topic in gained
    ]
    outcome.lost += [{"article_id": article_id, "url": item.article.url, "topic": topic} for topic in lost]
