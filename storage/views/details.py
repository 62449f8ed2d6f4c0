"""One story and one article, whole: members, why they joined, revisions, matches, alerts, judgements."""

from __future__ import annotations

import json
from dataclasses import dataclass

from storage.articles import match_from_row
from storage.database import Database, Row, first, rows
from storage.model import Match
from storage.stories import living_story, merged_stories

MEMBERS_SHOWN = 200
"""A story's page lists so many reports; the rest is counted."""


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story with everything its page shows."""

    id: int
    heads: tuple[Row, ...]
    """Topics it stands under (topic, first_at, last_at, score), the best first; empty where none holds."""
    members: tuple[Row, ...]
    """Reports with why they joined, the lead first, then by date; at most MEMBERS_SHOWN."""
    lead: Row
    """The lead report, with its text."""
    matches: dict[int, tuple[Match, ...]]
    """By article."""
    alerts: tuple[Row, ...]
    judgements: tuple[Row, ...]
    mutes: tuple[Row, ...]
    total: int
    capped: str | None
    """Why the story takes no more reports, where it does not."""
    merged: tuple[Row, ...]
    """Stories whose reports it took over (id, merged_why)."""


def story(db: Database, story_id: int) -> StoryView | None:
    """The story, or the one it was merged into; None where there is none."""
    row = living_story(db, story_id)
    if row is None or row["lead_article"] is None:
        return None
    story_id, lead_id = row["id"], row["lead_article"]
    members = rows(
        db,
        "SELECT m.article_id AS id, m.original, m.relation, m.with_article, m.score, m.why, m.joined_at, a.source, s.country, s.rank,"
        " a.url, a.title, a.lang, a.date, a.date_utc, a.date_source, a.date_precision, a.first_seen, a.words, a.revision, a.authors"
        " FROM story_members m JOIN articles a ON a.id = m.article_id LEFT JOIN sources s ON s.name = a.source"
        " WHERE m.story_id = ? ORDER BY m.article_id = ? DESC, m.at_s, m.article_id LIMIT ?",
        (story_id, lead_id, MEMBERS_SHOWN),
    )
    ids = [member["id"] for member in members]
    marks = ",".join("?" * len(ids))
    lead = first(
        db,
        "SELECT a.*, s.country FROM articles a LEFT JOIN sources s ON s.name = a.source WHERE a.id = ?",
        (lead_id,),
    )
    found = rows(db, f"SELECT * FROM matches WHERE article_id IN ({marks}) ORDER BY score DESC", tuple(ids))
    matches: dict[int, list[Match]] = {}
    for one in found:
        matches.setdefault(one["article_id"], []).append(match_from_row(one))
    return StoryView(
        id=story_id,
        heads=tuple(rows(db, "SELECT topic, story_id, first_at, last_at, score FROM desk_stories WHERE story_id = ? ORDER BY score DESC, topic", (story_id,))),
        members=tuple(members),
        lead=lead or {},
        matches={article: tuple(one) for article, one in matches.items()},
        alerts=tuple(
            rows(
                db,
                "SELECT id, topic, kind, reason, created, handled_by, handled_at,"
                " (SELECT group_concat(channel || ' ' || state, ', ') FROM deliveries d WHERE d.alert_id = alerts.id) AS deliveries"
                " FROM alerts WHERE article_id IN (SELECT id FROM articles WHERE story_id = ?) ORDER BY created",
                (story_id,),
            )
        ),
        judgements=tuple(rows(db, f"SELECT * FROM judgements WHERE undone_at IS NULL AND article_id IN ({marks}) ORDER BY id DESC LIMIT 20", tuple(ids))),
        mutes=tuple(rows(db, "SELECT * FROM mutes WHERE what = 'story' AND value = ? AND lifted_at IS NULL ORDER BY id DESC", (str(story_id),))),
        total=row["articles"],
        capped=row["capped"],
        merged=tuple(merged_stories(db, story_id)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArticleView:
    """One article with everything its page shows."""

    row: Row
    matches: tuple[Match, ...]
    verdicts: dict[str, str]
    """What became of each match, by topic."""
    revisions: tuple[Row, ...]
    capture: Row | None
    judgements: tuple[Row, ...]
    copies: tuple[Row, ...]
    entry: Row | None


def article(db: Database, article_id: int) -> ArticleView | None:
    """The article, or None."""
    row = first(
        db,
        "SELECT a.*, s.country, s.rank FROM articles a LEFT JOIN sources s ON s.name = a.source WHERE a.id = ?",
        (article_id,),
    )
    if row is None:
        return None
    found = rows(db, "SELECT * FROM matches WHERE article_id = ? ORDER BY score DESC", (article_id,))
    capture = (
        first(db, "SELECT * FROM captures WHERE id = ?", (row["capture_id"],)) if row["capture_id"] else None
    )
    return ArticleView(
        row={**row, "authors": json.loads(row["authors"])},
        matches=tuple(match_from_row(one) for one in found),
        verdicts={one["topic"]: one["verdict"] for one in found},
        revisions=tuple(rows(db, "SELECT * FROM revisions WHERE article_id = ? ORDER BY revision DESC", (article_id,))),
        capture=capture,
        judgements=tuple(rows(db, "SELECT * FROM judgements WHERE article_id = ? AND undone_at IS NULL ORDER BY id DESC", (article_id,))),
        copies=tuple(rows(db, "SELECT id, source, title, lang, first_seen, duplicate_why FROM articles WHERE duplicate_of = ? ORDER BY id LIMIT 50", (article_id,))),
        entry=first(db, "SELECT * FROM entries WHERE id = ?", (capture["entry_id"],)) if capture and capture["entry_id"] else None,
    )  # fmt: skip


def revision_texts(db: Database, article_ids: tuple[int, ...]) -> list[Row]:
    """Older contents of these articles, newest first: what a story's page shows as differences."""
    marks = ",".join("?" * len(article_ids))
    return rows(
        db,
        f"SELECT * FROM revisions WHERE article_id IN ({marks}) ORDER BY seen_at DESC LIMIT 20",
        article_ids,
    )


def article_text(db: Database, article_id: int) -> Row | None:
    """What an article says now: id, title, text."""
    return first(db, "SELECT id, title, text FROM articles WHERE id = ?", (article_id,))
