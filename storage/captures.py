"""Captures: the durable queue between crawling and reading."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database, Row, first, rows, scalar, stamp
from storage.model import Capture

MAX_TRIES = 2
"""A capture whose reading crashed or ran out of time gets one more try, then it is set aside."""


@dataclass(frozen=True, slots=True)
class Archived:
    """Where a capture's record lies: file name inside the archive folder, byte offset and length of its member."""

    file: str
    offset: int
    length: int


def digest_of(body: bytes) -> str:
    """SHA-256 of a body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def insert_capture(
    db: Database, capture: Capture, place: Archived, *, entry_id: int | None, first_crawl: bool
) -> int:
    """Add a pending capture whose bytes are already synced to the archive; returns its id."""
    cursor = db.execute(
        "INSERT INTO captures (entry_id, source, url, listed_url, fetched_at, status, content_type, digest, file, offset, length, first_crawl)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry_id, capture.source, capture.url, capture.listed_url, stamp(capture.fetched_at), capture.status,
            capture.header("Content-Type"), digest_of(capture.body), place.file, place.offset,
            place.length, int(first_crawl),
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def finish_capture(db: Database, capture_id: int, outcome: str, reason: str | None, now: datetime) -> None:
    """Mark a capture as read: outcome `article`, `duplicate`, `unchanged`, `revision` or `not an article`."""
    db.execute(
        "UPDATE captures SET state = 'done', outcome = ?, reason = ?, read_at = ? WHERE id = ?",
        (outcome, reason, stamp(now), capture_id),
    )


def fail_capture(db: Database, capture_id: int, reason: str, now: datetime) -> bool:
    """Count a failed reading; returns True where the capture is set aside now."""
    tries = int(scalar(db, "SELECT tries FROM captures WHERE id = ?", (capture_id,)) or 0) + 1
    aside = tries >= MAX_TRIES
    db.execute(
        "UPDATE captures SET tries = ?, reason = ?, read_at = ?, state = ?, outcome = ? WHERE id = ?",
        (
            tries,
            reason,
            stamp(now),
            "set_aside" if aside else "pending",
            "failed" if aside else None,
            capture_id,
        ),
    )
    return aside


def pending_captures(db: Database, limit: int = -1, after: int = 0) -> list[Row]:
    """Captures that wait for a reader, oldest first, with id above `after`."""
    return rows(
        db, "SELECT * FROM captures WHERE state = 'pending' AND id > ? ORDER BY id LIMIT ?", (after, limit)
    )


def count_pending(db: Database) -> int:
    """How many captures wait for a reader."""
    return int(scalar(db, "SELECT count(*) FROM captures WHERE state = 'pending'"))


def capture_by_id(db: Database, capture_id: int) -> Row | None:
    """One capture's row."""
    return first(db, "SELECT * FROM captures WHERE id = ?", (capture_id,))


def known_digest(db: Database, url: str, digest: str) -> Row | None:
    """An earlier capture of the same address with the same bytes, or None."""
    return first(db, "SELECT * FROM captures WHERE url = ? AND digest = ? LIMIT 1", (url, digest))


def captures_to_reread(
    db: Database, since: datetime | None, until: datetime | None, sources: tuple[str, ...]
) -> list[Row]:
    """Captures that were read before, fetched in [since, until), of the named sources or of all, oldest first."""
    where, params = ["state != 'pending'"], list[str]()
    if since:
        where.append("fetched_at >= ?")
        params.append(stamp(since))
    if until:
        where.append("fetched_at < ?")
        params.append(stamp(until))
    if sources:
        where.append(f"source IN ({', '.join('?' * len(sources))})")
        params += sources
    return rows(db, f"SELECT * FROM captures WHERE {' AND '.join(where)} ORDER BY id", tuple(params))
