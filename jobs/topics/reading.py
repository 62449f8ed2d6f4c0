"""A text as the rules see it: words, sentences, and where the terms of a topic stand in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

from jobs.topics.lexicon import Lexicon, Meaning, RawHit
from storage.model import Field
from text.normalise import Normalised
from text.sentences import sentences
from text.tokens import TOKEN, tokens

LONGEST_SENTENCE: Final = 300
"""Words; the longest sentence of the press runs to about half of that, so only lists and walls of text are cut."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A term of a topic: words `begin` to `end` (exclusive) of a field, the concept as a mask, what it means."""

    begin: int
    end: int
    mask: int
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Sentence:
    """The hits of one sentence, in order; `number` counts sentences in the field."""

    number: int
    hits: tuple[Hit, ...]
    mask: int


class FieldText:
    """Title or text: folded, in words, with every topic's terms found. Offsets come last, where they are needed."""

    def __init__(self, name: Field, original: str, lexicon: Lexicon) -> None:
        self.name = name
        self.folded = Normalised(original)
        self.words = tokens(original)
        self.raw_hits: list[RawHit]
        self.raw_hits, self.mask = lexicon.find(self.words)

    @cached_property
    def word_spans(self) -> list[tuple[int, int]]:
        """The words' offsets in the folded text."""
        return [found.span() for found in TOKEN.finditer(self.folded.text)]

    @cached_property
    def sentence_spans(self) -> list[tuple[int, int]]:
        """The sentences' offsets in the original; what has no stop for long is cut (`LONGEST_SENTENCE`)."""
        return [span for span, _ in self._sentences]

    @cached_property
    def sentence_words(self) -> list[int]:
        """The first word of each sentence."""
        return [first for _, first in self._sentences]

    @cached_property
    def _sentences(self) -> list[tuple[tuple[int, int], int]]:
        begins = [begin for begin, _ in self.word_spans]
        found: list[tuple[tuple[int, int], int]] = []
        for start, end in sentences(self.folded.original):
            first, behind = (bisect_left(begins, self.folded.folded(place)) for place in (start, end))
            cuts = range(first + LONGEST_SENTENCE, behind, LONGEST_SENTENCE)
            starts = [start, *(self.folded.start(begins[cut]) for cut in cuts)]
            ends = [*(self.folded.end(self.word_spans[cut - 1][1]) for cut in cuts), end]
            found += zip(zip(starts, ends, strict=True), (first, *cuts), strict=True)
        return found

    def original_span(self, begin: int, end: int) -> tuple[int, int]:
        """Where the words `begin` to `end` (exclusive) stand in the original."""
        return self.folded.start(self.word_spans[begin][0]), self.folded.end(self.word_spans[end - 1][1])


class TopicField:
    """A field through the eyes of one topic."""

    def __init__(self, field: FieldText, topic: int, masking: int, small_words: frozenset[str]) -> None:
        self.field = field
        hits = [
            Hit(begin, end, 1 << meaning.concept, meaning)
            for begin, end, node in field.raw_hits
            for meaning in node.meanings
            if meaning.topic == topic
        ]
        # The longer of two terms that begin together comes first: a list goes on behind the whole name.
        self.hits = sorted(unmasked(hits, masking), key=lambda hit: (hit.begin, -hit.end))
        self._small_words = small_words

    def words_of(self, hit: Hit) -> str:
        """The words of a hit as they stand in the original."""
        start, end = self.field.original_span(hit.begin, hit.end)
        return self.field.folded.original[start:end]

    @cached_property
    def distance(self) -> list[int]:
        """How far each word is from the first: a small word counts nothing, a colon or semicolon as three words."""
        small = self._small_words
        counted = (0 if word in small else 3 if word in {";", ":"} else 1 for word in self.field.words)
        return list(accumulate(counted, initial=0))

    @cached_property
    def list_distance(self) -> list[int]:
        """The same for lists, where commas and numbers do not count either."""
        counted = (
            1 if word[0].isalpha() and word not in self._small_words else 0 for word in self.field.words
        )
        return list(accumulate(counted, initial=0))

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences that hold terms of the topic."""
        firsts = self.field.sentence_words
        grouped: dict[int, list[Hit]] = {}
        number = 0
        for hit in self.hits:  # in order of their beginning, as the sentences are
            while number + 1 < len(firsts) and firsts[number + 1] <= hit.begin:
                number += 1
            if number + 1 == len(firsts) or hit.end <= firsts[number + 1]:  # a term never reaches over a stop
                grouped.setdefault(number, []).append(hit)
        return [Sentence(number, tuple(hits), _union(hits)) for number, hits in grouped.items()]

    @cached_property
    def by_number(self) -> dict[int, Sentence]:
        """The same sentences by their number in the field."""
        return {one.number: one for one in self.sentences}


def _union(hits: Sequence[Hit]) -> int:
    mask = 0
    for hit in hits:
        mask |= hit.mask
    return mask


def unmasked(hits: Sequence[Hit], masking: int) -> list[Hit]:
    """The hits without those that lie inside a longer hit of a masking concept."""
    spans = sorted({(hit.begin, hit.end) for hit in hits if hit.mask & masking})
    if not spans:
        return list(hits)
    widest: list[tuple[int, int]] = []
    for begin, end in spans:
        if not widest or end > widest[-1][1]:
            if widest and widest[-1][0] == begin:
                widest.pop()
            widest.append((begin, end))
    begins = [begin for begin, _ in widest]
    kept = []
    for hit in hits:
        place = bisect_right(begins, hit.begin) - 1
        inside = place >= 0 and hit.end <= widest[place][1] and (hit.begin, hit.end) != widest[place]
        if not inside or hit.mask & masking:
            kept.append(hit)
    return kept
