"""What the out-feeds say: the newest matches and stories of a topic."""

from __future__ import annotations

from storage.database import Database, Row, rows


def feed_topics(db: Database) -> list[str]:
    """Topics that have a match."""
    return [row["topic"] for row in rows(db, "SELECT DISTINCT topic FROM matches ORDER BY topic")]


def feed_matches(db: Database, topic: str, limit: int) -> list[Row]:
    """The newest matches: article columns with score, evidence, places (JSON), matched (when) and changed (when last)."""
    return rows(
        db,
        "SELECT a.id, a.url, a.canonical_url, a.title, a.source, s.country, a.lang, a.date, a.date_utc, a.date_source, a.first_seen, "
        "a.story_id, a.duplicate_of, m.score, m.evidence, m.places, m.created AS matched, max(a.updated_at, m.created) AS changed "
        "FROM matches m JOIN articles a ON a.id = m.article_id LEFT JOIN sources s ON s.name = a.source "
        "WHERE m.topic = ? ORDER BY m.id DESC LIMIT ?",
        (topic, limit),
    )


def feed_stories(db: Database, topic: str, limit: int) -> list[Row]:
    """The stories that matched last, each with its first matching article's columns, `reports`, `sources` (JSON list),
    `languages` (JSON list), `first_seen` and `changed` of the whole story."""
    return rows(
        db,
        "WITH newest AS (SELECT a.story_id, min(a.id) AS first_id, max(m.id) AS last_match FROM matches m JOIN articles a ON a.id = m.article_id "
        "WHERE m.topic = :topic AND a.story_id IS NOT NULL GROUP BY a.story_id ORDER BY last_match DESC LIMIT :limit) "
        "SELECT a.id, a.url, a.canonical_url, a.title, a.source, s.country, a.lang, a.date, a.date_utc, a.date_source, a.story_id, "
        "m.score, m.evidence, m.places, m.created AS matched, "
        "(SELECT min(first_seen) FROM articles r WHERE r.story_id = a.story_id) AS first_seen, "
        "(SELECT max(first_seen) FROM articles r WHERE r.story_id = a.story_id) AS changed, "
        "(SELECT count(*) FROM articles r WHERE r.story_id = a.story_id) AS reports, "
        "(SELECT json_group_array(source) FROM (SELECT DISTINCT source FROM articles r WHERE r.story_id = a.story_id ORDER BY source)) AS sources, "
        "(SELECT json_group_array(lang) FROM (SELECT DISTINCT lang FROM articles r WHERE r.story_id = a.story_id AND lang IS NOT NULL ORDER BY lang)) AS languages "
        "FROM newest n JOIN articles a ON a.id = n.first_id JOIN matches m ON m.article_id = a.id AND m.topic = :topic "
        "LEFT JOIN sources s ON s.name = a.source ORDER BY n.last_match DESC",
        {"topic": topic, "limit": limit},
    )
