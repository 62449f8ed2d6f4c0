"""Sources: what is configured, what was learned of each, and who is fetching it now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from storage.database import Database, Row, first, rows, stamp
from storage.model import Source

_LEARNED = frozenset({
    "state", "state_since", "error_kind", "error", "failures", "etag", "last_modified", "body_digest", "first_crawl_done",
    "last_check", "last_success", "last_new", "next_check", "not_before", "interval_s", "rate_state", "moved_url",
    "moved_sightings", "hub", "url",
})  # fmt: skip


def sync_sources(db: Database, sources: Iterable[Source], now: datetime) -> None:
    """Bring the table in line with the configuration, inside a write transaction.

    What was learned survives; a source whose address changed forgets its validators and is new again. A source
    that left the configuration keeps its row, unconfigured.
    """
    moment = stamp(now)
    wanted = {source.name: source for source in sources if source.enabled}
    stored = {
        row["name"]: row for row in rows(db, "SELECT name, kind, url, moved_url, configured FROM sources")
    }
    for name, source in wanted.items():
        row = stored.get(name)
        if row is None:
            db.execute(
                "INSERT INTO sources (name, kind, url, country, language, rank, state_since, next_check) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (name, source.kind, source.url, source.country, source.language, source.rank, moment, moment),
            )
            continue
        db.execute(
            "UPDATE sources SET country = ?, language = ?, rank = ?, configured = 1 WHERE name = ?",
            (source.country, source.language, source.rank, name),
        )
        if (row["kind"], row["url"]) != (source.kind, source.url):
            db.execute(
                "UPDATE sources SET kind = ?, url = ?, state = 'new', state_since = ?, etag = NULL, last_modified = NULL, body_digest = NULL,"
                " failures = 0, error = NULL, error_kind = NULL, next_check = ?, not_before = NULL, moved_url = NULL, moved_sightings = 0,"
                " first_crawl_done = 0, hub = NULL WHERE name = ?",
                (source.kind, source.url, moment, moment, name),
            )
    gone = [name for name, row in stored.items() if row["configured"] and name not in wanted]
    db.conn.executemany("UPDATE sources SET configured = 0 WHERE name = ?", ((name,) for name in gone))


def claim_due(db: Database, now: datetime, *, owner: str, until: datetime, limit: int) -> list[Row]:
    """Lease sources that are due, longest overdue first, inside a write transaction; a claim expires at `until`."""
    moment = stamp(now)
    found = rows(
        db,
        "SELECT * FROM sources WHERE configured = 1 AND next_check <= ? AND (not_before IS NULL OR not_before <= ?)"
        " AND (claimed_until IS NULL OR claimed_until < ?) ORDER BY next_check LIMIT ?",
        (moment, moment, moment, limit),
    )
    _claim(db, [row["name"] for row in found], owner, until)
    return found


def claim_named(
    db: Database, names: Sequence[str] | None, now: datetime, *, owner: str, until: datetime
) -> list[Row]:
    """Lease the named configured sources (None: every one) whatever their due time, but never against Retry-After."""
    moment = stamp(now)
    found = rows(
        db,
        "SELECT * FROM sources WHERE configured = 1 AND (not_before IS NULL OR not_before <= ?) AND (claimed_until IS NULL OR claimed_until < ?) ORDER BY name",
        (moment, moment),
    )
    if names is not None:
        wanted = set(names)
        found = [row for row in found if row["name"] in wanted]
    _claim(db, [row["name"] for row in found], owner, until)
    return found


def _claim(db: Database, names: Sequence[str], owner: str, until: datetime) -> None:
    db.conn.executemany(
        "UPDATE sources SET claimed_by = ?, claimed_until = ? WHERE name = ?",
        ((owner, stamp(until), name) for name in names),
    )


def release_claim(db: Database, name: str) -> None:
    """The source is no longer being fetched."""
    db.execute("UPDATE sources SET claimed_by = NULL, claimed_until = NULL WHERE name = ?", (name,))


def void_claims(db: Database) -> None:
    """Claims of a dead process hold nobody up: called at a start, under the data directory's lock."""
    db.execute("UPDATE sources SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by IS NOT NULL")


def update_source(db: Database, name: str, changes: dict[str, Any]) -> None:
    """Set learned columns (times as stamps), inside a write transaction."""
    unknown = changes.keys() - _LEARNED
    if unknown:
        raise ValueError(f"not learned columns of sources: {sorted(unknown)}")
    assignments = ", ".join(f"{column} = ?" for column in changes)
    db.execute(f"UPDATE sources SET {assignments} WHERE name = ?", (*changes.values(), name))


def ask_now(db: Database, names: Iterable[str], now: datetime) -> None:
    """Make sources due at once (for `crawl` beside a running service, and *check now* on the page)."""
    db.conn.executemany(
        "UPDATE sources SET next_check = ? WHERE name = ?", ((stamp(now), name) for name in names)
    )


def source_row(db: Database, name: str) -> Row | None:
    """One source's row, or None."""
    return first(db, "SELECT * FROM sources WHERE name = ?", (name,))


def source_rows(db: Database, *, configured_only: bool = True) -> list[Row]:
    """All sources by name."""
    where = "WHERE configured = 1" if configured_only else ""
    return rows(db, f"SELECT * FROM sources {where} ORDER BY name")
