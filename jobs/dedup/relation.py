"""The relation of two texts by themselves: what `stories predict` says, and what people ask about a pair."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.dedup.events import ASKED, score
from jobs.dedup.fingerprint import fingerprint
from jobs.dedup.sketch import Sketch, unpack
from jobs.dedup.verify import compare, prepare
from storage.model import Relation


@dataclass(frozen=True, slots=True)
class Report:
    """One side of a pair: title and text, and the language where it is known."""

    title: str
    text: str
    language: str | None = None


def relation(a: Report, b: Report) -> tuple[Relation, float]:
    """`same_text`, `same_story` or `different`, and a score between 0 and 1. Symmetric.

    No dates are known here and somebody holds the two for related, so the limit is lower than in a stream of news,
    where nearly all pairs are unrelated.
    """
    text = compare(prepare(a.title, a.text), prepare(b.title, b.text))
    if text.relation == "same_text":
        return "same_text", round(min(1.0, text.score), 4)
    event = score(_sketch(a), _sketch(b))
    if text.relation == "template" or event < ASKED:
        return "different", round(min(event, ASKED), 4)
    return "same_story", round(min(1.0, event), 4)


def _sketch(report: Report) -> Sketch:
    return unpack(fingerprint(report.title, report.text, report.language, None).sketch)
