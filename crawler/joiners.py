"""Zero-width joiners and non-joiners, which Persian, Urdu and their neighbours are spelt with, kept through trafilatura.

trafilatura 2.3 drops every character that Python calls unprintable, U+200C and U+200D among them: «می‌شود» comes back
as «میشود». Printable stand-ins take their places in the tree and are turned back in the text.
"""

from __future__ import annotations

from lxml.html import HtmlElement

_STAND_INS = {"\u200c": "\ua4fe", "\u200d": "\ua4ff"}
"""Lisu punctuation: printable, one code point each, and in no news text of the languages that are watched."""

_HIDE = str.maketrans(_STAND_INS)
_SHOW = str.maketrans({stand_in: joiner for joiner, stand_in in _STAND_INS.items()})


def hide_joiners(tree: HtmlElement) -> bool:
    """Put stand-ins into the tree's text; False where there was nothing to hide."""
    found = False
    for element in tree.iter():
        if isinstance(element.tag, str) and _has_joiner(element.text):
            element.text = element.text.translate(_HIDE)
            found = True
        if _has_joiner(element.tail):
            element.tail = element.tail.translate(_HIDE)
            found = True
    return found


def _has_joiner(words: str | None) -> bool:
    return words is not None and ("\u200c" in words or "\u200d" in words)


def show_joiners(text: str) -> str:
    """The text with its joiners back."""
    return text.translate(_SHOW)
