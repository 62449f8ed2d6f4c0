"""The small language of phrases: `[border] between? ..2 [iran] [pakistan]`.

`[a|b]` is a concept or alternatives, a bare word (or `in|into`) is that word, `?` behind either makes it optional, `*` behind a
bracket makes it a list of any length, `..3` allows up to three other words before what follows. Words that the topic
lists as small are no distance.
"""

from __future__ import annotations

import re
from itertools import permutations
from typing import Final

from jobs.topics.model import Phrase, Slot
from text.normalise import WORD, normalise

_PIECE: Final = re.compile(r"\[([^\[\]]*)\]([?*])?|\.\.(\d{1,2})|([^\s\[\]?*]+)(\?)?|(\S)")
WORD_PREFIX: Final = "'"
"""Anonymous concepts of bare words carry this before the word."""
MAX_GAP: Final = 30
_MAX_SLOTS: Final = 8
_MAX_ANY_ORDER: Final = 4


class PhraseError(ValueError):
    """What is wrong with a phrase, in words."""


def parse_phrase(written: str, *, any_order: bool = False) -> list[Phrase]:
    """The phrases a line stands for: one, or several where parts are optional or the order is free."""
    variants: list[list[Slot]] = [[]]
    gap = 0
    for found in _PIECE.finditer(written):
        concepts, optional, distance, word, word_optional, stray = found.groups()
        if stray is not None:
            raise PhraseError(f"`{stray}` is not understood in `{written}`")
        if distance is not None:
            gap = int(distance)
            if gap > MAX_GAP:
                raise PhraseError(f"`..{gap}` is more than {MAX_GAP} words")
            continue
        names = _concepts(concepts, written) if word is None else _literals(word, written)
        slot = Slot(names, gap, many=optional == "*")
        gap = 0
        with_slot = [[*variant, slot] for variant in variants]
        variants = with_slot + variants if optional == "?" or word_optional else with_slot
    variants = [variant for variant in variants if variant]
    if any(variant[0].many or variant[-1].many for variant in variants):
        raise PhraseError(f"a list stands between two other parts, not at an end of `{written}`")
    if not variants:
        raise PhraseError("a phrase needs at least one concept in brackets")
    if max(map(len, variants)) > _MAX_SLOTS or len(variants) > 16:
        raise PhraseError(f"`{written}` is too long: at most {_MAX_SLOTS} parts, 4 of them optional")
    if not any_order:
        return [Phrase(tuple(variant), written) for variant in variants]
    return [one for variant in variants for one in _orders(variant, written)]


def _orders(variant: list[Slot], written: str) -> list[Phrase]:
    if len(variant) > _MAX_ANY_ORDER:
        raise PhraseError(f"`{written}` has more than {_MAX_ANY_ORDER} parts, too many for any order")
    widest = max(slot.gap for slot in variant)
    return [
        Phrase(tuple(Slot(slot.concepts, widest) for slot in order), written)
        for order in permutations(variant)
    ]


def _concepts(inside: str, written: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in inside.split("|"))
    if not all(names):
        raise PhraseError(f"an empty name in `{written}`")
    return names


def _literals(alternatives: str, written: str) -> tuple[str, ...]:
    found = []
    for word in alternatives.split("|"):
        words = WORD.findall(normalise(word))
        if len(words) != 1:
            raise PhraseError(f"`{word}` in `{written}` is not one word")
        found.append(WORD_PREFIX + str(words[0]))
    return tuple(found)
