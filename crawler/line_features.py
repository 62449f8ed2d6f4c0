"""A logistic regression over the lines of an extracted text: is this line part of the article?

It sees a line's shape, its place among its neighbours, its overlap with the headline and whether the page links it.
Trained on the corpus pages with full gold text (`tests/bench/train_lines.py`, which writes the weights); measured by
cross-validation over hosts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import exp, log1p
from pathlib import Path

WEIGHTS_FILE = Path(__file__).with_name("line_weights.json")

_STOP = re.compile(r"[.!?。！？؟۔…][\"”’»)\]]?\s*$")
_CLOSED = re.compile(r"[.!?。！？؟۔…;:\"”’»)\]]\s*$")
_CJK = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
_DIGIT = re.compile(r"\d")
_UPPER = re.compile(r"[^\W\d_a-zß-öø-ÿа-яα-ω]")
_YEAR = re.compile(r"\b(?:19|20|13|14)\d\d\b")
_CLOCK = re.compile(r"\d:\d\d")
_LINK = re.compile(r"https?:|www\.")
_SHORT_CHARS = 80
_SHARE_CHARS = 200
"""Shares of digits and capitals are taken from a line's beginning."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an extracted text and its words, folded by the shared normaliser."""

    text: str
    words: tuple[str, ...]


def bare(text: str) -> str:
    """A line without the marks of lists and tables."""
    return text.strip("-|*• ")


def features(lines: Sequence[Line], title_words: Sequence[str], anchors: Set[str]) -> list[list[float]]:
    """One row of numbers a line, each about 0 to 10."""
    count = len(lines)
    sizes = [len(line.text) for line in lines]
    total = sum(sizes) or 1
    stops = [bool(_STOP.search(line.text[-6:])) for line in lines]
    prose = [size >= _SHORT_CHARS and stop for size, stop in zip(sizes, stops, strict=True)]
    linked = [bare(line.text) in anchors for line in lines]
    short = [size < _SHORT_CHARS for size in sizes]
    where = [number for number, is_prose in enumerate(prose) if is_prose]
    first, last = (where[0], where[-1]) if where else (0, count - 1)
    page = [min(count, 100) / 100, len(where) / max(1, count), log1p(total)]
    title = frozenset(title_words)
    rows: list[list[float]] = []
    before = 0
    for number, line in enumerate(lines):
        text, size = line.text, sizes[number]
        shared = len(title.intersection(line.words))
        head = text[:_SHARE_CHARS]
        near = slice(max(0, number - 3), number + 4)
        row: list[float] = [
            log1p(size * 2.5 if _CJK.match(text) else size),
            log1p(len(line.words)),
            stops[number],
            bool(_CLOSED.search(text[-4:])),
            text.startswith("- "),
            text.startswith("|"),
            text.count("|") > 1,
            linked[number],
            number / count,
            before / total,
            (total - before - size) / total,
            number < first,
            number > last,
            min(10, max(0, first - number)) / 10,
            min(30, max(0, number - last)) / 30,
            shared / max(1, len(title)),
            shared / max(1, len(line.words)),
            len(_DIGIT.findall(head)) / max(1, len(head)),
            len(_UPPER.findall(head)) / max(1, len(head)),
            "©" in text or "copyright" in line.words,
            bool(_LINK.search(head)),
            "@" in head,
            size < _SHORT_CHARS / 2,
            short[number],
            size >= _SHORT_CHARS and not stops[number],
            size >= 150,
            number > 0 and prose[number - 1],
            number + 1 < count and prose[number + 1],
            number > 0 and linked[number - 1],
            number + 1 < count and linked[number + 1],
            number > 0 and short[number - 1],
            number + 1 < count and short[number + 1],
            sum(prose[max(0, number - 3) : number]) / 3,
            sum(prose[number + 1 : number + 4]) / 3,
            sum(linked[near]) / 7,
            sum(short[near]) / 7,
            text.endswith(":"),
            text.endswith(("…", "...")),
            size < 100 and bool(_YEAR.search(text)),
            size < 100 and bool(_CLOCK.search(text)),
            text[0].isdigit(),
            text[0].islower(),
            text.count(",") / max(1, len(line.words)),
            *page,
        ]
        rows.append(row)
        before += size
    return rows


def probabilities(lines: Sequence[Line], title_words: Sequence[str], anchors: Set[str]) -> list[float]:
    """How likely each line is part of the article, 0 to 1."""
    if not lines:
        return []
    bias, weights = _weights()
    scores = (
        bias + sum(weight * value for weight, value in zip(weights, row, strict=True))
        for row in features(lines, title_words, anchors)
    )
    return [1 / (1 + exp(-max(-30.0, min(30.0, score)))) for score in scores]


@cache
def _weights() -> tuple[float, tuple[float, ...]]:
    stored = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return float(stored["bias"]), tuple(map(float, stored["weights"]))
