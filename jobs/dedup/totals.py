"""Writing what a story's members add up to."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.database import Database, rows, stamp
from storage.stories import update_story


def refresh(db: Database, story_id: int, *, lead: int | None, capped: str | None) -> None:
    """Count a story's members anew and write its row."""
    found = rows(
        db,
        "SELECT count(*) AS articles, count(DISTINCT m.original) AS texts, min(m.at_s) AS first_s, max(m.at_s) AS last_s,"
        " group_concat(DISTINCT a.source) AS sources, group_concat(DISTINCT a.lang) AS languages"
        " FROM story_members m JOIN articles a ON a.id = m.article_id WHERE m.story_id = ?",
        (story_id,),
    )[0]
    update_story(
        db, story_id, lead=lead, first_at=_stamp(found["first_s"]), last_at=_stamp(found["last_s"]), articles=found["articles"],
        texts=found["texts"], sources=_names(found["sources"]), languages=_names(found["languages"]), capped=capped,
    )  # fmt: skip


def _stamp(second: int | None) -> str | None:
    return None if second is None else stamp(datetime.fromtimestamp(second, UTC))


def _names(joined: str | None) -> list[str]:
    return sorted(joined.split(",")) if joined else []
