"""Story keys that mean the same in every language: places and groups, countries, kinds of event, numbers, names.

Key forms: `p:saravan` a gazetteer place, `g:jaish-al-adl` any other gazetteer entry, `c:ir` a country, `k:strike`
a kind of event, `w:thu` a weekday, `n:7` a number, `~rs` a name by its consonants (Raisi, رئیسی).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import ahocorasick_rs

from jobs.dedup.lexicon import Lexicon, lexicon
from text.normalise import normalise

GAZETTEER: Final = Path(__file__).parents[2] / "presets" / "gazetteer.json"
_PLACES: Final = frozenset(
    {"place", "crossing", "town", "county", "district", "province", "village", "port", "island"}
)
_CAPITALISED: Final = re.compile(r"(?<![.!?:؟۔\"“\n] )(?<!\n)(?<!^)\b[A-ZА-ЯÀ-Þ][\w’'`-]{2,}")
_MAX_NUMBER_DIGITS: Final = 7

# Consonants by class; vowels, glides (w, y, و, ی), h and ع fall away, because transliterations disagree on them.
_LATIN_PAIRS: Final = (
    ("x", "ks"), ("tch", "C"), ("ch", "C"), ("sh", "$"), ("kh", "X"), ("gh", "g"), ("zh", "j"), ("ph", "f"), ("th", "t"), ("dj", "j"),
    ("ck", "k"), ("q", "k"), ("ce", "se"), ("ci", "si"),
)  # fmt: skip
_LATIN_DROPPED: Final = str.maketrans({**dict.fromkeys("aeiouwyhv'’-`", None), "c": "k"})
_ARABIC: Final = str.maketrans({
    **dict.fromkeys("اآأإعوؤیئهىء", None),
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "t", "ث": "s", "ج": "j", "چ": "C", "ح": None, "خ": "X", "د": "d", "ڈ": "d",
    "ذ": "z", "ر": "r", "ڑ": "r", "ز": "z", "ژ": "j", "س": "s", "ش": "$", "ص": "s", "ض": "z", "ظ": "z", "غ": "g", "ف": "f",
    "ق": "k", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n", "ھ": None, "ے": None,
})  # fmt: skip
_CYRILLIC: Final = str.maketrans({
    **dict.fromkeys("аеёиоуыэюяйьъв", None),
    "б": "b", "г": "g", "д": "d", "ж": "j", "з": "z", "к": "k", "л": "l", "м": "m", "н": "n", "п": "p", "р": "r", "с": "s",
    "т": "t", "ф": "f", "х": "X", "ц": "s", "ч": "C", "ш": "$", "щ": "$",
})  # fmt: skip
_DOUBLED: Final = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Names:
    """The gazetteer's names as one automaton; `keys[i]` is the story key of pattern `i`."""

    automaton: Any
    patterns: tuple[str, ...]
    keys: tuple[str, ...]


@lru_cache(maxsize=1)
def gazetteer_names() -> Names:
    """The shipped gazetteer, read once a process; empty where it is not installed."""
    if not GAZETTEER.exists():
        return names_of({"entries": []})
    return names_of(json.loads(GAZETTEER.read_text(encoding="utf-8")))


def names_of(gazetteer: dict[str, Any]) -> Names:
    """Build the automaton from the gazetteer's entries; other borders' places (`neg-`) are keys as well."""
    keys: dict[str, str] = {}
    for entry in gazetteer["entries"]:
        kind = "p" if entry.get("type") in _PLACES else "g"
        if entry.get("type") in {"term", "country"}:  # terms name no one event; countries are in the lexicon
            continue
        for spelled in entry["names"].values():
            for name in spelled:
                folded = normalise(name).strip()
                if len(folded) >= 3 or not folded.isascii():
                    keys.setdefault(folded, f"{kind}:{entry['id']}")
    patterns = tuple(keys)
    automaton = (
        ahocorasick_rs.AhoCorasick(patterns, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        if patterns
        else None
    )
    return Names(automaton, patterns, tuple(keys.values()))


def skeleton(word: str) -> str:
    """The consonants of a normalised name, alike for `Saravan` and `سراوان`; empty for other scripts."""
    first = word[:1]
    if first.isascii():
        for pair, single in _LATIN_PAIRS:
            if pair in word:
                word = word.replace(pair, single)
        bare = word.translate(_LATIN_DROPPED)
    elif "\u0400" <= first <= "\u04ff":
        bare = word.translate(_CYRILLIC)
    elif "\u0600" <= first <= "\u06ff":
        bare = word.removeprefix("ال").translate(_ARABIC)
    else:
        return ""
    return _DOUBLED.sub(r"\1", bare)


def story_keys(original: str, folded: str, split: list[str], names: Names, lists: Lexicon) -> dict[str, int]:
    """Every key of a text with how often it occurs.

    `original` is the text as written (capitals mark names), `folded` its normalised form, `split` its words.
    """
    found: dict[str, int] = {}
    shipped = lists is lexicon()
    for key in _place_keys(folded, names):
        found[key] = found.get(key, 0) + 1
    for word in split:
        for key in word_keys(word) if shipped else _word_keys(word, lists):
            found[key] = found.get(key, 0) + 1
    for phrase, keys in lists.han.items():
        if phrase in folded:
            for key in keys:
                found[key] = found.get(key, 0) + 1
    for name in _CAPITALISED.findall(original):
        bare = _name_skeleton(name)
        if len(bare) >= 3:
            found["~" + bare] = found.get("~" + bare, 0) + 1
    return found


@lru_cache(maxsize=65_536)
def _name_skeleton(name: str) -> str:
    return skeleton(normalise(name).removesuffix("'s"))


@lru_cache(maxsize=65_536)
def word_keys(word: str) -> tuple[str, ...]:
    """The keys of one normalised word by the shipped lists."""
    return _word_keys(word, lexicon())


def _word_keys(word: str, lists: Lexicon) -> tuple[str, ...]:
    if word.isdigit():
        return (f"n:{int(word)}",) if len(word) <= _MAX_NUMBER_DIGITS else ()
    keys = lists.keys(word)
    # Arabic script has no capitals: any word that is no known term may be a name, and rarity sorts them out.
    if not keys and "\u0600" <= word[0] <= "\u06ff":
        bare = skeleton(word)
        if len(bare) >= 3:
            return (*keys, "~" + bare)
    return keys


def _place_keys(folded: str, names: Names) -> list[str]:
    if names.automaton is None:
        return []
    found = []
    size = len(folded)
    for index, start, end in names.automaton.find_matches_as_indexes(folded):
        before = folded[start - 1] if start else " "
        after = folded[end] if end < size else " "
        if not before.isalnum() and not after.isalnum():
            found.append(names.keys[index])
    return found


@lru_cache(maxsize=1)
def shared_parts() -> tuple[Names, Lexicon]:
    """The shipped gazetteer and lists."""
    return gazetteer_names(), lexicon()
