"""Which stored articles carry the same text as a new one or report the same event: candidates by index, verdict by comparison."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jobs.dedup.candidates import BAND_LIMIT, KEY_LIMIT, RARE_LIMIT, bands, index_keys, rank
from jobs.dedup.events import WINDOW_DAYS, cosine, joins, score
from jobs.dedup.sketch import Sketch, resemblance, unpack
from jobs.dedup.verify import TextVerdict, Words, compare, prepare
from storage.database import Database, Row
from storage.fingerprints import (
    LAST_DAY,
    articles_with_exact,
    candidates,
    fingerprints_in_bands,
    fingerprints_with_key,
    text_of,
)
from storage.model import Fingerprint

DAY_S: Final = 86_400
EXACT_LIMIT: Final = 24
READ_LIMIT: Final = 12
"""Texts that are read and aligned for one article; reaching it takes twelve look-alikes that are no copies."""
_ALIKE: Final = 0.55
"""Cosine of the words from which a copy is possible whatever the signatures say: texts of few words have none."""
_CONTAINED: Final = 0.6
_RESEMBLES: Final = 0.16
_HEAD_RESEMBLES: Final = 0.25
"""Resemblance from which it is: three words in ten swapped for rare ones leave 0.44, and 0.25 where half is cut as well."""
_UNREAD: Final = 0.75
"""Words this alike that were not aligned may be a template: no verdict is better than a wrong one."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored article that belongs with the new one, and why."""

    article_id: int
    relation: str
    score: float
    original: int
    component: int


def neighbours(
    db: Database, article_id: int, title: str, text: str, fingerprint: Fingerprint, at_s: int
) -> list[Neighbour]:
    """Every stored article that the new one links to, copies first, strongest first."""
    found = _candidates(db, article_id, fingerprint, at_s)
    if not found:
        return []
    return _judge(db, found, prepare(title, text), unpack(fingerprint.sketch), at_s)


def _candidates(db: Database, article_id: int, fingerprint: Fingerprint, at_s: int) -> list[Row]:
    day = at_s // DAY_S
    window = int(WINDOW_DAYS) + 1
    hits = rank(
        fingerprints_in_bands(db, bands(fingerprint), BAND_LIMIT),
        [
            (worth, _with_key(db, key, day - window, day + window))
            for key, worth in index_keys(fingerprint).items()
        ],
    )
    rows = candidates(db, hits)
    exact = articles_with_exact(db, fingerprint.exact, EXACT_LIMIT)
    known = {row["article_id"] for row in rows}
    rows += _rows_of(db, [article for article in exact if article not in known])
    return [row for row in rows if row["article_id"] != article_id]


def _with_key(db: Database, key: int, day_from: int, day_to: int) -> list[int]:
    """Who has a key at any time, where few have it: a copy may turn up months later. Else who has it in the window."""
    return fingerprints_with_key(db, key, 0, LAST_DAY, RARE_LIMIT) or fingerprints_with_key(
        db, key, day_from, day_to, KEY_LIMIT
    )


def _rows_of(db: Database, article_ids: list[int]) -> list[Row]:
    if not article_ids:
        return []
    marks = ",".join("?" * len(article_ids))
    ids = [
        row[0]
        for row in db.conn.execute(f"SELECT id FROM fingerprints WHERE article_id IN ({marks})", article_ids)
    ]
    return candidates(db, ids)


@dataclass(slots=True)
class _Judged:
    row: Row
    sketch: Sketch
    alike: float
    promise: float
    """How likely a copy looks before its text was read; 0 where it cannot be one."""


def _judge(db: Database, rows: Iterable[Row], new: Words, sketch: Sketch, at_s: int) -> list[Neighbour]:
    judged = [_judged(row, sketch) for row in rows]
    judged.sort(key=lambda item: (-item.promise, item.row["article_id"], item.row["revision"]))
    copies: dict[int, Neighbour] = {}
    confirmed: set[int] = set()
    apart: set[int] = set()
    unread: set[int] = set()
    reads = 0
    for item in judged:
        row = item.row
        if not item.promise or row["original"] in confirmed:
            continue
        if reads >= READ_LIMIT:
            unread.add(row["article_id"])
            continue
        reads += 1
        verdict = _verdict(db, row, new, at_s)
        if verdict.relation == "same_text":
            confirmed.add(row["original"])
            copies[row["article_id"]] = Neighbour(
                row["article_id"], "same_text", round(verdict.score, 4), row["original"], row["component"]
            )
        elif verdict.relation == "template":
            apart.add(row["article_id"])
    reports: dict[int, Neighbour] = {}
    for item in judged:
        row = item.row
        article = row["article_id"]
        if (
            article in copies
            or article in apart
            or row["original"] in confirmed
            or (article in unread and item.alike >= _UNREAD)
        ):
            continue
        value = score(sketch, item.sketch)
        if joins(sketch, item.sketch, abs(at_s - row["at_s"]) / DAY_S, value):
            reports[article] = Neighbour(
                article, "same_story", round(value, 4), row["original"], row["component"]
            )
    strongest = sorted(reports.values(), key=lambda one: (-one.score, one.article_id))
    return sorted(copies.values(), key=lambda one: (-one.score, one.article_id)) + strongest


def _judged(row: Row, sketch: Sketch) -> _Judged:
    other = unpack(row["sketch"])
    alike = cosine(sketch.words, other.words)
    less = min(sum(sketch.words.values()), sum(other.words.values())) or 1.0
    shared = sum(
        min(weight, other.words[word]) for word, weight in sketch.words.items() if word in other.words
    )
    whole, head = resemblance(sketch.whole, other.whole), resemblance(sketch.head, other.head)
    possible = (
        whole >= _RESEMBLES or head >= _HEAD_RESEMBLES or alike >= _ALIKE or shared / less >= _CONTAINED
    )
    return _Judged(row, other, alike, max(whole, head, alike * 0.8) if possible else 0.0)


def _verdict(db: Database, row: Row, new: Words, at_s: int) -> TextVerdict:
    return compare(new, _words_of(db, row), abs(at_s - row["at_s"]) / DAY_S)


_READY: Final[OrderedDict[tuple[int, int], Words]] = OrderedDict()
"""Texts made ready lately: the reports of one event come together, and each is compared with the same few."""
_READY_TEXTS: Final = 400


def _words_of(db: Database, row: Row) -> Words:
    # A fingerprint belongs to one text for ever, and the hash of its sketch tells databases apart.
    key = (row["id"], hash(row["sketch"]))
    ready = _READY.get(key)
    if ready is None:
        ready = _READY[key] = prepare(*text_of(db, row["article_id"], row["revision"]))
        if len(_READY) > _READY_TEXTS:
            _READY.popitem(last=False)
    else:
        _READY.move_to_end(key)
    return ready
