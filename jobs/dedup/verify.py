"""The exact verdict on two texts: the same text (a copy, cut, wrapped or respun), a template filled twice, or neither.

The limits were set on generated copies (words swapped at up to 30 %, cut, wrapped in site furniture) in English,
Persian and Urdu, and cross-validated on the labelled pairs; the figures stand in docs/stories.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jobs.dedup.alignment import Copied, common_words, copied
from jobs.dedup.frequencies import Frequencies, shipped
from jobs.dedup.keys import word_keys
from jobs.dedup.tokens import split_words, stem, tokens
from text.normalise import normalise

TextRelation = Literal["same_text", "template", "other"]

_FEWEST_WORDS: Final = 6
_MOST_WORDS: Final = 1000
"""Aligning costs the product of the lengths; a copy of a longer text shows in its first thousand words."""
_LEAST_COMMON: Final = 0.4
"""Below this share of common words in order, no stretch can pass; saves the trace for most candidates."""
_LEAST_SHARE: Final = 0.54
"""A copy makes up this much of the shorter text; separate reports that share agency paragraphs stay below 0.53."""
_LEAST_COVER: Final = 0.84
_LEAST_KEPT: Final = 0.6
"""Three words in ten are swapped at most; reports written apart keep less even where their order agrees."""
_NUMBERS_AGREE: Final = 0.75
_FEW_NUMBERS: Final = 0.25
_TITLE_SEEN: Final = 0.3


@dataclass(frozen=True, slots=True)
class Words:
    """A text made ready for comparison."""

    title: tuple[str, ...]
    body: list[str]

    @property
    def compared(self) -> list[str]:
        """What is aligned: the first words of the body, or for a text of a few words its title with it."""
        return self.body[:_MOST_WORDS] if len(self.body) >= _FEWEST_WORDS else [*self.title, *self.body]


@dataclass(frozen=True, slots=True)
class TextVerdict:
    """`score` is 0 to 1: the share of the shorter text that the copied stretch accounts for."""

    relation: TextRelation
    score: float
    reason: str = ""


def prepare(title: str, text: str) -> Words:
    """The words of an article; site furniture left out."""
    return Words(tuple(split_words(normalise(title))), tokens(text))


def compare(
    a: Words, b: Words, days_apart: float | None = None, frequencies: Frequencies | None = None
) -> TextVerdict:
    """Whether two texts are one. Symmetric.

    `template` means that the words are the same but the facts are not: exchange rates of two days, a tally of
    another date, or a notice that stands in place of two different articles. `days_apart` sharpens that where known.
    """
    table = frequencies or shipped()
    left, right = a.compared, b.compared
    shorter = min(len(left), len(right))
    if not a.body or not b.body:
        same = left == right and shorter >= _FEWEST_WORDS and bool(a.body) == bool(b.body)
        return TextVerdict("same_text", 1.0, "same title") if same else TextVerdict("other", 0.0)
    if shorter < _FEWEST_WORDS:
        return TextVerdict("same_text", 1.0) if left == right else TextVerdict("other", 0.0)
    common = common_words(left, right) / shorter
    if common < _LEAST_COMMON:
        return TextVerdict("other", common * 0.5)
    stretch = copied(left, right)
    score = stretch.share * stretch.cover
    if _is_bulletin(stretch) and _shared_numbers(left, right) < _FEW_NUMBERS:
        return TextVerdict("template", score, "the same form with other numbers")
    if not _is_copy(stretch):
        return TextVerdict("other", score * 0.5)
    if _numbers_differ(left, right, days_apart):
        return TextVerdict("template", score, "the same words with other numbers")
    if _titles_unrelated(a.title, b.title, stretch.words, table):
        return TextVerdict("template", score, "the same notice under unrelated titles")
    return TextVerdict("same_text", score)


def _is_copy(stretch: Copied) -> bool:
    return stretch.share >= _LEAST_SHARE and stretch.cover >= _LEAST_COVER and stretch.kept >= _LEAST_KEPT


def _is_bulletin(stretch: Copied) -> bool:
    """Prices and tallies vary a word or two more than copies do (rose, fell, steady)."""
    return stretch.share >= _LEAST_SHARE and stretch.cover >= 0.6 and stretch.kept >= 0.5


def _shared_numbers(a: list[str], b: list[str]) -> float:
    """The share of the fewer numbers that the other text has too; 1 where there are fewer than three."""
    left, right = _numbers(a), _numbers(b)
    fewer = min(left.total(), right.total())
    return (left & right).total() / fewer if fewer >= 3 else 1.0


def _numbers_differ(a: list[str], b: list[str], days_apart: float | None) -> bool:
    """Whether numbers contradict each other: a bulletin filled anew, not a copy.

    Two numbers or fewer that differ may be a correction (six companies, then forty-five) unless a day lies between.
    Two days on, numbers in words count as well: what is then still corrected is another event told by the same form.
    A respinner takes numbers away but puts none in, so that the fewer ones still agree.
    """
    apart = days_apart or 0.0
    left, right = _numbers(a, in_words=apart >= 2), _numbers(b, in_words=apart >= 2)
    fewer = min(left.total(), right.total())
    if fewer < (2 if apart >= 0.75 else 3):
        return False
    shared = (left & right).total()
    return shared < _NUMBERS_AGREE * fewer and fewer - shared >= 2


def _numbers(words: list[str], *, in_words: bool = False) -> Counter[str]:
    found = Counter(filter(str.isdigit, words))
    if in_words:
        found.update(
            key[2:] for word in words for key in word_keys(word) if key[0] == "n" and not word.isdigit()
        )
    return found


def _titles_unrelated(
    a: tuple[str, ...], b: tuple[str, ...], shared: Sequence[str], table: Frequencies
) -> bool:
    """Whether what two texts share says nothing of either title, while the titles have nothing in common.

    Then it is what their sites put on every page: cookie and paywall notices, a block of other news.
    """
    left, right = _telling(a, table), _telling(b, table)
    if not left or not right or left & right:
        return False
    words = set(map(stem, shared))
    return max(len(left & words) / len(left), len(right & words) / len(right)) < _TITLE_SEEN


def _telling(title: tuple[str, ...], table: Frequencies) -> set[str]:
    return {word for word in map(stem, title) if table.rate(word) < 0.3}
