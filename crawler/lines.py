"""Which lines of an extracted text are the article's: pure rules over lines, after extraction.

Dropped are lines that the host repeats over its pages, the headline again, date lines and the like. Gold texts of
every collection leave these out, and so do fingerprints gain from their absence: a copy on another site has other
furniture around it.
"""

from __future__ import annotations

import re

from crawler.boilerplate import line_hash
from crawler.datewords import find_stamps
from crawler.titles import key
from text.normalise import normalise

MAX_DATE_LINE_CHARS = 100
MIN_LEFT_CHARS = 200
"""Where dropping repeated lines leaves less, the page is a copy of an earlier one rather than all furniture."""

_WORD = re.compile(r"[^\W\d_]{2,}")


def clean_lines(text: str, title: str, repeated: frozenset[int]) -> str:
    """An extracted text without the lines that are not the article's; paragraphs stay separated by newlines."""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and _has_words(line)]
    own = _without_repeated(lines, repeated) if repeated else lines
    wanted = key(title)
    kept: list[str] = []
    for number, line in enumerate(own):
        if len(line) <= 400 and wanted and number < 10 and key(line) == wanted:
            continue
        if is_date_line(line):
            continue
        kept.append(line)
    return "\n".join(kept)


def _has_words(line: str) -> bool:
    return any(character.isalnum() for character in line)


def _without_repeated(lines: list[str], repeated: frozenset[int]) -> list[str]:
    own = [line for line in lines if line_hash(line) not in repeated]
    if sum(map(len, own)) < MIN_LEFT_CHARS <= sum(map(len, lines)):
        return lines
    return own


def is_date_line(line: str) -> bool:
    """Whether a line says when the page was published and little else (`Published 17 Jan 2024 10:24am`)."""
    if len(line) > MAX_DATE_LINE_CHARS or not any(character.isdigit() for character in line):
        return False
    folded = normalise(line)
    if next(find_stamps(line), None) is None:
        return False
    # A date, a time, a zone and a word or two before them; a sentence that names a date has more words.
    return len(_WORD.findall(folded)) <= 6
