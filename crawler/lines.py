"""Which lines of an extracted text are the article's: rules and a small learned model over lines, after extraction.

Dropped are lines that the host repeats over its pages, the headline again, date lines, and lines that look like
teasers, credits and menus to a logistic regression (`line_features.py`). Gold texts of every collection leave
these out, and fingerprints gain from their absence: a copy on another site has other furniture around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from crawler.boilerplate import hash_of_words
from crawler.datewords import find_stamps
from crawler.line_features import Line, bare, probabilities
from text.normalise import normalise, words

MAX_DATE_LINE_CHARS = 100
MIN_LEFT_CHARS = 200
"""Where dropping lines leaves less, nothing is dropped: the page is a copy of an earlier one, or unusual."""
KEEP_PROBABILITY = 0.2
"""A line goes when the model gives it less. 0.4 has the best F1 (+0.2 points), but loses more of the articles:
what it drops in error may be the sentence that an alert needs."""

_BREAKS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_WORDLIKE = re.compile(r"[^\W\d_]{2}")


def split_lines(text: str) -> list[Line]:
    """An extracted text as its lines with their folded words; lines without a letter or digit are left out."""
    raw = [line for line in _BREAKS.sub(" ", text).split("\n") if line]
    folded = normalise("\n".join(raw)).split("\n")
    if len(folded) != len(raw):  # an entity that stands for a line break
        folded = [normalise(line).replace("\n", " ") for line in raw]
    lines = (Line(line.strip(), tuple(words(fold))) for line, fold in zip(raw, folded, strict=True))
    return [line for line in lines if line.words]


def line_hashes(lines: Sequence[Line], limit: int) -> tuple[int, ...]:
    """The hashes of lines, each once, in order, for the host's profile."""
    return tuple(dict.fromkeys(_hash(line) for line in lines[:limit]))


def linked_share(lines: Sequence[Line], anchors: Set[str]) -> float:
    """Which part of a text stands in lines that are nothing but one link, 0 to 1 (by characters)."""
    total = sum(len(line.text) for line in lines)
    return sum(len(line.text) for line in lines if bare(line.text) in anchors) / total if total else 0.0


def clean_lines(
    lines: Sequence[Line], title: str, repeated: Set[int] = frozenset(), anchors: Set[str] = frozenset()
) -> str:
    """An extracted text without the lines that are not the article's; paragraphs stay separated by newlines.

    `repeated` are the hashes of the host's furniture, `anchors` the texts of the page's links.
    """
    title_words = tuple(words(normalise(title)))
    own = own_lines(lines, title_words, repeated)
    likely = [
        line
        for line, probability in zip(own, probabilities(own, title_words, anchors), strict=True)
        if probability >= KEEP_PROBABILITY
    ]
    return "\n".join(line.text for line in _unless_too_few(likely, own))


def unrepeated(lines: Sequence[Line], title: str, repeated: Set[int]) -> str:
    """The text without what the host repeats and without headline and date lines; the model has no say."""
    return "\n".join(line.text for line in own_lines(lines, tuple(words(normalise(title))), repeated))


def own_lines(lines: Sequence[Line], title_words: tuple[str, ...], repeated: Set[int]) -> list[Line]:
    own = list(lines)
    if repeated:
        own = _unless_too_few([line for line in own if _hash(line) not in repeated], own)
    return [
        line
        for number, line in enumerate(own)
        if not (number < 10 and line.words == title_words) and not is_date_line(line)
    ]


def _hash(line: Line) -> int:
    return hash_of_words(line.words, len(line.text))


def _unless_too_few(kept: list[Line], before: list[Line]) -> list[Line]:
    left = sum(len(line.text) for line in kept)
    return before if left < MIN_LEFT_CHARS <= sum(len(line.text) for line in before) else kept


def is_date_line(line: Line) -> bool:
    """Whether a line says when the page was published and little else (`Published 17 Jan 2024 10:24am`)."""
    if len(line.text) > MAX_DATE_LINE_CHARS or not any(word[0].isdigit() for word in line.words):
        return False
    # A date, a time, a zone and a word or two before them; a sentence that names a date has more words.
    if sum(1 for word in line.words if _WORDLIKE.match(word)) > 6:
        return False
    return next(find_stamps(line.text), None) is not None
