"""One normaliser for search, matching and fingerprints, with a map back to the stored text.

Every code point is folded by itself (a table that fills as it meets code points), so the result does not depend
on what stands around it, folding twice changes nothing, and an offset maps back by counting. Folding is:
compatibility decomposition, case folding, combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic dropped
(é, harakat, hamza seats, madda), the forms of yeh, kaf and heh joined, invisible joiners and bidi controls dropped
(ZWNJ, ZWJ, soft hyphen, tatweel), digits of every script to ASCII, dashes to `-`, quotes to `"` and `'`, controls
and lone surrogates to a space, line ends to `\\n`. Indic and kana marks stay: they are letters there.

HTML entities that survived in a text are decoded first. A bare ampersand becomes a space, which is what makes
folding twice safe: no ampersand is left to begin a new entity.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from html import unescape
from itertools import accumulate
from typing import Final

_SEPARATE: Final = {
    # Yeh, kaf and heh stand in several code points for one letter (Arabic, Persian, Urdu, Pashto, Kurdish keyboards).
    **dict.fromkeys("يىېۍێ", "ی"),
    **dict.fromkeys("كڪ", "ک"),
    "ګ": "گ",
    **dict.fromkeys("ةۃہھەۀۂ", "ه"),
    "ٱ": "ا",
    "ء": "",  # written or left out at will: جزء, منطقهء, ایرانءِ
    "ـ": "",  # tatweel only stretches a word
    "ı": "i",  # so that SINIR, sınır and sinir meet
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "۔": ".",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "٪": "%",
    "٫": ".",
    "٬": ",",
    "。": ".",
    "、": ",",
    "।": ".",
    "−": "-",
    "&": " ",
    "\u2044": "/",
    **dict.fromkeys("‘’‚‛′ʼʻʿʾ`´‹›", "'"),
    **dict.fromkeys("“”„‟″«»「」『』〝〞＂", '"'),
    **dict.fromkeys("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\n"),
}
_DROPPED_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)


def _fold_once(char: str) -> str:
    mapped = _SEPARATE.get(char)
    if mapped is not None:
        return mapped
    if _DROPPED_MARKS.match(char):
        return ""
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category == "Pd":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Zs":
        return " "
    if category in {"Zl", "Zp"}:
        return "\n"
    if category in {"Cc", "Cs"}:
        return "\n" if char == "\n" else " "
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())


def _fold(char: str) -> str:
    """The folded form of one code point: `_fold_once` applied until nothing changes."""
    current = char
    for _ in range(8):
        folded = "".join(map(_fold_once, current))
        if folded == current:
            return folded
        current = folded
    return current


class _Table(dict[int, str]):
    """Folded forms by code point, filled as code points are met (at most 1.1 million, a few thousand in practice)."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold(chr(code))
        return folded


_TABLE: Final = _Table()
# `&amp;nbsp;` is an entity that was escaped once more; the run of `amp;` belongs to it. One pass, no nesting: linear.
_ENTITY: Final = re.compile(
    r"&(?:(?:amp|#38|#x26);){0,8}(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});"
)


def _decode(entity: str) -> str:
    """The characters an entity stands for, or the entity itself where the name is unknown."""
    plain = unescape("&" + entity.rsplit(";", 2)[-2].rpartition("&")[2] + ";")
    return entity if plain.startswith("&") and len(plain) > 1 else plain


def _folded(text: str) -> str:
    return text.translate(_TABLE)


def decode_entities(text: str) -> str:
    """The text with its HTML entities replaced by what they stand for."""
    return _ENTITY.sub(lambda found: _decode(found[0]), text) if "&" in text else text


def normalise(text: str) -> str:
    """Fold a text for comparison, without a map. Linear in its length; never raises."""
    return _folded(decode_entities(text))


class Normalised:
    """A folded text and the way back: offsets in `text` to offsets in `original`, both in code points."""

    __slots__ = ("_ends", "_text", "original")

    def __init__(self, original: str) -> None:
        self.original = original
        self._text: str | None = None
        self._ends: array[int] | None = None

    @property
    def text(self) -> str:
        """The folded text."""
        if self._text is None:
            self._text = normalise(self.original)
        return self._text

    def start(self, index: int) -> int:
        """Where in the original the code point stands that folded character `index` came from."""
        return bisect_right(self._map(), index)

    def end(self, index: int) -> int:
        """The exclusive end in the original for an exclusive end `index`; dropped marks behind it are taken along."""
        if index <= 0:
            return 0
        ends = self._map()
        source = bisect_right(ends, index - 1)
        return bisect_right(ends, ends[source]) if source < len(ends) else len(ends)

    def folded(self, index: int) -> int:
        """The offset in `text` that an offset of the original folds to."""
        return self._map()[index - 1] if index > 0 else 0

    def _map(self) -> array[int]:
        # Built at the first question only: most texts match nothing and never need it.
        if self._ends is None:
            self._ends = array("Q", accumulate(_lengths(self.original)))
        return self._ends


def _lengths(text: str) -> list[int]:
    """How many folded characters each code point of the text became; an entity counts at its first code point."""
    length_of = _Lengths()
    if "&" not in text:
        return [length_of[char] for char in text]
    lengths: list[int] = []
    last = 0
    for found in _ENTITY.finditer(text):
        lengths += [length_of[char] for char in text[last : found.start()]]
        decoded = _decode(found[0])
        if decoded == found[0]:
            lengths += [length_of[char] for char in decoded]
        else:
            lengths.append(len(_folded(decoded)))
            lengths += [0] * (len(found[0]) - 1)
        last = found.end()
    lengths += [length_of[char] for char in text[last:]]
    return lengths


class _Lengths(dict[str, int]):
    def __missing__(self, char: str) -> int:
        length = self[char] = len(_TABLE[ord(char)])
        return length


def normalise_with_map(text: str) -> Normalised:
    """Fold a text and keep the way back to its own offsets."""
    return Normalised(text)


# A run of letters and digits with the marks that Indic and kana scripts write inside words; Han characters stand
# alone, since nothing separates words there.
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD: Final = re.compile(rf"[{_HAN}]|(?:[^\W_{_HAN}]|[\u0900-\u0963\u0966-\u0dff\u0e00-\u0e7f\u3099\u309a])+")


def words(normalised: str) -> list[str]:
    """The words of a normalised text, in order; an apostrophe parts words (`iran's` is `iran`, `s`)."""
    return WORD.findall(normalised)


def word_spans(normalised: str) -> list[tuple[int, int]]:
    """The offsets of the same words in the normalised text."""
    return [found.span() for found in WORD.finditer(normalised)]
