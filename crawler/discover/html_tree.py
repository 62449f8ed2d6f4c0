"""Web pages as trees, parsed within limits and without network or entities."""

from __future__ import annotations

import re
from typing import Any

from lxml import html
from lxml.etree import ParserError, iterwalk

MAX_HTML_CHARS = 8_000_000
"""Longer pages are cut: section pages are some 100 to 800 KB."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4"})


def parse_html(text: str) -> Any:
    """The root element; an empty page is an empty `<html>`."""
    text = _DECLARATION.sub("", _CONTROLS.sub("", text[:MAX_HTML_CHARS]))
    # Deep nesting makes libxml2 stop at 256 levels, which is a limit and no fault; hence no huge_tree.
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8"), parser=parser)
    except ParserError:
        tree = html.document_fromstring(b"<html><body></body></html>")
    return tree


def text_of(element: Any) -> str:
    """Text of an element, with line breaks where blocks and `<br>` stand."""
    parts: list[str] = []
    for event, node in iterwalk(element, events=("start", "end")):
        if node.tag in _BLOCKS:
            parts.append("\n")
        if event == "start":
            parts.append(node.text or "")
        elif node is not element:
            parts.append(node.tail or "")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)
