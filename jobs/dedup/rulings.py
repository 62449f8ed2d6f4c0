"""A person's word on stories: splitting, merging, and taking either back. Kept over recrawls, since links cannot undo it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.dedup.rebuild import rebuild
from storage import stories as store
from storage.database import Database, Row, first
from storage.model import UsageError


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a ruling did: its id (for `undo`) and the stories that exist because of it."""

    ruling: int
    stories: tuple[int, ...]


def split(
    db: Database, story_id: int, article_ids: Sequence[int], who: str, now: datetime, *, alert: bool
) -> Ruled:
    """Part these articles from the rest of their story; what comes later joins the side it resembles more.

    The new story alerts nobody unless `alert`. Runs inside the caller's write transaction.
    """
    members = {row["article_id"]: row for row in store.members_of(db, _living(db, story_id)["id"])}
    strangers = [article for article in article_ids if article not in members]
    if not article_ids or strangers:
        raise UsageError(
            f"story {story_id} has no article {strangers or '(none given)'}. `borderwatch stories show {story_id}` lists its articles."
        )
    rest = [article for article in members if article not in set(article_ids)]
    if not rest:
        raise UsageError(
            f"these are all the articles of story {story_id}: name those that belong to another event."
        )
    ruling = store.add_ruling(db, "split", article_ids, rest, who, now)
    rebuild(db, _components(db, members), now)
    homes = sorted({_home(db, article) for article in article_ids} - {_home(db, article) for article in rest})
    for home in homes:
        db.conn.execute(
            "UPDATE stories SET quiet = ?, split_from = coalesce(split_from, ?) WHERE id = ?",
            (int(not alert), story_id, home),
        )
    return Ruled(ruling, tuple(homes))


def merge(db: Database, story_id: int, other_id: int, who: str, now: datetime) -> Ruled:
    """Tie two stories together. Earlier splits that keep them apart are taken back. Runs inside the caller's transaction."""
    one, other = _living(db, story_id), _living(db, other_id)
    if one["id"] == other["id"]:
        raise UsageError(f"stories {story_id} and {other_id} are one already.")
    inside = {row["article_id"] for row in store.members_of(db, one["id"])}
    across = {row["article_id"] for row in store.members_of(db, other["id"])}
    for ruling in store.rulings(db):
        left, right = set(ruling["left_articles"]), set(ruling["right_articles"])
        if ruling["kind"] == "split" and (
            (left & inside and right & across) or (left & across and right & inside)
        ):
            store.undo_ruling(db, ruling["id"], now)
    found = store.add_ruling(db, "merge", [one["lead_article"]], [other["lead_article"]], who, now)
    store.set_link(db, one["lead_article"], other["lead_article"], "person", 1.0)
    rebuild(db, _components(db, inside | across), now)
    return Ruled(found, (_home(db, one["lead_article"]),))


def undo(db: Database, ruling_id: int, now: datetime) -> Ruled:
    """Take a ruling back; its articles go where their links say. Runs inside the caller's write transaction."""
    row = _ruling(db, ruling_id)
    store.undo_ruling(db, ruling_id, now)
    articles = row["left_articles"] + row["right_articles"]
    if row["kind"] == "merge":
        store.drop_link(db, row["left_articles"][0], row["right_articles"][0], "person")
    rebuild(db, _components(db, articles), now)
    return Ruled(ruling_id, tuple(sorted({_home(db, article) for article in articles})))


def _ruling(db: Database, ruling_id: int) -> Row:
    row = first(db, "SELECT * FROM story_rulings WHERE id = ?", (ruling_id,))
    if row is None or row["undone_at"] is not None:
        known = ", ".join(str(one["id"]) for one in store.rulings(db)) or "none"
        raise UsageError(
            f"there is no ruling {ruling_id} to undo (standing: {known}). `borderwatch stories rulings` lists them."
        )
    return {
        **row,
        "left_articles": json.loads(row["left_articles"]),
        "right_articles": json.loads(row["right_articles"]),
    }


def _living(db: Database, story_id: int) -> Row:
    row = store.living_story(db, story_id)
    if row is None:
        raise UsageError(f"there is no story {story_id}. `borderwatch stories list` shows what there is.")
    return row


def _home(db: Database, article_id: int) -> int:
    row = store.member(db, article_id)
    return int(row["story_id"]) if row else 0


def _components(db: Database, article_ids: Iterable[int]) -> list[int]:
    found = (store.member(db, article) for article in article_ids)
    return sorted({row["component"] for row in found if row})
