"""What is known of a channel beyond its configuration: faults, pauses, and its last digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database, first, parse_stamp, stamp, write_transaction

MAX_ERROR_CHARS = 500


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What is known of a channel beyond its configuration."""

    name: str
    failures: int
    not_before: datetime | None
    last_success: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    digest_done: datetime | None
    first_seen: datetime


def channel_state(db: Database, name: str, now: datetime) -> ChannelState:
    """The state of a channel; a new one begins now."""
    found = first(db, "SELECT * FROM channels WHERE name = ?", (name,))
    if found is None:
        with write_transaction(db):
            db.conn.execute(
                "INSERT OR IGNORE INTO channels (name, first_seen) VALUES (?, ?)", (name, stamp(now))
            )
        return ChannelState(name, 0, None, None, None, None, None, now)

    def moment(key: str) -> datetime | None:
        return parse_stamp(found[key]) if found[key] else None

    return ChannelState(
        name, found["failures"], moment("not_before"), moment("last_success"), found["last_error"],
        moment("last_error_at"), moment("digest_done"), parse_stamp(found["first_seen"]),
    )  # fmt: skip


def channel_succeeded(db: Database, name: str, at: datetime) -> None:
    """A message went through: the channel's pause ends."""
    with write_transaction(db):
        db.conn.execute(
            "UPDATE channels SET failures = 0, not_before = NULL, last_success = ? WHERE name = ?",
            (stamp(at), name),
        )


def channel_failed(db: Database, name: str, at: datetime, error: str, not_before: datetime | None) -> None:
    """A message failed; `not_before` pauses the whole channel."""
    with write_transaction(db):
        db.conn.execute(
            "UPDATE channels SET failures = failures + 1, last_error = ?, last_error_at = ?, not_before = coalesce(?, not_before) WHERE name = ?",
            (error[:MAX_ERROR_CHARS], stamp(at), stamp(not_before) if not_before else None, name),
        )
