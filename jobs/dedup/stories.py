"""Placing an article: the story it joins or opens, whose copy it is, and which stories its arrival brings together.

Called by the recorder inside its write transaction. Deciding is done by pure functions beside this module
(`verify`, `events`, `partition`, `precedence`); this one asks, links and writes. Stories are what the links between
articles connect, so any order of arrival ends in the same ones; where a cap or a person's word binds, the component
is worked out anew from its links (`rebuild`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs.dedup.candidates import bands, index_keys
from jobs.dedup.neighbours import DAY_S, Neighbour, neighbours
from jobs.dedup.partition import cap_reason
from jobs.dedup.precedence import precedence, published, story_time_s, trusted
from jobs.dedup.rebuild import LARGEST_COMPONENT, rebuild, why
from jobs.dedup.totals import refresh
from storage import stories as store
from storage.database import Database, Row, parse_stamp
from storage.fingerprints import add_fingerprint, drop_fingerprints, fingerprint_exists
from storage.model import Article, BorderwatchError, Fingerprint, Published, Source


class UnknownArticleError(BorderwatchError):
    """An article was placed before it was stored: this is a fault of the program; please report it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article came to stand. `why` reads `same_text 0.93 with 4711`, or `first report`."""

    story_id: int
    is_new_story: bool
    relation: str
    why: str
    with_article: int | None = None
    score: float | None = None
    duplicate_of: int | None = None
    copy_of_published: Published | None = None
    """For a duplicate: when the earliest article with this text was published, where that can be trusted."""
    split_off: bool = False
    """The story came out of another one that a person may have been told about: it alerts nobody."""
    merged: tuple[int, ...] = ()
    """Stories that this article brought into its own."""


def place(
    db: Database, article_id: int, article: Article, fingerprint: Fingerprint, source: Source, now: datetime
) -> Placement:
    """Find an article's story and write everything that follows. The article's row is stored already.

    Placing the same content again changes nothing. A revision (`forget` was called) adds what it says now and stays
    where its article was, unless its links say otherwise.
    """
    del source  # its rank stands in `sources`
    facts = _facts(db, article_id)
    before = store.member(db, article_id)
    if (
        before is not None
        and fingerprint_exists(db, article_id, fingerprint.exact, fingerprint.table)
        and store.links_of(db, article_id)
    ):
        return _standing(db, article_id, is_new=False, merged=())
    at_s = story_time_s(facts)
    found = neighbours(db, article_id, article.title, article.text, fingerprint, at_s)
    if not fingerprint_exists(db, article_id, fingerprint.exact, fingerprint.table):
        add_fingerprint(
            db, article_id=article_id, revision=facts["revision"], exact=fingerprint.exact, sketch=fingerprint.sketch, table=fingerprint.table,
            day=at_s // DAY_S, bands=bands(fingerprint), keys=list(index_keys(fingerprint)),
        )  # fmt: skip
    for one in found:
        store.set_link(db, article_id, one.article_id, one.relation, one.score)
    if before is None and not found:
        return _alone(db, article_id, at_s, now)
    components = sorted({one.component for one in found} | ({before["component"]} if before else set()))
    living = store.stories_of_components(db, components)
    if before is None and _free(db, components, living, at_s):
        return _join(db, article_id, facts, at_s, found, components, living, now)
    return _rework(db, article_id, at_s, found, components, living, before, now)


def forget(db: Database, article_id: int) -> None:
    """Call before a changed or reread article is placed again.

    A revision's older contents stay indexed, so that their copies still find them. What was read of the current
    revision goes, with the links that rested on it; a person's links stay.
    """
    row = db.conn.execute("SELECT revision FROM articles WHERE id = ?", (article_id,)).fetchone()
    if row is None:
        return
    revision = int(row[0])
    reread = db.conn.execute(
        "SELECT 1 FROM fingerprints WHERE article_id = ? AND revision = ?", (article_id, revision)
    ).fetchone()
    if reread:
        drop_fingerprints(db, article_id, revision)
        store.drop_links(db, article_id)


def _facts(db: Database, article_id: int) -> Row:
    found = store.article_facts(db, [article_id])
    if not found:
        raise UnknownArticleError(
            f"article {article_id} is not stored: it cannot be placed in a story. Please report this."
        )
    return found[0]


def _alone(
    db: Database, article_id: int, at_s: int, now: datetime, *, capped: str | None = None
) -> Placement:
    story = store.new_story(db, now)
    reason = f"first report ({capped})" if capped else "first report"
    store.put_member(
        db, article_id=article_id, story_id=story, component=article_id, original=article_id, at_s=at_s, relation="first",
        with_article=None, score=None, why=reason, now=now,
    )  # fmt: skip
    refresh(db, story, lead=article_id, capped=capped)
    return Placement(story, True, "first", reason)


def _free(db: Database, components: list[int], living: list[Row], at_s: int) -> bool:
    """Whether no cap and no ruling can bind: then what is linked is one story, and nothing needs working out."""
    if len(living) != len(components) or any(row["capped"] for row in living):
        return False
    first = min([at_s, *(int(parse_stamp(row["first_at"]).timestamp()) for row in living)])
    last = max([at_s, *(int(parse_stamp(row["last_at"]).timestamp()) for row in living)])
    if cap_reason(1 + sum(row["texts"] for row in living), last - first) is not None:
        return False
    return not store.splits_touching(db, components)


def _join(
    db: Database,
    article_id: int,
    facts: Row,
    at_s: int,
    found: list[Neighbour],
    components: list[int],
    living: list[Row],
    now: datetime,
) -> Placement:
    story = living[0]["id"]
    best = found[0]
    reason = why(best.relation, best.score, best.article_id)
    merged = [row["id"] for row in living[1:]]
    leads = {row["lead_article"] for row in living if row["lead_article"] is not None}
    for other in merged:
        store.move_members(db, other, story)
        store.mark_merged(db, other, story, f"article {article_id} belongs to both")
    if len(components) > 1:
        store.join_components(db, components, components[0])
    originals = sorted({one.original for one in found if one.relation == "same_text"})
    order = {row["id"]: precedence(row) for row in store.article_facts(db, sorted({*originals, *leads}))} | {
        article_id: precedence(facts)
    }
    original = min([article_id, *originals], key=lambda one: order[one])
    store.put_member(
        db, article_id=article_id, story_id=story, component=components[0], original=original, at_s=at_s, relation=best.relation,
        with_article=best.article_id, score=best.score, why=reason, now=now,
    )  # fmt: skip
    if originals:
        _settle_copies(db, article_id, original, originals, found)
    refresh(db, story, lead=min([article_id, *leads], key=lambda one: order[one]), capped=None)
    return _standing(db, article_id, is_new=False, merged=tuple(merged))


def _settle_copies(
    db: Database, article_id: int, original: int, originals: list[int], found: list[Neighbour]
) -> None:
    """The copies of the texts that the new article connects follow one original from now on."""
    store.join_originals(db, originals, original)
    closest = next(one for one in found if one.relation == "same_text")
    if original != article_id:
        store.set_duplicate(db, article_id, original, why("same_text", closest.score, closest.article_id))
    for other in originals:
        score = max(
            (one.score for one in found if one.original == other and one.relation == "same_text"),
            default=closest.score,
        )
        store.set_duplicate(
            db, other, *(None, None) if other == original else (original, why("same_text", score, article_id))
        )


def _rework(
    db: Database,
    article_id: int,
    at_s: int,
    found: list[Neighbour],
    components: list[int],
    living: list[Row],
    before: Row | None,
    now: datetime,
) -> Placement:
    total = sum(row["articles"] for row in living)
    if before is None and total > LARGEST_COMPONENT:
        return _alone(
            db, article_id, at_s, now, capped=f"{total} linked articles are not worked out again for one more"
        )
    known = {row["id"] for row in living}
    if before is None:
        # A seat of its own in the component; working it out moves the article to the story it belongs to.
        store.put_member(
            db, article_id=article_id, story_id=store.new_story(db, now), component=components[0], original=article_id, at_s=at_s,
            relation="first", with_article=None, score=None, why="first report", now=now,
        )  # fmt: skip
    rebuild(db, components, now)
    placement = _standing(db, article_id, is_new=False, merged=())
    row = store.member(db, article_id)
    best = next(
        (
            one
            for one in found
            if (other := store.member(db, one.article_id)) and row and other["story_id"] == row["story_id"]
        ),
        None,
    )
    if best is not None and row is not None:
        store.put_member(
            db, article_id=article_id, story_id=row["story_id"], component=row["component"], original=row["original"], at_s=at_s,
            relation=best.relation, with_article=best.article_id, score=best.score, why=why(best.relation, best.score, best.article_id), now=now,
        )  # fmt: skip
    merged = tuple(story for story in sorted(known) if _merged_into(db, story) == placement.story_id)
    return _standing(db, article_id, is_new=placement.story_id not in known and before is None, merged=merged)


def _merged_into(db: Database, story_id: int) -> int | None:
    found = db.conn.execute("SELECT merged_into FROM stories WHERE id = ?", (story_id,)).fetchone()
    return None if found is None else found[0]


def _standing(db: Database, article_id: int, *, is_new: bool, merged: tuple[int, ...]) -> Placement:
    """What the tables say of a placed article."""
    row = store.member(db, article_id)
    if row is None:
        raise UnknownArticleError(
            f"article {article_id} has no story after it was placed. Please report this."
        )
    story = store.story(db, row["story_id"])
    duplicate_of = row["original"] if row["original"] != article_id else None
    original = _facts(db, duplicate_of) if duplicate_of is not None else None
    return Placement(
        story_id=row["story_id"], is_new_story=is_new, relation=row["relation"], why=row["why"], with_article=row["with_article"],
        score=row["score"], duplicate_of=duplicate_of,
        copy_of_published=trusted(published(original), parse_stamp(original["first_seen"])) if original else None,
        split_off=bool(story and story["quiet"]), merged=merged,
    )  # fmt: skip
