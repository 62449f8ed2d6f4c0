"""Words as copies and reports are compared by: folded, digits apart from letters, site furniture left out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import ahocorasick_rs

from jobs.dedup.lexicon import lexicon
from text.normalise import normalise, words

_MIXED: Final = re.compile(r"\d+|[^\d]+")
_THOUSANDS: Final = re.compile(r"(?<=\d)[,\u066c\u060c](?=\d{3}(?!\d))")
"""`1,860` is the number that another report writes as 1860, and not 860."""
_FURNITURE_WORDS: Final = 25
"""Furniture is short; a longer paragraph that holds such a phrase is prose about it."""
_ENDING_FROM: Final = 0.4
_COMMON_ENDINGS: Final = (
    "ingly", "ations", "ation", "ings", "ing", "ied", "ies", "ed", "es", "s",
    "هایشان", "هایی", "های", "ها", "ان", "وں", "یں", "ات",
)  # fmt: skip


def split_words(normalised: str) -> list[str]:
    """The words of a normalised text; `1237ڈالر` and `100km` are two words each."""
    found = words(normalised)
    if all(map(str.isalpha, found)):
        return found
    parts: list[str] = []
    for word in found:
        if word.isalpha() or word.isdigit():
            parts.append(word)
        else:
            parts += _MIXED.findall(word)
    return parts


@lru_cache(maxsize=1)
def _furniture() -> Any:
    return ahocorasick_rs.AhoCorasick(lexicon().furniture)


def body(text: str) -> str:
    """A normalised text without the lines of site furniture (share buttons, "Leave a Reply", cookie notices).

    Where nothing else is left, the text is furniture only and the answer is empty.
    """
    folded = _without_ending(_THOUSANDS.sub("", normalise(text)))
    furniture = _furniture()
    if not furniture.find_matches_as_indexes(folded):
        return folded
    kept = [
        line
        for line in folded.split("\n")
        if line.count(" ") >= _FURNITURE_WORDS or not furniture.find_matches_as_indexes(line)
    ]
    return "\n".join(kept).strip()


def _without_ending(folded: str) -> str:
    """Cut at the first phrase that ends articles (`Source link`, `Leave a Reply`), if most of the text stands before it:
    teasers of other articles follow, and they would make unrelated copies alike."""
    first = int(len(folded) * _ENDING_FROM)
    found = [at for phrase in lexicon().endings if (at := folded.find(phrase, first)) >= 0]
    return folded[: min(found)] if found else folded


def tokens(text: str) -> list[str]:
    """The words of a text's body, in order."""
    return split_words(body(text))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word without its commonest endings (English, Persian, Urdu); at least four letters stay."""
    if len(word) < 6:
        return word[:-1] if len(word) == 5 and word.endswith("s") and not word.endswith("ss") else word
    for ending in _COMMON_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
