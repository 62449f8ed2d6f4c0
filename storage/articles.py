"""Articles, their revisions, their full-text index and their matches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from storage.database import Database, Row, first, rows, stamp
from storage.model import Article, Evidence, Match, PlaceRef
from text.normalise import normalise

EXPORT_PAGE = 500
"""Rows an export reads at a time: a long read transaction would let the WAL grow."""


def article_by_canonical(db: Database, canonical_url: str) -> Row | None:
    """The article of a canonical address."""
    return first(db, "SELECT * FROM articles WHERE canonical_url = ?", (canonical_url,))


def article_by_id(db: Database, article_id: int) -> Row | None:
    """One article's row."""
    return first(db, "SELECT * FROM articles WHERE id = ?", (article_id,))


def article_of_address(db: Database, url: str) -> Row | None:
    """The article captured at an address, or known by it as its canonical form."""
    return first(
        db, "SELECT * FROM articles WHERE canonical_url = ? OR url = ? ORDER BY id LIMIT 1", (url, url)
    )


def insert_article(
    db: Database,
    article: Article,
    indexed: tuple[str, str],
    *,
    capture_id: int | None,
    source: str,
    first_seen: datetime,
    backlog: bool,
) -> int:
    """Add an article and its search entry (`indexed`: normalised title and text); returns its id."""
    published = article.published
    cursor = db.execute(
        "INSERT INTO articles (capture_id, source, url, canonical_url, title, text, date, date_utc, date_source, date_precision,"
        " first_seen, updated_at, lang, authors, site_name, image, words, backlog) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            capture_id, source, article.url, article.canonical_url, article.title, article.text,
            published.isoformat() if published else None, stamp(published.at) if published else None,
            published.provenance if published else None, published.precision if published else None,
            stamp(first_seen), stamp(first_seen), article.language, json.dumps(article.authors, ensure_ascii=False),
            article.site_name, article.image, len(indexed[1].split()), int(backlog),
        ),
    )  # fmt: skip
    article_id = int(cursor.lastrowid or 0)
    db.execute("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (article_id, *indexed))
    return article_id


def revise_article(
    db: Database,
    old: Row,
    article: Article,
    indexed: tuple[str, str],
    *,
    capture_id: int | None,
    now: datetime,
) -> None:
    """Keep what the page said before as a revision, and store what it says now."""
    db.execute(
        "INSERT INTO revisions (article_id, revision, capture_id, seen_at, title, text, date) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            old["id"],
            old["revision"],
            old["capture_id"],
            old["updated_at"],
            old["title"],
            old["text"],
            old["date"],
        ),
    )
    unindex(db, old)
    published = article.published
    db.execute(
        "UPDATE articles SET capture_id = ?, title = ?, text = ?, lang = ?, authors = ?, site_name = ?, image = ?, words = ?, updated_at = ?, revision = revision + 1 WHERE id = ?",
        (
            capture_id, article.title, article.text, article.language, json.dumps(article.authors, ensure_ascii=False),
            article.site_name, article.image, len(indexed[1].split()), stamp(now), old["id"],
        ),
    )  # fmt: skip
    if published and (old["date"] is None or old["date_source"] != published.provenance):
        # The first date stands when the page only says that it was touched; a better-founded one replaces none.
        db.execute(
            "UPDATE articles SET date = ?, date_utc = ?, date_source = ?, date_precision = ? WHERE id = ? AND date IS NULL",
            (
                published.isoformat(),
                stamp(published.at),
                published.provenance,
                published.precision,
                old["id"],
            ),
        )
    db.execute("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (old["id"], *indexed))


def reread_article(
    db: Database, old: Row, article: Article, indexed: tuple[str, str], *, now: datetime
) -> None:
    """The same bytes read by better rules: the article is corrected in place, its page did not change."""
    unindex(db, old)
    published = article.published
    db.execute(
        "UPDATE articles SET title = ?, text = ?, lang = ?, authors = ?, site_name = ?, image = ?, words = ?, updated_at = ?,"
        " date = ?, date_utc = ?, date_source = ?, date_precision = ? WHERE id = ?",
        (
            article.title, article.text, article.language, json.dumps(article.authors, ensure_ascii=False), article.site_name,
            article.image, len(indexed[1].split()), stamp(now), published.isoformat() if published else None,
            stamp(published.at) if published else None, published.provenance if published else None,
            published.precision if published else None, old["id"],
        ),
    )  # fmt: skip
    db.execute("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", (old["id"], *indexed))


def unindex(db: Database, row: Row) -> None:
    """Take an article out of the search index: a contentless FTS5 table wants the indexed values back."""
    db.execute(
        "INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', ?, ?, ?)",
        (row["id"], normalise(row["title"]), normalise(row["text"])),
    )


def rebuild_index(db: Database) -> int:
    """Index every article anew (after a change of the normaliser, or by `doctor --fix`); returns how many."""
    db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    count = 0
    for row in db.conn.execute("SELECT id, title, text FROM articles").fetchall():
        db.execute(
            "INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)",
            (row[0], normalise(row[1]), normalise(row[2])),
        )
        count += 1
    return count


def revisions_of(db: Database, article_id: int) -> list[Row]:
    """Older contents of an article, oldest first."""
    return rows(db, "SELECT * FROM revisions WHERE article_id = ? ORDER BY revision", (article_id,))


def set_matches(
    db: Database, article_id: int, matches: Sequence[tuple[Match, str]], now: datetime
) -> tuple[list[str], list[str]]:
    """Replace an article's matches by these (match, verdict); returns the topics gained and lost.

    A match that stands keeps when it was first found and what became of it then.
    """
    before = {
        row["topic"]: row
        for row in rows(db, "SELECT topic, verdict, created FROM matches WHERE article_id = ?", (article_id,))
    }
    topics = [match.topic for match, _ in matches]
    lost = [topic for topic in before if topic not in topics]
    db.conn.executemany(
        "DELETE FROM matches WHERE article_id = ? AND topic = ?", ((article_id, topic) for topic in lost)
    )
    for match, verdict in matches:
        db.execute(
            "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, concepts, places, created, verdict)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (article_id, topic) DO UPDATE SET topic_version = excluded.topic_version,"
            " score = excluded.score, threshold = excluded.threshold, rules = excluded.rules, evidence = excluded.evidence,"
            " concepts = excluded.concepts, places = excluded.places",
            (
                article_id, match.topic, match.topic_version, match.score, match.threshold, _json(match.rules),
                _json([asdict(item) for item in match.evidence]), _json(match.concepts),
                _json([asdict(place) for place in match.places]), stamp(now), verdict,
            ),
        )  # fmt: skip
    return [topic for topic in topics if topic not in before], lost


def set_verdict(db: Database, article_id: int, topic: str, verdict: str) -> None:
    """Note what became of a match later on."""
    db.execute(
        "UPDATE matches SET verdict = ? WHERE article_id = ? AND topic = ?", (verdict, article_id, topic)
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def match_from_row(row: Row) -> Match:
    """The record of a stored match."""
    evidence = tuple(
        Evidence(
            item["field"],
            item["start"],
            item["end"],
            item["quote"],
            tuple((a, b) for a, b in item.get("marks", ())),
        )
        for item in json.loads(row["evidence"])
    )
    return Match(
        topic=row["topic"], score=row["score"], threshold=row["threshold"], rules=tuple(json.loads(row["rules"])), evidence=evidence,
        concepts=tuple(json.loads(row["concepts"])), places=tuple(PlaceRef(**place) for place in json.loads(row["places"])),
        topic_version=row["topic_version"],
    )  # fmt: skip


def matches_of(db: Database, article_id: int) -> list[Row]:
    """The match rows of an article."""
    return rows(db, "SELECT * FROM matches WHERE article_id = ? ORDER BY topic", (article_id,))


def export_articles(
    db: Database, *, since: datetime | None = None, topic: str | None = None
) -> Iterator[Row]:
    """Every article in order of id, duplicates too, with its topics; read in short pages."""
    last = 0
    join = "JOIN matches m ON m.article_id = a.id AND m.topic = :topic" if topic else ""
    while True:
        page = rows(
            db,
            f"SELECT a.*, (SELECT json_group_array(topic) FROM matches WHERE article_id = a.id) AS topics FROM articles a {join}"
            " WHERE a.id > :last AND (:since IS NULL OR a.first_seen >= :since) ORDER BY a.id LIMIT :limit",
            {"last": last, "since": stamp(since) if since else None, "topic": topic, "limit": EXPORT_PAGE},
        )
        if not page:
            return
        for row in page:
            yield {**row, "topics": json.loads(row["topics"]), "authors": json.loads(row["authors"])}
        last = page[-1]["id"]


def search_articles(db: Database, query: str, *, limit: int = 20, before: int | None = None) -> list[Row]:
    """Articles that hold every word of an FTS5 `query` (already normalised and quoted), newest first.

    Order by row id: ranking a common word takes 87–250 ms at 100,000 articles, row order 0.14 ms.
    """
    return rows(
        db,
        "SELECT a.* FROM articles_fts f JOIN articles a ON a.id = f.rowid WHERE articles_fts MATCH ? AND (? IS NULL OR f.rowid < ?)"
        " ORDER BY f.rowid DESC LIMIT ?",
        (query, before, before, limit),
    )
