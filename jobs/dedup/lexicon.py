"""Small multilingual word lists: kinds of event, countries, weekdays, numbers, site furniture (presets/events.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from text.normalise import normalise

PRESET: Final = Path(__file__).parents[2] / "presets" / "events.json"
_HAN_FIRST: Final = "\u3400"
_HAN_LAST: Final = "\u9fff"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a word says, by whole word, by its beginning, and (for Chinese) by substring. Values are story keys."""

    whole: dict[str, tuple[str, ...]]
    beginnings: dict[str, tuple[str, ...]]
    lengths: tuple[int, ...]
    """The lengths that occur in `beginnings`, shortest first."""
    han: dict[str, tuple[str, ...]]
    furniture: tuple[str, ...]
    endings: tuple[str, ...]
    """Furniture behind which no more of the article comes."""

    def keys(self, word: str) -> tuple[str, ...]:
        """The keys of one normalised word, often none."""
        found = self.whole.get(word, ())
        size = len(word)
        for length in self.lengths:
            if length > size:
                break
            more = self.beginnings.get(word[:length])
            if more:
                found += more
        return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The shipped lists, read once a process."""
    return parse(json.loads(PRESET.read_text(encoding="utf-8")))


def parse(preset: dict[str, Any]) -> Lexicon:
    """Build the lookup tables from the preset's lists."""
    whole: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    han: dict[str, tuple[str, ...]] = {}

    def learn(key: str, spelled: str) -> None:
        for entry in spelled.split():
            word = normalise(entry.rstrip("*"))
            target = han if _is_han(word) else beginnings if entry.endswith("*") else whole
            if key not in target.get(word, ()):
                target[word] = (*target.get(word, ()), key)

    for kind, by_language in preset["kinds"].items():
        for spelled in by_language.values():
            learn(f"k:{kind}", spelled)
    for prefix, group in (("c", "countries"), ("w", "weekdays"), ("n", "numbers")):
        for name, spelled in preset[group].items():
            learn(f"{prefix}:{name}", spelled)
    lengths = tuple(sorted({len(word) for word in beginnings}))
    furniture = tuple(normalise(phrase) for phrase in preset["furniture"])
    endings = tuple(normalise(phrase) for phrase in preset["endings"])
    return Lexicon(whole, beginnings, lengths, han, furniture, endings)


def _is_han(word: str) -> bool:
    return bool(word) and _HAN_FIRST <= word[0] <= _HAN_LAST
