"""Stored text as something safe to show: pieces with and without a mark, and no character that reorders its neighbours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

# Embeddings, overrides and isolates (UAX 9): an unclosed one in a title would turn the line around it.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class Piece(NamedTuple):
    """A run of text: `mark` 0 plain, 1 evidence, 2 the words in it."""

    text: str
    mark: int


class Line(NamedTuple):
    """A line of a difference."""

    kind: Literal["same", "added", "removed", "skipped"]
    pieces: tuple[Piece, ...]


def clean(text: str | None, limit: int | None = None) -> str:
    """The text without bidi controls, control characters and lone surrogates, cut to `limit` characters."""
    if not text:
        return ""
    plain = _CONTROLS.sub("\ufffd", _BIDI_CONTROLS.sub("", text))
    return plain if limit is None or len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def pieces(
    text: str, evidence: Iterable[tuple[int, int]], words: Iterable[tuple[int, int]] = ()
) -> list[Piece]:
    """Split a text at its marks; spans may overlap and lie outside (they are cut)."""
    size = len(text)
    level: dict[int, list[int]] = {}
    for rank, spans in ((1, evidence), (2, words)):
        for start, end in spans:
            first, last = max(0, min(start, size)), max(0, min(end, size))
            if first < last:
                level.setdefault(first, []).append(rank)
                level.setdefault(last, []).append(-rank)
    result: list[Piece] = []
    depth = {1: 0, 2: 0}
    at = 0
    for cut in [*sorted(level), size]:
        if cut > at:
            result.append(Piece(clean(text[at:cut]), 2 if depth[2] else 1 if depth[1] else 0))
            at = cut
        for change in level.get(cut, ()):
            depth[abs(change)] += 1 if change > 0 else -1
    return result


def quote_pieces(quote: str, start: int, words: Iterable[tuple[int, int]]) -> list[Piece]:
    """A quote that stands at `start` of its text, with the words marked that are given as offsets in the text."""
    return pieces(quote, (), ((first - start, last - start) for first, last in words))


def paragraphs(
    text: str, evidence: Iterable[tuple[int, int]], words: Iterable[tuple[int, int]]
) -> list[list[Piece]]:
    """The paragraphs of a text (its lines), each split at the marks that lie in it."""
    evidence, words = list(evidence), list(words)
    result = []
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        if line.strip():
            inside = [
                [(a - at, b - at) for a, b in spans if a < end and b > at] for spans in (evidence, words)
            ]
            result.append(pieces(line, *inside))
        at = end + 1
    return result


MAX_DIFF_LINES = 2_000
MAX_DIFF_WORDS = 1_500


def difference(old: str, new: str) -> list[Line]:
    """What changed between two texts, by paragraph and in these by word; unchanged stretches are skipped.

    Longer texts than MAX_DIFF_LINES are compared up to there: difflib is quadratic at worst.
    """
    before, after = old.split("\n")[:MAX_DIFF_LINES], new.split("\n")[:MAX_DIFF_LINES]
    result: list[Line] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            if b - a > 2:
                result.append(Line("same", (Piece(clean(before[a], 200), 0),)))
                result.append(Line("skipped", (Piece(f"{b - a - 2} paragraphs unchanged", 0),)))
                result.append(Line("same", (Piece(clean(before[b - 1], 200), 0),)))
            else:
                result += [Line("same", (Piece(clean(line), 0),)) for line in before[a:b]]
        elif kind == "replace" and b - a == d - c:
            for one, other in zip(before[a:b], after[c:d], strict=True):
                result += _by_word(one, other)
        else:
            result += [Line("removed", (Piece(clean(line), 0),)) for line in before[a:b]]
            result += [Line("added", (Piece(clean(line), 0),)) for line in after[c:d]]
    return [line for line in result if any(piece.text.strip() for piece in line.pieces)]


def _by_word(old: str, new: str) -> list[Line]:
    before, after = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    if len(before) > MAX_DIFF_WORDS or len(after) > MAX_DIFF_WORDS:
        return [Line("removed", (Piece(clean(old), 0),)), Line("added", (Piece(clean(new), 0),))]
    removed: list[Piece] = []
    added: list[Piece] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        mark = int(kind != "equal")
        if b > a:
            removed.append(Piece(clean("".join(before[a:b])), mark))
        if d > c:
            added.append(Piece(clean("".join(after[c:d])), mark))
    return [Line("removed", tuple(removed)), Line("added", tuple(added))]
