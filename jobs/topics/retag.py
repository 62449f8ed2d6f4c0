"""Judging everything stored by today's topics: only matching is run again, in worker processes that read for themselves.

What comes back is a difference. Writing it tells nobody anything: old articles alert nobody.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pebble import ProcessPool

from jobs.topics.loader import TopicSet, load_topics
from jobs.topics.match import match_article
from storage.articles import match_from_row, set_matches
from storage.database import Database, open_database, rows, scalar, write_transaction
from storage.model import Match

CHUNK: Final = 500
"""Articles read, judged and compared at once: some MB of text, and a write transaction of a few milliseconds."""
TIMEOUT_S: Final = 300.0
VERDICT: Final = "re-tagged: topics changed later"


@dataclass(slots=True)
class Difference:
    """What re-tagging brings: matches gained and lost, each with its quotes, and how many stand unchanged."""

    articles: int = 0
    unchanged: int = 0
    gained: list[dict[str, Any]] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    changed: int = 0
    """Matches that stand, with another score or other evidence."""


_Judged = list[tuple[int, tuple[Match, ...]]]
_worker_topics: TopicSet | None = None


def _begin(references: tuple[str, ...], base_dir: Path) -> None:
    global _worker_topics  # noqa: PLW0603 - a worker process loads its topics once
    _worker_topics = load_topics(references, base_dir)


def _judge_chunk(path: Path, first: int, last: int) -> _Judged:
    assert _worker_topics is not None
    return judge_span(path, first, last, _worker_topics)


def judge_span(path: Path, first: int, last: int, topics: TopicSet) -> _Judged:
    """The matches of the stored articles with ids from `first` to `last`."""
    db = open_database(path, readonly=True)
    try:
        found = rows(db, "SELECT id, title, text, lang FROM articles WHERE id BETWEEN ? AND ?", (first, last))
    finally:
        db.close()
    return [(row["id"], match_article(row["title"], row["text"], row["lang"], topics)) for row in found]


def judge_all(
    path: Path, references: Sequence[str], base_dir: Path, workers: int
) -> Iterator[list[tuple[int, tuple[Match, ...]]]]:
    """Every stored article's matches by these topics, chunk by chunk in order of id."""
    db = open_database(path, readonly=True)
    try:
        highest = scalar(db, "SELECT max(id) FROM articles") or 0
    finally:
        db.close()
    begins = range(1, highest + 1, CHUNK)
    context = multiprocessing.get_context("forkserver")
    with ProcessPool(
        max_workers=max(1, workers),
        initializer=_begin,
        initargs=(tuple(references), base_dir),
        context=context,
    ) as pool:
        futures = [
            pool.schedule(_judge_chunk, args=[path, one, one + CHUNK - 1], timeout=TIMEOUT_S)
            for one in begins
        ]
        for future in futures:
            yield future.result()


def retag(
    path: Path,
    references: Sequence[str],
    base_dir: Path,
    *,
    workers: int,
    dry_run: bool,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Difference:
    """Judge all again; with `dry_run` only say what would change. Matches of topics that are gone are lost too."""
    difference = Difference()
    db = open_database(path, readonly=dry_run)
    try:
        for judged in judge_all(path, references, base_dir, workers):
            _compare(db, judged, difference, dry_run=dry_run, now=now)
            progress(difference.articles)
    finally:
        db.close()
    return difference


def _compare(db: Database, judged: _Judged, difference: Difference, *, dry_run: bool, now: datetime) -> None:
    if not judged:
        return
    before: dict[int, dict[str, Match]] = {}
    span = (judged[0][0], judged[-1][0])
    for row in rows(db, "SELECT * FROM matches WHERE article_id BETWEEN ? AND ?", span):
        before.setdefault(row["article_id"], {})[row["topic"]] = match_from_row(row)
    changed: list[tuple[int, tuple[Match, ...]]] = []
    for article_id, matches in judged:
        known = before.get(article_id, {})
        now_held = {match.topic: match for match in matches}
        difference.gained += [
            _line(db, article_id, one) for topic, one in now_held.items() if topic not in known
        ]
        difference.lost += [
            _line(db, article_id, one) for topic, one in known.items() if topic not in now_held
        ]
        moved = sum(known[topic] != one for topic, one in now_held.items() if topic in known)
        difference.changed += moved
        difference.articles += 1
        if moved or known.keys() != now_held.keys():
            changed.append((article_id, matches))
        else:
            difference.unchanged += 1
    if changed and not dry_run:
        with write_transaction(db):
            for article_id, matches in changed:
                _write(db, article_id, matches, now)


def _write(db: Database, article_id: int, matches: tuple[Match, ...], now: datetime) -> None:
    set_matches(db, article_id, [(match, VERDICT) for match in matches], now)


def _line(db: Database, article_id: int, match: Match) -> dict[str, Any]:
    row = rows(db, "SELECT url, title FROM articles WHERE id = ?", (article_id,))[0]
    return {
        "article_id": article_id,
        "url": row["url"],
        "title": row["title"],
        "topic": match.topic,
        "score": match.score,
        "evidence": [asdict(one) for one in match.evidence],
    }
