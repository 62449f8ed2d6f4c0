"""A new story, written as the service would: one transaction of another connection."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from storage.database import open_database, scalar, stamp, write_transaction
from tests.bench.seed import TOPIC

SENTENCE = (
    "Residents said that shells fired from across the border with Pakistan fell on farmland near Saravan."
)


def add_story(path: Path, title: str, *, lang: str = "en", source: str = "tehran-wire") -> int:
    """One article, its match, its story and its alert; returns the story's number."""
    now = stamp(datetime.now(UTC))
    db = open_database(path)
    try:
        with write_transaction(db):
            story = int(
                db.conn.execute(
                    "INSERT INTO stories (created, first_at, last_at, articles, texts, sources, languages) VALUES (?, ?, ?, 1, 1, ?, ?)",
                    (now, now, now, json.dumps([source]), json.dumps([lang])),
                ).lastrowid
                or 0
            )
            number = int(scalar(db, "SELECT max(id) FROM articles")) + 1
            db.conn.execute(
                "INSERT INTO articles (id, source, url, canonical_url, title, text, first_seen, updated_at, lang, story_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    number,
                    source,
                    f"https://x.example/{number}",
                    f"https://x.example/{number}",
                    title,
                    SENTENCE,
                    now,
                    now,
                    lang,
                    story,
                ),
            )
            db.conn.execute("UPDATE stories SET lead_article = ? WHERE id = ?", (number, story))
            db.conn.execute(
                "INSERT INTO story_members VALUES (?, ?, ?, ?, 0, 'alone', NULL, NULL, 'first report', ?)",
                (number, story, number, number, now),
            )
            at = SENTENCE.index("border with Pakistan")
            evidence = [
                {
                    "field": "text",
                    "start": 0,
                    "end": len(SENTENCE),
                    "quote": SENTENCE,
                    "marks": [[at, at + 20]],
                }
            ]
            places = [{"id": "saravan", "name": "Saravan", "lat": 27.37, "lon": 62.33}]
            db.conn.execute(
                "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, places, created, verdict) VALUES (?, ?, '1', 1.2, 1, ?, ?, ?, ?, 'alerted')",
                (
                    number,
                    TOPIC,
                    json.dumps(["a cross-border act"]),
                    json.dumps(evidence),
                    json.dumps(places),
                    now,
                ),
            )
            db.conn.execute(
                "INSERT INTO alerts (id, topic, story_id, article_id, created, payload) VALUES (?, ?, ?, ?, ?, '{}')",
                (f"alert_{story}", TOPIC, story, number, now),
            )
    finally:
        db.conn.close()
    return story
