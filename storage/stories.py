"""Stories, their members and links, and a person's rulings. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from storage.database import Database, Row, first, rows, scalar, stamp

_IN: Final = 400
"""Ids a query takes at once."""


def article_facts(db: Database, article_ids: Sequence[int]) -> list[Row]:
    """What leadership and story rows are settled by: id, canonical_url, source, rank, lang, dates, first_seen, revision."""
    found: list[Row] = []
    for start in range(0, len(article_ids), _IN):
        part = tuple(article_ids[start : start + _IN])
        found += rows(
            db,
            "SELECT a.id, a.canonical_url, a.source, coalesce(s.rank, 50) AS rank, a.lang, a.date, a.date_utc, a.date_source,"
            " a.date_precision, a.first_seen, a.revision FROM articles a LEFT JOIN sources s ON s.name = a.source"
            f" WHERE a.id IN ({_marks(part)})",
            part,
        )
    return found


def member(db: Database, article_id: int) -> Row | None:
    """An article's membership."""
    return first(db, "SELECT * FROM story_members WHERE article_id = ?", (article_id,))


def members_of(db: Database, story_id: int) -> list[Row]:
    """The members of a story with what a person wants to see, first report first."""
    return rows(
        db,
        "SELECT m.article_id, m.original, m.relation, m.with_article, m.score, m.why, m.joined_at, m.at_s, a.url, a.title, a.source,"
        " a.lang, a.date, a.first_seen FROM story_members m JOIN articles a ON a.id = m.article_id WHERE m.story_id = ?"
        " ORDER BY m.at_s, m.article_id",
        (story_id,),
    )


def members_of_components(db: Database, components: Sequence[int]) -> list[Row]:
    """Every membership in these components."""
    return rows(
        db,
        f"SELECT * FROM story_members WHERE component IN ({_marks(components)}) ORDER BY article_id",
        tuple(components),
    )


def stories_of_components(db: Database, components: Sequence[int]) -> list[Row]:
    """The living stories of these components, oldest first."""
    return rows(
        db,
        "SELECT DISTINCT s.* FROM story_members m JOIN stories s ON s.id = m.story_id"
        f" WHERE m.component IN ({_marks(components)}) ORDER BY s.id",
        tuple(components),
    )


def links_of_components(db: Database, components: Sequence[int]) -> list[Row]:
    """The links between members of these components."""
    return rows(
        db,
        "SELECT l.* FROM story_members m JOIN story_links l ON l.a = m.article_id"
        f" WHERE m.component IN ({_marks(components)}) ORDER BY l.a, l.b",
        tuple(components),
    )


def links_of(db: Database, article_id: int) -> list[Row]:
    """The links of one article."""
    return rows(db, "SELECT * FROM story_links WHERE a = ? OR b = ?", (article_id, article_id))


def set_link(db: Database, one: int, other: int, relation: str, score: float) -> None:
    """Keep what a comparison found; the stronger of two findings about one pair stands."""
    low, high = sorted((one, other))
    db.conn.execute(
        "INSERT INTO story_links (a, b, relation, score) VALUES (?, ?, ?, ?) ON CONFLICT (a, b) DO UPDATE SET"
        " relation = excluded.relation, score = excluded.score WHERE"
        " (excluded.relation = 'person', excluded.relation = 'same_text', excluded.score)"
        " > (relation = 'person', relation = 'same_text', score)",
        (low, high, relation, score),
    )


def drop_links(db: Database, article_id: int, *, relation: str | None = None) -> None:
    """Forget an article's links; a person's stay unless they are named."""
    condition = "relation = :relation" if relation else "relation <> 'person'"
    db.conn.execute(
        f"DELETE FROM story_links WHERE (a = :id OR b = :id) AND {condition}",
        {"id": article_id, "relation": relation},
    )


def drop_link(db: Database, one: int, other: int, relation: str) -> None:
    """Forget one link."""
    low, high = sorted((one, other))
    db.conn.execute("DELETE FROM story_links WHERE a = ? AND b = ? AND relation = ?", (low, high, relation))


def new_story(db: Database, now: datetime, *, split_from: int | None = None, quiet: bool = False) -> int:
    """Open a story without members."""
    cursor = db.conn.execute(
        "INSERT INTO stories (created, split_from, quiet) VALUES (?, ?, ?)",
        (stamp(now), split_from, int(quiet)),
    )
    return int(cursor.lastrowid or 0)


def put_member(
    db: Database, *, article_id: int, story_id: int, component: int, original: int, at_s: int, relation: str,
    with_article: int | None, score: float | None, why: str, now: datetime,
) -> None:  # fmt: skip
    """Make an article a member of a story, or move it there."""
    db.conn.execute(
        "INSERT INTO story_members VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (article_id) DO UPDATE SET"
        " story_id = excluded.story_id, component = excluded.component, original = excluded.original, at_s = excluded.at_s,"
        " relation = excluded.relation, with_article = excluded.with_article, score = excluded.score, why = excluded.why",
        (article_id, story_id, component, original, at_s, relation, with_article, score, why, stamp(now)),
    )
    db.conn.execute(
        "UPDATE articles SET story_id = ? WHERE id = ? AND story_id IS NOT ?",
        (story_id, article_id, story_id),
    )


def move_members(db: Database, old_story: int, new: int) -> None:
    """Every member of one story becomes a member of another."""
    db.conn.execute("UPDATE articles SET story_id = ? WHERE story_id = ?", (new, old_story))
    db.conn.execute("UPDATE story_members SET story_id = ? WHERE story_id = ?", (new, old_story))


def move_member(db: Database, article_id: int, story_id: int) -> None:
    """One article moves to another story."""
    db.conn.execute("UPDATE articles SET story_id = ? WHERE id = ?", (story_id, article_id))
    db.conn.execute("UPDATE story_members SET story_id = ? WHERE article_id = ?", (story_id, article_id))


def join_components(db: Database, components: Sequence[int], into: int) -> None:
    """Several components are one from now on."""
    others = [component for component in components if component != into]
    if others:
        db.conn.execute(
            f"UPDATE story_members SET component = ? WHERE component IN ({_marks(others)})", (into, *others)
        )


def set_components(db: Database, moved: Sequence[tuple[int, int]]) -> None:
    """These (component, article) belong together from now on."""
    db.conn.executemany("UPDATE story_members SET component = ? WHERE article_id = ?", moved)


def join_originals(db: Database, originals: Sequence[int], into: int) -> None:
    """The copies of several originals are copies of one from now on."""
    others = [original for original in originals if original != into]
    if others:
        db.conn.execute(
            f"UPDATE story_members SET original = ? WHERE original IN ({_marks(others)})", (into, *others)
        )
        db.conn.execute(
            f"UPDATE articles SET duplicate_of = ? WHERE duplicate_of IN ({_marks(others)})", (into, *others)
        )


def set_original(db: Database, article_id: int, original: int) -> None:
    """Which article leads those with this text (itself, where it does)."""
    db.conn.execute("UPDATE story_members SET original = ? WHERE article_id = ?", (original, article_id))


def set_duplicate(db: Database, article_id: int, original: int | None, why: str | None) -> None:
    """Note on the article whose copy it is."""
    db.conn.execute(
        "UPDATE articles SET duplicate_of = ?, duplicate_why = ? WHERE id = ? AND (duplicate_of, duplicate_why) IS NOT (?, ?)",
        (original, why, article_id, original, why),
    )


def mark_merged(db: Database, story_id: int, into: int, why: str) -> None:
    """A story's members went to another one."""
    db.conn.execute(
        "UPDATE stories SET merged_into = ?, merged_why = ?, articles = 0, texts = 0, lead_article = NULL, capped = NULL WHERE id = ?",
        (into, why, story_id),
    )


def revive(db: Database, story_id: int) -> None:
    """A merged story has members again (its merge was undone)."""
    db.conn.execute("UPDATE stories SET merged_into = NULL, merged_why = NULL WHERE id = ?", (story_id,))


def drop_story(db: Database, story_id: int) -> None:
    """Forget a story that never had a leader."""
    db.conn.execute("DELETE FROM stories WHERE id = ? AND lead_article IS NULL", (story_id,))


def update_story(
    db: Database, story_id: int, *, lead: int | None, first_at: str | None, last_at: str | None, articles: int, texts: int,
    sources: Sequence[str], languages: Sequence[str], capped: str | None,
) -> None:  # fmt: skip
    """Write what a story's members add up to."""
    db.conn.execute(
        "UPDATE stories SET lead_article = ?, first_at = ?, last_at = ?, articles = ?, texts = ?, sources = ?, languages = ?, capped = ? WHERE id = ?",
        (
            lead,
            first_at,
            last_at,
            articles,
            texts,
            json.dumps(sources, ensure_ascii=False),
            json.dumps(languages),
            capped,
            story_id,
        ),
    )


def story(db: Database, story_id: int) -> Row | None:
    """One story's row, sources and languages as lists."""
    row = first(
        db,
        "SELECT s.*, a.title, a.url FROM stories s LEFT JOIN articles a ON a.id = s.lead_article WHERE s.id = ?",
        (story_id,),
    )
    return _opened(row) if row else None


def living_story(db: Database, story_id: int) -> Row | None:
    """The story, or the one that it was merged into at last."""
    row = story(db, story_id)
    while row is not None and row["merged_into"] is not None:
        row = story(db, row["merged_into"])
    return row


def list_stories(db: Database, *, since: datetime | None, fewest_sources: int, limit: int) -> list[Row]:
    """Living stories, the latest report first."""
    return [
        _opened(row)
        for row in rows(
            db,
            "SELECT s.*, a.title, a.url FROM stories s LEFT JOIN articles a ON a.id = s.lead_article WHERE s.merged_into IS NULL"
            " AND s.articles > 0 AND (:since IS NULL OR s.last_at >= :since) AND json_array_length(s.sources) >= :fewest"
            " ORDER BY s.last_at DESC, s.id DESC LIMIT :limit",
            {"since": stamp(since) if since else None, "fewest": fewest_sources, "limit": limit},
        )
    ]


def merged_stories(db: Database, story_id: int) -> list[Row]:
    """The stories whose members this one took over, with the reason."""
    return rows(db, "SELECT id, merged_why FROM stories WHERE merged_into = ? ORDER BY id", (story_id,))


def add_ruling(
    db: Database, kind: str, left: Sequence[int], right: Sequence[int], who: str, now: datetime
) -> int:
    """Keep a person's word; returns its id."""
    cursor = db.conn.execute(
        "INSERT INTO story_rulings (kind, left_articles, right_articles, who, at) VALUES (?, ?, ?, ?, ?)",
        (kind, json.dumps(sorted(left)), json.dumps(sorted(right)), who, stamp(now)),
    )
    return int(cursor.lastrowid or 0)


def rulings(db: Database) -> list[Row]:
    """Every ruling that holds, oldest first, with the articles as lists."""
    found = rows(db, "SELECT * FROM story_rulings WHERE undone_at IS NULL ORDER BY id")
    return [
        {
            **row,
            "left_articles": json.loads(row["left_articles"]),
            "right_articles": json.loads(row["right_articles"]),
        }
        for row in found
    ]


def splits_touching(db: Database, components: Sequence[int]) -> list[Row]:
    """The split rulings that hold and name an article of these components."""
    if scalar(db, "SELECT 1 FROM story_rulings WHERE kind = 'split' AND undone_at IS NULL LIMIT 1") is None:
        return []
    inside = {row["article_id"] for row in members_of_components(db, components)}
    return [
        row
        for row in rulings(db)
        if row["kind"] == "split" and inside.intersection(row["left_articles"] + row["right_articles"])
    ]


def undo_ruling(db: Database, ruling_id: int, now: datetime) -> None:
    """A person takes a ruling back."""
    db.conn.execute("UPDATE story_rulings SET undone_at = ? WHERE id = ?", (stamp(now), ruling_id))


def _opened(row: Row) -> Row:
    return {**row, "sources": json.loads(row["sources"]), "languages": json.loads(row["languages"])}


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
