"""Entries: what sources listed, and what became of each address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from storage.database import Database, Row, first, parse_stamp, rows, scalar, stamp
from storage.model import Entry, Published

_LOOKUP = 500
"""Keys a query: below SQLite's limit on variables."""


def published_json(published: Published | None) -> str | None:
    """A publication date with all that is known of it, as JSON."""
    return None if published is None else json.dumps({**asdict(published), "at": stamp(published.at)})


def published_from_json(text: str | None) -> Published | None:
    """The inverse of `published_json`."""
    if text is None:
        return None
    data: dict[str, Any] = json.loads(text)
    return Published(**{**data, "at": parse_stamp(data["at"])})


def known_entries(db: Database, keys: Sequence[str]) -> dict[str, Row]:
    """The stored entries of these keys."""
    known: dict[str, Row] = {}
    for begin in range(0, len(keys), _LOOKUP):
        part = tuple(keys[begin : begin + _LOOKUP])
        marks = ", ".join("?" * len(part))
        found = rows(
            db,
            f"SELECT id, key, url, source, title, updated, published, state FROM entries WHERE key IN ({marks})",
            part,
        )
        known |= {row["key"]: row for row in found}
    return known


def captured_elsewhere(db: Database, keys: Sequence[str]) -> set[str]:
    """Which of these keys are canonical addresses of stored articles (an AMP twin brought them, for example)."""
    known: set[str] = set()
    for begin in range(0, len(keys), _LOOKUP):
        part = tuple(keys[begin : begin + _LOOKUP])
        found = rows(
            db,
            f"SELECT canonical_url FROM articles WHERE canonical_url IN ({', '.join('?' * len(part))})",
            part,
        )
        known |= {row["canonical_url"] for row in found}
    return known


def count_sightings(db: Database, keys: Sequence[str]) -> None:
    """Of a section page: these addresses stood on it once more (what stands there for ever is navigation)."""
    db.conn.executemany(
        "UPDATE entries SET sightings = sightings + 1 WHERE key = ?", ((key,) for key in keys)
    )


def sightings(db: Database, source: str) -> dict[str, int]:
    """In how many checks of a section page each of its addresses was seen."""
    found = rows(db, "SELECT url, sightings FROM entries WHERE source = ? AND sightings > 1", (source,))
    return {row["url"]: row["sightings"] for row in found}


def insert_entries(
    db: Database, source: str, items: Iterable[tuple[str, Entry, str]], *, now: datetime, first_crawl: bool
) -> None:
    """Add entries as (key, entry, state); a key that exists already is left as it is."""
    db.conn.executemany(
        "INSERT INTO entries (key, url, source, title, published, published_json, updated, summary, authors, language, content_html, listed_at, first_crawl, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (
            (
                key, entry.url, source, entry.title, stamp(entry.published.at) if entry.published else None,
                published_json(entry.published), stamp(entry.updated) if entry.updated else None, entry.summary,
                json.dumps(entry.authors, ensure_ascii=False), entry.language, entry.content_html, stamp(now), int(first_crawl), state,
            )
            for key, entry, state in items
        ),
    )  # fmt: skip


def relist_entries(db: Database, items: Iterable[tuple[int, Entry]], now: datetime) -> None:
    """The listing says that these entries changed: queue their pages again, with what is listed now."""
    db.conn.executemany(
        "UPDATE entries SET state = 'listed', tries = 0, next_try = NULL, reason = NULL, url = ?, title = ?, updated = ?, summary = ?, content_html = ?, listed_at = ?, first_crawl = 0 WHERE id = ?",
        (
            (
                entry.url,
                entry.title,
                stamp(entry.updated) if entry.updated else None,
                entry.summary,
                entry.content_html,
                stamp(now),
                entry_id,
            )
            for entry_id, entry in items
        ),
    )


def entries_to_fetch(db: Database, source: str, now: datetime, limit: int) -> list[Row]:
    """Entries of a source whose page is still to be fetched, newest first."""
    return rows(
        db,
        "SELECT * FROM entries WHERE source = ? AND state = 'listed' AND (next_try IS NULL OR next_try <= ?)"
        " ORDER BY published IS NULL, published DESC, id LIMIT ?",
        (source, stamp(now), limit),
    )


def mark_captured(db: Database, entry_id: int) -> None:
    """The entry's page is in the archive."""
    db.execute(
        "UPDATE entries SET state = 'captured', reason = NULL, next_try = NULL WHERE id = ?", (entry_id,)
    )


def mark_failed(
    db: Database, entry_id: int, reason: str, *, next_try: datetime | None, state: str = "failed"
) -> None:
    """The entry's page was not fetched: tried again at `next_try`, or given up (`failed`, `refused`) where None."""
    db.execute(
        "UPDATE entries SET tries = tries + 1, reason = ?, next_try = ?, state = ? WHERE id = ?",
        (reason, stamp(next_try) if next_try else None, "listed" if next_try else state, entry_id),
    )


def entry_by_id(db: Database, entry_id: int) -> Row | None:
    """One entry's row."""
    return first(db, "SELECT * FROM entries WHERE id = ?", (entry_id,))


def entry_from_row(row: Row) -> Entry:
    """The record of a stored entry."""
    return Entry(
        url=row["url"],
        title=row["title"],
        published=published_from_json(row["published_json"]),
        updated=parse_stamp(row["updated"]) if row["updated"] else None,
        summary=row["summary"],
        authors=tuple(json.loads(row["authors"])),
        language=row["language"],
        content_html=row["content_html"],
    )


def count_waiting(db: Database) -> int:
    """How many listed entries wait for their page."""
    return int(scalar(db, "SELECT count(*) FROM entries WHERE state = 'listed'"))
