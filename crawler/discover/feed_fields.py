"""The fields of one feed entry: which elements of RSS, RDF, Atom and their extensions say what."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from crawler.discover.listing import Links, one_line
from crawler.discover.markup import local

FULL_TEXT_CHARS = 800
"""A description at least this long is a text of its own, not a teaser (teasers end below 600 characters)."""

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(slots=True)
class Fields:
    """The fields of one item or entry as text, before they are judged."""

    link: str | None = None
    base: str | None = None
    title: str | None = None
    guid: str | None = None
    published: str | None = None
    updated: str | None = None
    summary: str | None = None
    content: str | None = None
    language: str | None = None
    authors: list[str] = field(default_factory=list)
    permalink: str | None = None
    """The id where it is an address, which serves where there is no link (RSS 2.0, `guid`)."""


def read_fields(element: Any, links: Links) -> Fields:
    """What an `<item>` or `<entry>` says, each field as it stands there."""
    found = Fields(language=element.get(f"{_XML}lang"))
    if base := _base(element):
        found.base = urljoin(links.base, base)
    for child in element:
        reader = _READERS.get(local(child))
        # Media RSS repeats title and description for its pictures.
        if reader is not None and "mrss" not in child.tag and not child.tag.startswith("media:"):
            reader(found, child)
    if not found.link and found.permalink and found.permalink.startswith(("http://", "https://")):
        found.link = found.permalink
    if not found.content and found.summary and len(found.summary) >= FULL_TEXT_CHARS:
        found.content = found.summary
    return found


def _link(found: Fields, child: Any) -> None:
    href = child.get("href")
    if href is None:
        found.link = found.link or (child.text or "").strip() or None
    elif child.get("rel", "alternate") == "alternate" and (
        not found.link or "html" in child.get("type", "html")
    ):
        found.link = href.strip() or found.link


def _original_link(found: Fields, child: Any) -> None:
    """FeedBurner keeps the publisher's own address here."""
    found.link = (child.text or "").strip() or found.link


def _id(found: Fields, child: Any) -> None:
    found.guid = (child.text or "").strip() or None
    if child.get("isPermaLink", "true") != "false":
        found.permalink = found.guid


def _title(found: Fields, child: Any) -> None:
    found.title = found.title or inner_markup(child)


def _published(found: Fields, child: Any) -> None:
    found.published = child.text or found.published


def _date(found: Fields, child: Any) -> None:
    """Dublin Core's date, where nothing more exact was given."""
    found.published = found.published or child.text


def _updated(found: Fields, child: Any) -> None:
    found.updated = child.text


def _summary(found: Fields, child: Any) -> None:
    found.summary = found.summary or inner_markup(child)


def _content(found: Fields, child: Any) -> None:
    found.content = inner_markup(child) or found.content


def _author(found: Fields, child: Any) -> None:
    name = next((part.text for part in child if local(part) == "name"), None)
    found.authors.append(name or child.text or "")


def _language(found: Fields, child: Any) -> None:
    found.language = (child.text or "").strip() or None


_READERS: dict[str, Callable[[Fields, Any], None]] = {
    "link": _link,
    "origlink": _original_link,
    "guid": _id,
    "id": _id,
    "title": _title,
    "pubdate": _published,
    "published": _published,
    "issued": _published,
    "created": _published,
    "date": _date,
    "updated": _updated,
    "modified": _updated,
    "description": _summary,
    "summary": _summary,
    "encoded": _content,
    "content": _content,
    "creator": _author,
    "author": _author,
    "language": _language,
}


def _base(element: Any) -> str | None:
    """The nearest `xml:base`, resolved inwards (RFC 3986 section 5.1.1)."""
    bases = [element.get(f"{_XML}base")]
    parent = element.getparent()
    while parent is not None:
        bases.append(parent.get(f"{_XML}base"))
        parent = parent.getparent()
    result = None
    for base in reversed(bases):
        if base:
            try:
                result = urljoin(result or "", base)
            except ValueError:
                continue
    return result


def inner_markup(element: Any) -> str:
    """Text of an element; where it holds markup (Atom xhtml), that markup as HTML."""
    if len(element) == 0:
        return element.text or ""
    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode") for child in element]
    return "".join(parts)


def plain(markup: str | None, limit: int) -> str | None:
    """Text of a title or summary: tags and character references taken out, white space made one space."""
    if not markup:
        return None
    text = markup[: limit * 8]
    if "&lt;" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return one_line(text, limit)
