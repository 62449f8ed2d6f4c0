"""Where sentences begin and end, in the scripts of the border's press.

A sentence ends at a line end, at a stop of Urdu, Arabic, Devanagari or Chinese, and at `.`, `!` or `?` followed by
white space, unless the full stop belongs to an abbreviation, an initial or an ordinal. Closing quotes and brackets
stay with the sentence they close. One pass over the stops, linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import Final

_STOP: Final = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]+|[.!?…۔؟।。！？｡]+")
_CLOSING: Final = "\"'”’»›)]}）」』】\u200c\u200f\u200e"
_NO_SPACE_NEEDED: Final = frozenset("۔؟।。！？｡")
_WORD_BEFORE: Final = re.compile(r"[^\W\d_]+\Z|\d+\Z")

# Lower-cased, without their stop. Single letters (initials, U.S., z. B., т. е.) are handled apart.
_ABBREVIATIONS: Final = frozenset(
    """mr mrs ms dr prof gen lt col maj sgt capt cmdr cpl brig adm rev hon gov sen rep st vs etc approx dept est inc
    ltd co corp bros no nos fig vol pp ed jr sr mt ft km hr min jan feb mar apr jun jul aug sept sep oct nov dec mon
    tue wed thu fri sat sun ave rd blvd al cf ca bzw usw ggf evtl vgl nr str hr fr bspw sog ggü mio mrd mme mlle mm
    av env art al hz sn vb vd örn yy dk доб г гг ул им тыс млн млрд руб см стр рис проф акад ген обл р
    م هـ ق ھ ڈاکٹر""".split()  # noqa: SIM905
)
_BEFORE_ORDINAL: Final = re.compile(r"(?:^|\s)(?:am|der|dem|den|des|die|vom|zum|bis|und)\s\Z", re.IGNORECASE)


def sentences(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences of a text, in code points, without the white space around them, in order.

    Empty for a text of white space only. Every character that is no white space lies in exactly one span.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _STOP.finditer(text):
        end = found.end()
        if text[found.start()].isspace():
            _add(spans, text, start, found.start())
            start = end
            continue
        closing = end
        while closing < len(text) and closing - end < 4 and text[closing] in _CLOSING:
            closing += 1
        if _ends_here(text, found.start(), end, closing):
            _add(spans, text, start, closing)
            start = closing
    _add(spans, text, start, len(text))
    return spans


def _ends_here(text: str, stop: int, end: int, closing: int) -> bool:
    """Whether the run of stops at `stop:end`, with closing marks up to `closing`, ends a sentence."""
    if any(char in _NO_SPACE_NEEDED for char in text[stop : min(end, stop + 8)]):
        return True
    if closing < len(text) and not text[closing].isspace():
        return False
    if text[stop] != "." or end - stop > 1:
        return True
    before = text[max(0, stop - 24) : stop]
    word = _WORD_BEFORE.search(before)
    following = text[closing : closing + 4].lstrip()[:1]
    if word is None:
        return True
    last = word[0]
    if following.islower() or following in {",", ";", "،", "؛"}:
        return False
    if last.isdigit():
        # An ordinal or a list number ("12. Juni", "3. Absatz"); years and quantities end sentences.
        return (
            len(last) > 2
            or not following.isalpha()
            or not _line_or_ordinal(text, stop - len(last), following)
        )
    if len(last) == 1:
        return False  # an initial, or the end of "the U.S." before a capital: undecidable, so it joins
    return last.lower() not in _ABBREVIATIONS


def _line_or_ordinal(text: str, number_at: int, following: str) -> bool:
    """Whether a short number before a stop numbers a list (it opens its line) or is a German ordinal."""
    before = text[max(0, number_at - 6) : number_at]
    opens_line = not before.strip() or before.rstrip(" \t")[-1:] in {"\n", ""}
    return opens_line or (following.isupper() and _BEFORE_ORDINAL.search(before) is not None)


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    """Append the span without the white space at its ends; nothing where only white space is left."""
    body = text[start:end]
    left = len(body) - len(body.lstrip())
    if left < len(body):
        spans.append((start + left, start + len(body.rstrip())))
