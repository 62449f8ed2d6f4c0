"""Fingerprints and the index by which candidates are found: bands of signatures, and story keys by day. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from storage.database import Database, Row, first, rows, scalar

FINGERPRINT_BITS: Final = 24
"""Entries of the index hold a fingerprint's id in 24 bits: 16.7 million contents, 17 years at 2,700 a day."""
DAY_BITS: Final = 15
MAX_FINGERPRINT: Final = (1 << FINGERPRINT_BITS) - 1
LAST_DAY: Final = (1 << DAY_BITS) - 1
_IN: Final = 400
"""Ids a query takes at once."""


def entry_of_band(band: int, fingerprint_id: int) -> int:
    """The index entry of a band's hash (39 bits) and a fingerprint."""
    return band << FINGERPRINT_BITS | fingerprint_id


def entry_of_key(key: int, day: int, fingerprint_id: int) -> int:
    """The index entry of a key's hash (24 bits), a day since 1970 and a fingerprint."""
    return (key << DAY_BITS | min(max(day, 0), LAST_DAY)) << FINGERPRINT_BITS | fingerprint_id


def add_fingerprint(
    db: Database,
    *,
    article_id: int,
    revision: int,
    exact: int,
    sketch: bytes,
    table: str,
    day: int,
    bands: Sequence[int],
    keys: Sequence[int],
) -> int:
    """Store a content's fingerprint and its index entries; returns its id."""
    cursor = db.conn.execute(
        "INSERT INTO fingerprints (article_id, revision, exact, sketch, frequencies) VALUES (?, ?, ?, ?, ?)",
        (article_id, revision, exact, sketch, table),
    )
    found = int(cursor.lastrowid or 0) & MAX_FINGERPRINT
    db.conn.executemany(
        "INSERT OR IGNORE INTO text_bands VALUES (?)", [(entry_of_band(band, found),) for band in bands]
    )
    db.conn.executemany(
        "INSERT OR IGNORE INTO story_keys VALUES (?)", [(entry_of_key(key, day, found),) for key in keys]
    )
    return found


def fingerprint_exists(db: Database, article_id: int, exact: int, table: str) -> bool:
    """Whether this very content of the article is indexed, weighed by this frequency table."""
    sql = "SELECT 1 FROM fingerprints WHERE article_id = ? AND exact = ? AND frequencies = ?"
    return scalar(db, sql, (article_id, exact, table)) is not None


def drop_fingerprints(db: Database, article_id: int, revision: int) -> None:
    """Forget what was read of a revision. Its index entries stay behind without a row, which lookups pass over."""
    db.conn.execute("DELETE FROM fingerprints WHERE article_id = ? AND revision = ?", (article_id, revision))


def articles_with_exact(db: Database, exact: int, limit: int) -> list[int]:
    """Articles whose text is the same, oldest id first."""
    found = db.conn.execute(
        "SELECT DISTINCT article_id FROM fingerprints WHERE exact = ? ORDER BY article_id LIMIT ?",
        (exact, limit),
    )
    return [int(article) for (article,) in found]


def fingerprints_in_bands(db: Database, bands: Iterable[int], limit: int) -> list[int]:
    """Fingerprint ids by band, each as often as it shares one; a band with more than `limit` entries says nothing and is skipped."""
    found: list[int] = []
    for band in bands:
        low = band << FINGERPRINT_BITS
        hits = db.conn.execute(
            "SELECT entry FROM text_bands WHERE entry BETWEEN ? AND ? LIMIT ?",
            (low, low | MAX_FINGERPRINT, limit + 1),
        ).fetchall()
        if len(hits) <= limit:
            found += [entry & MAX_FINGERPRINT for (entry,) in hits]
    return found


def fingerprints_with_key(db: Database, key: int, day_from: int, day_to: int, limit: int) -> list[int]:
    """Fingerprint ids that have a story key within some days; empty where more than `limit` have it."""
    low = (key << DAY_BITS | min(max(day_from, 0), LAST_DAY)) << FINGERPRINT_BITS
    high = (key << DAY_BITS | min(max(day_to, 0), LAST_DAY)) << FINGERPRINT_BITS | MAX_FINGERPRINT
    hits = db.conn.execute(
        "SELECT entry FROM story_keys WHERE entry BETWEEN ? AND ? LIMIT ?", (low, high, limit + 1)
    ).fetchall()
    return [] if len(hits) > limit else [entry & MAX_FINGERPRINT for (entry,) in hits]


def candidates(db: Database, fingerprint_ids: Sequence[int]) -> list[Row]:
    """What is needed to compare with these fingerprints: id, article_id, revision, sketch, at_s, original, component."""
    found: list[Row] = []
    for start in range(0, len(fingerprint_ids), _IN):
        part = tuple(fingerprint_ids[start : start + _IN])
        found += rows(
            db,
            "SELECT f.id, f.article_id, f.revision, f.sketch, m.at_s, m.original, m.component FROM fingerprints f"
            f" JOIN story_members m ON m.article_id = f.article_id WHERE f.id IN ({','.join('?' * len(part))})",
            part,
        )
    return found


def text_of(db: Database, article_id: int, revision: int) -> tuple[str, str]:
    """Title and text of an article as they were at a revision."""
    row = first(
        db, "SELECT title, text FROM articles WHERE id = ? AND revision = ?", (article_id, revision)
    ) or first(
        db, "SELECT title, text FROM revisions WHERE article_id = ? AND revision = ?", (article_id, revision)
    )
    return (row["title"], row["text"]) if row else ("", "")
