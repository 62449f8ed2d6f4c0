"""What people say of a match: relevant, not relevant, taken back.

One row a word. The newest that was not taken back counts, for all who look; nothing is ever deleted, so that the
evaluation can be redone over any stretch of time. Written by the page and by `borderwatch judge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database, Row, StorageError, first, parse_stamp, rows, stamp, write_transaction


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's word on one match; `undone_at` is set where it was taken back."""

    id: int
    article_id: int
    topic: str
    relevant: bool
    who: str
    at: datetime
    note: str | None = None
    undone_at: datetime | None = None


class NotJudgeableError(StorageError):
    """The article or the judgement does not exist."""


def record_judgement(
    db: Database,
    article_id: int,
    topic: str,
    *,
    relevant: bool,
    who: str,
    at: datetime,
    note: str | None = None,
) -> Judgement:
    """Store a word on an article under a topic (also where the topic did not match: a miss is worth as much).

    Raises NotJudgeableError for an unknown article.
    """
    with write_transaction(db):
        if first(db, "SELECT 1 FROM articles WHERE id = ?", (article_id,)) is None:
            raise NotJudgeableError(f"There is no article {article_id}.")
        cursor = db.conn.execute(
            "INSERT INTO judgements (article_id, topic, relevant, who, at, note) VALUES (?, ?, ?, ?, ?, ?)",
            (article_id, topic, int(relevant), who, stamp(at), note),
        )
        identity = cursor.lastrowid or 0
    return Judgement(identity, article_id, topic, relevant, who, at, note)


def undo_judgement(db: Database, judgement_id: int, *, at: datetime) -> Judgement:
    """Take a word back; taking it back twice changes nothing. Raises NotJudgeableError for an unknown id."""
    with write_transaction(db):
        db.conn.execute(
            "UPDATE judgements SET undone_at = ? WHERE id = ? AND undone_at IS NULL",
            (stamp(at), judgement_id),
        )
        row = first(db, "SELECT * FROM judgements WHERE id = ?", (judgement_id,))
    if row is None:
        raise NotJudgeableError(f"There is no judgement {judgement_id}.")
    return _judgement(row)


def list_judgements(
    db: Database, *, topic: str | None = None, article_id: int | None = None, include_undone: bool = False
) -> list[Judgement]:
    """Every word, newest first."""
    where = ["1"]
    params: list[str | int] = []
    if topic is not None:
        where.append("topic = ?")
        params.append(topic)
    if article_id is not None:
        where.append("article_id = ?")
        params.append(article_id)
    if not include_undone:
        where.append("undone_at IS NULL")
    found = rows(db, f"SELECT * FROM judgements WHERE {' AND '.join(where)} ORDER BY id DESC", tuple(params))
    return [_judgement(row) for row in found]


def current_judgements(db: Database, *, topic: str | None = None) -> list[Judgement]:
    """The word that counts for each article and topic, in order of article."""
    found = rows(
        db,
        """SELECT * FROM judgements WHERE id IN (
               SELECT max(id) FROM judgements WHERE undone_at IS NULL AND (:topic IS NULL OR topic = :topic)
               GROUP BY article_id, topic)
           ORDER BY article_id, topic""",
        {"topic": topic},
    )
    return [_judgement(row) for row in found]


def _judgement(row: Row) -> Judgement:
    return Judgement(
        id=row["id"],
        article_id=row["article_id"],
        topic=row["topic"],
        relevant=bool(row["relevant"]),
        who=row["who"],
        at=parse_stamp(row["at"]),
        note=row["note"],
        undone_at=parse_stamp(row["undone_at"]) if row["undone_at"] else None,
    )
