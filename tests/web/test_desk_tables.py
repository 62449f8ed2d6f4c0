"""The desk's small tables stay what a count over everything would give, whatever happens to articles and matches."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database, open_database, rows, write_transaction

TOPICS = ("border", "fuel")
PLACES = ("saravan", "taftan", "mand")

EXPECTED = {
    "desk_stories": """SELECT m.topic, a.story_id, min(a.first_seen), max(a.first_seen), max(m.score), count(*) FROM matches m
        JOIN articles a ON a.id = m.article_id WHERE a.story_id IS NOT NULL GROUP BY 1, 2""",
    "desk_places": """SELECT m.topic, json_extract(p.value, '$.id'), a.story_id, min(a.first_seen) FROM matches m
        JOIN articles a ON a.id = m.article_id, json_each(m.places) p WHERE a.story_id IS NOT NULL GROUP BY 1, 2, 3""",
    "desk_facets": """SELECT story_id, 'source', source FROM articles WHERE story_id IS NOT NULL UNION
        SELECT story_id, 'lang', lang FROM articles WHERE story_id IS NOT NULL AND lang IS NOT NULL UNION
        SELECT a.story_id, 'country', s.country FROM articles a JOIN sources s ON s.name = a.source WHERE a.story_id IS NOT NULL AND s.country IS NOT NULL""",
}


def differences(db: Database) -> dict[str, set[Any]]:
    """Rows of each table that counting anew does not give, or gives beside it."""
    return {
        name: set(db.conn.execute(f"SELECT * FROM {name}")) ^ set(db.conn.execute(sql))
        for name, sql in EXPECTED.items()
    }


@pytest.mark.parametrize("seed", range(6))
def test_triggers_keep_in_step(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    db = open_database(tmp_path / "borderwatch.db")
    db.conn.execute("PRAGMA synchronous = OFF")
    with write_transaction(db):
        for name, country in (("dawn", "PK"), ("irna", "IR"), ("blog", None)):
            db.conn.execute(
                "INSERT INTO sources (name, kind, url, country, state_since, next_check) VALUES (?, 'feed', 'http://x/', ?, '2026', '2026')",
                (name, country),
            )
        for number in range(1, 9):
            db.conn.execute("INSERT INTO stories (id, created) VALUES (?, '2026')", (number,))
    count = 0
    for _ in range(160):
        with write_transaction(db):
            count = _change(db, rng, count)
    assert differences(db) == {name: set() for name in EXPECTED}
    db.conn.close()


def _change(db: Database, rng: random.Random, count: int) -> int:
    what = rng.choice(
        ("add", "add", "add", "match", "match", "match", "move", "unmatch", "rescore", "country")
    )
    article = rng.randint(1, count) if count else 0
    if what == "add" or not count:
        count += 1
        db.conn.execute(
            "INSERT INTO articles (id, source, url, canonical_url, title, text, first_seen, updated_at, lang, story_id) VALUES (?, ?, ?, ?, 't', 'x', ?, '2026', ?, ?)",
            (
                count,
                rng.choice(("dawn", "irna", "blog")),
                f"u{count}",
                f"u{count}",
                f"2026-11-{rng.randint(1, 28):02d}T00:00:00.000Z",
                rng.choice(("ur", "fa", None)),
                rng.choice((None, *range(1, 9))),
            ),
        )
    elif what == "move":
        db.conn.execute(
            "UPDATE articles SET story_id = ? WHERE id = ?", (rng.choice((None, *range(1, 9))), article)
        )
    elif what == "match":
        places = json.dumps(
            [
                {"id": place, "name": place.title(), "lat": 27.0, "lon": 62.0}
                for place in rng.sample(PLACES, rng.randint(0, 3))
            ]
        )
        db.conn.execute(
            "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, places, created, verdict) VALUES (?, ?, '1', ?, 1, '[]', '[]', ?, '2026', 'x')"
            " ON CONFLICT (article_id, topic) DO UPDATE SET score = excluded.score, places = excluded.places",
            (article, rng.choice(TOPICS), rng.randint(1, 9), places),
        )
    elif what == "unmatch":
        db.conn.execute(
            "DELETE FROM matches WHERE article_id = ? AND topic = ?", (article, rng.choice(TOPICS))
        )
    elif what == "rescore":
        db.conn.execute("UPDATE matches SET score = ? WHERE article_id = ?", (rng.randint(1, 9), article))
    else:
        db.conn.execute(
            "UPDATE sources SET country = ? WHERE name = ?",
            (rng.choice(("PK", "IR", "AF", None)), rng.choice(("dawn", "irna", "blog"))),
        )
    return count


def test_place_names_follow_the_latest_match(tmp_path: Path) -> None:
    db = open_database(tmp_path / "borderwatch.db")
    with write_transaction(db):
        db.conn.execute(
            "INSERT INTO sources (name, kind, url, state_since, next_check) VALUES ('s', 'feed', 'http://x/', '2026', '2026')"
        )
        db.conn.execute("INSERT INTO stories (id, created) VALUES (1, '2026')")
        db.conn.execute(
            "INSERT INTO articles (id, source, url, canonical_url, title, text, first_seen, updated_at, story_id) VALUES (1, 's', 'u', 'u', 't', 'x', '2026', '2026', 1)"
        )
        insert = "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, places, created, verdict) VALUES (1, 'border', '1', 1, 1, '[]', '[]', ?, '2026', 'x')"
        db.conn.execute(insert, ('[{"id": "mand", "name": "Mand", "lat": 26, "lon": 61.8}]',))
        db.conn.execute(
            "UPDATE matches SET places = ?",
            ('[{"id": "mand", "name": "Mand–Pishin", "lat": 26.08, "lon": 61.8}]',),
        )
    assert rows(db, "SELECT * FROM desk_place_names") == [
        {"place": "mand", "name": "Mand–Pishin", "lat": 26.08, "lon": 61.8}
    ]
    db.conn.close()
