"""What a person can do from the page: the protocol that the routes call, and what the database alone can do.

`StoredActions` writes what others then act on: a source becomes due, a delivery is due again. A service that can do
better (wake its crawler at once) passes its own `Actions`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from jobs.dedup.rulings import merge, split
from storage import feedback, mutes, sources
from storage.alert_queries import mark_handled, revive
from storage.alerts import current_story
from storage.database import Database, StorageError, first, open_database, stamp, write_transaction

MuteKind = Literal["story", "source", "topic"]


class Actions(Protocol):
    """Everything that the page may change. Each returns a sentence for the person, or raises BorderwatchError."""

    def judge(self, article_id: int, topic: str, *, relevant: bool, who: str) -> str:
        """Relevant or not, of one article under one topic."""
        ...

    def undo_judgement(self, article_id: int, topic: str, *, who: str) -> str:
        """Take the latest word on it back."""
        ...

    def mute(self, what: MuteKind, value: str, *, hours: float | None, who: str) -> str:
        """No alerts about it for a time (None: until lifted)."""
        ...

    def unmute(self, what: MuteKind, value: str, *, who: str) -> str:
        """Alerts about it again."""
        ...

    def handle(self, alert_id: str, *, handled: bool, who: str) -> str:
        """An alert is dealt with, or is open again."""
        ...

    def check_source_now(self, name: str) -> str:
        """Ask a source at once."""
        ...

    def retry_delivery(self, delivery_id: int) -> str:
        """Try an undelivered delivery again now."""
        ...

    def split_story(self, article_ids: tuple[int, ...], *, who: str) -> str:
        """Take these reports out of their story into one of their own."""
        ...

    def merge_stories(self, story_id: int, other_id: int, *, who: str) -> str:
        """Make one story of two."""
        ...


class StoredActions:
    """Actions by the tables alone."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def _open(self) -> Database:
        # A connection an action: actions are rare, and SQLite's are bound to no thread this way.
        return open_database(self._path)

    def judge(self, article_id: int, topic: str, *, relevant: bool, who: str) -> str:
        """See `Actions.judge`."""
        db = self._open()
        try:
            feedback.record_judgement(db, article_id, topic, relevant=relevant, who=who, at=self._clock())
        finally:
            db.conn.close()
        return "Kept as relevant" if relevant else "Kept as not relevant"

    def undo_judgement(self, article_id: int, topic: str, *, who: str) -> str:
        """See `Actions.undo_judgement`."""
        del who  # who said it stands in the row that is taken back
        db = self._open()
        try:
            words = feedback.list_judgements(db, topic=topic, article_id=article_id)
            if not words:
                raise StorageError(f"Nobody judged article {article_id} under {topic}.")
            feedback.undo_judgement(db, words[0].id, at=self._clock())
        finally:
            db.conn.close()
        return "Taken back"

    def mute(self, what: MuteKind, value: str, *, hours: float | None, who: str) -> str:
        """See `Actions.mute`."""
        now = self._clock()
        db = self._open()
        try:
            mutes.mute(
                db,
                what,
                value,
                until=None if hours is None else now + timedelta(hours=hours),
                who=who,
                at=now,
            )
            mutes.mute_undelivered(db, now)
        finally:
            db.conn.close()
        return f"Muted {what} {value}" + ("" if hours is None else f" for {hours:g} hours")

    def unmute(self, what: MuteKind, value: str, *, who: str) -> str:
        """See `Actions.unmute`."""
        db = self._open()
        try:
            lifted = mutes.unmute(db, what, value, who=who, at=self._clock())
        finally:
            db.conn.close()
        return (
            f"{what.capitalize()} {value} is heard again"
            if lifted
            else f"{what.capitalize()} {value} was not muted"
        )

    def handle(self, alert_id: str, *, handled: bool, who: str) -> str:
        """See `Actions.handle`."""
        db = self._open()
        try:
            known = mark_handled(db, alert_id, who=who, at=self._clock(), handled=handled)
        finally:
            db.conn.close()
        if not known:
            raise StorageError(f"There is no alert {alert_id}.")
        return "Handled" if handled else "Open again"

    def check_source_now(self, name: str) -> str:
        """See `Actions.check_source_now`."""
        db = self._open()
        try:
            row = sources.source_row(db, name)
            if row is None or not row["configured"]:
                raise StorageError(f"There is no configured source {name}.")
            if row["not_before"] and row["not_before"] > stamp(self._clock()):
                raise StorageError(
                    f"{name} asked not to be contacted before {row['not_before']} (Retry-After); it is checked then."
                )
            with write_transaction(db):
                sources.ask_now(db, [name], self._clock())
        finally:
            db.conn.close()
        return f"{name} is checked with the next tick"

    def retry_delivery(self, delivery_id: int) -> str:
        """See `Actions.retry_delivery`."""
        db = self._open()
        try:
            row = first(db, "SELECT alert_id, channel, state FROM deliveries WHERE id = ?", (delivery_id,))
            if row is None:
                raise StorageError(f"There is no delivery {delivery_id}.")
            if not revive(db, [row["alert_id"]], self._clock(), [row["channel"]]):
                raise StorageError(
                    f"The delivery to {row['channel']} is {row['state']}: there is nothing to retry."
                )
        finally:
            db.conn.close()
        return f"Tried again on {row['channel']}"

    def split_story(self, article_ids: tuple[int, ...], *, who: str) -> str:
        """See `Actions.split_story`."""
        db = self._open()
        try:
            with write_transaction(db):
                stories = {current_story(db, article) for article in article_ids}
                if len(stories) != 1 or None in stories:
                    raise StorageError(
                        "Tick reports of one story; reload the page if they have moved meanwhile."
                    )
                done = split(db, stories.pop() or 0, article_ids, who, self._clock(), alert=False)
        finally:
            db.conn.close()
        return "Split off as story " + ", ".join(map(str, done.stories))

    def merge_stories(self, story_id: int, other_id: int, *, who: str) -> str:
        """See `Actions.merge_stories`."""
        db = self._open()
        try:
            with write_transaction(db):
                done = merge(db, story_id, other_id, who, self._clock())
        finally:
            db.conn.close()
        return f"One story now: {done.stories[0]}"
