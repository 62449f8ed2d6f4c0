"""Article text from the data that a page embeds for its own scripts, where its markup shows none.

JSON-LD `articleBody` first: 7 % of the corpus pages have one, and on some it is only a summary, which is why it is asked
only where the markup has failed. Then the state of single-page applications (`__NEXT_DATA__` and its like).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

from crawler.metadata import PageFacts
from crawler.tree import block_lines, parse_html

_MAX_JSON_CHARS = 3_000_000
_MIN_PROSE_CHARS = 60
_TAGGED = re.compile(r"<(?:p|br|div|span|a|strong|em|h\d|ul|li)\b[^>]*>|&lt;p", re.IGNORECASE)
_PUSH = re.compile(r"\s*self\.__next_f\.push\((\[.*\])\)\s*;?\s*$", re.DOTALL)
_KEYS = re.compile(
    r"body|content|text|paragraph|html|article|story|children|value|blocks?|elements?|data", re.IGNORECASE
)
_NOT_PROSE = re.compile(r"https?://\S+$|[{}]|function\s*\(|^[A-Za-z0-9+/=_-]+$")


def embedded_text(facts: PageFacts) -> str:
    """The longest article text in a page's embedded data, one paragraph a line; empty where there is none."""
    bodies = [
        plain
        for node in facts.articles
        if isinstance(body := node.get("articleBody"), str) and (plain := _plain(body))
    ]
    stated = max(bodies, key=len, default="")
    if len(stated) >= 200:
        return stated
    states = [
        text for script in facts.scripts if len(script) <= _MAX_JSON_CHARS and (text := _state_text(script))
    ]
    return max([stated, *states], key=len, default="")


def _state_text(script: str) -> str:
    try:
        state = json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return ""
    # The article is the list or object with most prose directly in it: walk all of them, count what is prose.
    best: list[str] = []
    for texts in _groups(state):
        if sum(map(len, texts)) > sum(map(len, best)):
            best = texts
    return "\n".join(dict.fromkeys(best)) if sum(map(len, best)) >= 200 else ""


def _groups(state: object) -> Iterator[list[str]]:
    stack: list[object] = [state]
    seen = 0
    while stack and seen < 200_000:
        seen += 1
        item = stack.pop()
        if isinstance(item, dict):
            for name, value in item.items():
                if isinstance(value, str) and _KEYS.search(name) and (prose := _prose(value)):
                    yield [prose]
                elif isinstance(value, (dict, list)):
                    stack.append(value)
        elif isinstance(item, list):
            texts = [prose for child in item for prose in _child_prose(child)]
            if texts:
                yield texts
            stack.extend(child for child in item if isinstance(child, (dict, list)))


def _child_prose(child: object) -> Iterator[str]:
    """The prose of one element of a list of blocks: the string itself, or the strings one level down."""
    values = [child] if isinstance(child, str) else list(child.values()) if isinstance(child, dict) else []
    for value in values:
        if isinstance(value, str) and (prose := _prose(value)):
            yield prose


def _prose(value: str) -> str:
    if len(value) < _MIN_PROSE_CHARS:
        return ""
    plain = _plain(value)
    # Scripts without blanks between words have none to count.
    spaced = " " in plain or not plain.isascii()
    return plain if len(plain) >= _MIN_PROSE_CHARS and spaced and not _NOT_PROSE.search(plain[:200]) else ""


def _plain(value: str) -> str:
    text = value
    if _TAGGED.search(text):
        tree = parse_html(f"<html><body>{unescape(text) if '&lt;' in text else text}</body></html>")
        return block_lines(tree) if tree is not None else ""
    return "\n".join(" ".join(line.split()) for line in unescape(text).split("\n") if line.strip())
