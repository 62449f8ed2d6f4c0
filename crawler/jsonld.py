"""The structured data (JSON-LD, schema.org) that a page carries about itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

MAX_NODES = 400
"""Listings embed thousands; the page's own node stands among the first."""

_ARTICLE = re.compile(r"Article$|Posting$|Report$|^Review|NewsStory|^LiveBlog")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_PROPERTY = re.compile(r'"(@type|datePublished|dateModified|dateCreated|inLanguage)"\s*:\s*"([^"]{1,60})"')
_CDATA = re.compile(r"^\s*(?://)?\s*(?:<!\[CDATA\[|<!--)|(?://)?\s*(?:\]\]>|-->)\s*;?\s*$")


def read_nodes(scripts: list[str]) -> list[Node]:
    """Every JSON object of the given `application/ld+json` texts, outer ones first; what does not parse is skipped."""
    nodes: list[Node] = []
    for script in scripts:
        parsed = _loads(script)
        for node in _walk(_salvaged(script) if parsed is None else parsed):
            nodes.append(node)
            if len(nodes) >= MAX_NODES:
                return nodes
    return nodes


def article_nodes(nodes: list[Node]) -> list[Node]:
    """The nodes that describe an article, in their order; related articles that a page lists come behind its own."""
    return [node for node in nodes if any(_ARTICLE.search(kind) for kind in types_of(node))]


def types_of(node: Node) -> tuple[str, ...]:
    """A node's schema.org types, without their address."""
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return tuple(kind.rsplit("/", 1)[-1] for kind in listed if isinstance(kind, str))


def text_of(value: object) -> str | None:
    """A property as text: a string, the first string of a list, or the name or value inside an object."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), None)
    if isinstance(value, dict):
        return text_of(value.get("name") or value.get("@value") or value.get("url") or value.get("@id"))
    return None


def names_of(value: object) -> list[str]:
    """The names of persons or organisations in a property (strings, objects, lists of both)."""
    if isinstance(value, list):
        return [name for item in value[:20] for name in names_of(item)]
    name = text_of(value.get("name")) if isinstance(value, dict) else text_of(value)
    return [name] if name else []


def _loads(script: str) -> object:
    try:
        return json.loads(script, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        # CDATA wrappers, trailing semicolons and commas are what breaks most of the rest.
        cleaned = _CONTROL.sub(" ", _CDATA.sub("", script)).strip().rstrip(";")
        return json.loads(re.sub(r",\s*([}\]])", r"\1", cleaned), strict=False)
    except (ValueError, RecursionError):
        return None


def _salvaged(script: str) -> Node:
    """The few properties that matter, read from JSON which does not parse (bare quotes in a headline, mostly)."""
    return {match[1]: match[2] for match in reversed(list(_PROPERTY.finditer(script[:100_000])))}


def _walk(value: object) -> Iterator[Node]:
    """Objects breadth first, so that what a page says of itself comes before what it lists."""
    level: list[object] = [value]
    while level:
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                yield item
                deeper.extend(child for child in item.values() if isinstance(child, (dict, list)))
            elif isinstance(item, list):
                deeper.extend(item)
        level = deeper
