"""Telling about a story that a person split off and asked an alert for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from jobs.alerts.outbox import AlertPolicy, Candidate, consider
from jobs.dedup.precedence import published
from storage.articles import article_by_id, match_from_row, matches_of, set_verdict
from storage.database import Database, Row, parse_stamp
from storage.model import Article, Source
from storage.stories import members_of


def announce(
    db: Database, story_id: int, policy: AlertPolicy, sources: Mapping[str, Source], now: datetime
) -> list[str]:
    """Decide about every topic that a report of the story matches, whatever its age; returns the new alerts' ids.

    Runs inside the caller's write transaction; delivery takes them up as any other.
    """
    alerts: list[str] = []
    for member in members_of(db, story_id):
        row = article_by_id(db, member["article_id"])
        if row is None:
            continue
        source = sources.get(row["source"]) or Source(row["source"], "section", row["url"])
        for found in matches_of(db, row["id"]):
            candidate = Candidate(
                article_id=row["id"], story_id=story_id, article=_article(row), source=source, match=match_from_row(found),
                first_seen=parse_stamp(row["first_seen"]), lift_window=True,
            )  # fmt: skip
            verdict = consider(db, candidate, policy, now)
            if verdict.alerted:
                set_verdict(db, row["id"], found["topic"], verdict.text)
                alerts += [verdict.alert_id] if verdict.alert_id else []
    return alerts


def _article(row: Row) -> Article:
    return Article(
        row["url"], row["canonical_url"], row["title"], row["text"], published(row), row["lang"], site_name=row["site_name"]
    )  # fmt: skip
