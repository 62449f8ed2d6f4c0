"""Full-text search over normalised text: a query in any spelling, and a snippet of the stored text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.articles import search_articles
from storage.database import Database, Row
from text.normalise import normalise, normalise_with_map, words

SNIPPET_CHARS = 200
SNIPPET_SEARCHED_CHARS = 200_000
"""A snippet is looked for in so much of a text; behind it the beginning is shown."""

_TERM = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that a search found; `marks` are offsets in `snippet`."""

    row: Row
    snippet: str
    marks: tuple[tuple[int, int], ...]


def fts_query(query: str) -> str | None:
    """An FTS5 query that finds every word (and "phrase", prefix* and -word) in any spelling; None where no word is left."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for phrase, bare in _TERM.findall(normalise(query)):
        negative = bare.startswith("-") and len(bare) > 1
        prefix = bare.endswith("*")
        term = " ".join(words(phrase or bare))
        if not term:
            continue
        quoted = '"' + term.replace('"', '""') + '"' + ("*" if prefix else "")
        (unwanted if negative else wanted).append(quoted)
    if not wanted:
        return None
    return " ".join(wanted) + "".join(f" NOT {term}" for term in unwanted)


def search(db: Database, query: str, *, limit: int = 20, before: int | None = None) -> list[Hit]:
    """Articles that hold the query's words, newest first; an empty query finds nothing."""
    fts = fts_query(query)
    if fts is None:
        return []
    terms = [term for term in words(normalise(query)) if term]
    return [
        Hit(row, *snippet(row["title"], row["text"], terms))
        for row in search_articles(db, fts, limit=limit, before=before)
    ]


def snippet(title: str, text: str, terms: list[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A piece of the stored text around the first of the (normalised) terms, and where they stand in it."""
    searched = text[:SNIPPET_SEARCHED_CHARS] or title
    mapped = normalise_with_map(searched)
    spans = []
    if terms:
        pattern = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(term) for term in terms) + r")\w*")
        spans = [
            (mapped.start(found.start()), mapped.end(found.end())) for found in pattern.finditer(mapped.text)
        ]
    begin = max(0, (spans[0][0] if spans else 0) - SNIPPET_CHARS // 3)
    if begin:
        begin = searched.find(" ", begin) + 1 or begin
    end = min(len(searched), begin + SNIPPET_CHARS)
    piece = searched[begin:end].replace("\n", " ")
    marks = tuple((a - begin, b - begin) for a, b in spans if begin <= a and b <= end)
    return ("…" if begin else "") + piece + ("…" if end < len(searched) else ""), tuple(
        (a + bool(begin), b + bool(begin)) for a, b in marks
    )
