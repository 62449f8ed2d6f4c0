"""A capture to the article in it, or to the reason why there is none. Pure; the only importer of trafilatura.

One parse of the page serves facts, date and text. trafilatura finds the text (without comments, which its default
keeps wrongly most often); what it misses is looked for in the page's embedded data; lines that are not the
article's are dropped afterwards.
"""

from __future__ import annotations

import logging
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor

from crawler.boilerplate import MAX_LINES
from crawler.classify import not_an_article, unreadable
from crawler.dates import find_date, find_modified
from crawler.decode import decode_html
from crawler.embedded import embedded_text
from crawler.joiners import hide_joiners, show_joiners
from crawler.language import language_of
from crawler.line_features import Line
from crawler.lines import clean_lines, line_hashes, linked_share, split_lines, unrepeated
from crawler.metadata import PageFacts, author_names, image_url, read_facts, site_name
from crawler.titles import choose_title
from crawler.tree import anchor_texts, block_lines, parse_html, prune_frame, prune_link_farms
from crawler.urls import canonical_url
from storage.model import Article, Capture, Entry, HostProfile, NotAnArticle

# It reports every page without text as an error; here that is a value.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("justext").setLevel(logging.CRITICAL)

MAX_TEXT_CHARS = 300_000
"""Longer texts are cut: a book on one page is still recognised by its beginning."""
_SPARSE_CHARS = 300
"""Below this the page's embedded data are looked at as well."""
_UNREAD = ("script", "style", "svg", "template", "iframe", "object", "embed", "canvas")


def extract(
    capture: Capture, entry: Entry | None = None, profile: HostProfile | None = None
) -> tuple[Article, ...] | NotAnArticle:
    """Read a capture. `entry` is the item that listed it, `profile` what the host's earlier pages taught.

    Where the entry carries the full text itself (feeds with content, Telegram messages), that is read instead of
    the captured bytes. Never raises on any input; time is bounded only by the caller's limit.
    """
    if entry is not None and entry.content_html:
        return _from_listing(capture, entry, profile)
    refused = unreadable(capture)
    if refused is not None:
        return refused
    tree = parse_html(decode_html(capture.body, capture.header("content-type")))
    if tree is None:
        return NotAnArticle("empty")
    return _from_page(tree, capture, entry, profile)


def _from_page(
    tree: HtmlElement, capture: Capture, entry: Entry | None, profile: HostProfile | None
) -> tuple[Article, ...] | NotAnArticle:
    facts = read_facts(tree)
    url = capture.url
    zone = profile.timezone if profile else None
    title = choose_title(facts, url, entry.title if entry else None)
    published = find_date(tree, facts, url, entry, zone, now=capture.fetched_at)
    anchors = anchor_texts(tree)
    lines = body_lines(tree, facts, url)
    text = clean_lines(lines, title, profile.repeated if profile else frozenset(), anchors)
    verdict = not_an_article(
        facts, url, title, text, linked_share=linked_share(lines, anchors), dated=published is not None
    )
    if verdict is not None:
        return verdict
    return (
        Article(
            url=url,
            canonical_url=canonical_url(url, rel_canonical=_absolute(facts.canonical, url)),
            title=title,
            text=text,
            published=published,
            language=language_of(f"{title}\n{text}", facts.language, _hint(entry, profile)),
            authors=author_names(facts) or (entry.authors if entry else ()),
            site_name=site_name(facts),
            image=image_url(facts, url),
            modified=find_modified(facts),
            boilerplate=line_hashes(lines, MAX_LINES),
        ),
    )


def _from_listing(
    capture: Capture, entry: Entry, profile: HostProfile | None
) -> tuple[Article, ...] | NotAnArticle:
    """The article that a listing's own full text is."""
    tree = parse_html(f"<html><body>{entry.content_html}</body></html>")
    lines = split_lines(block_lines(tree)[:MAX_TEXT_CHARS]) if tree is not None else []
    # Only what the host repeats is dropped: a message of two lines has no shape to judge.
    text = unrepeated(lines, entry.title or "", profile.repeated if profile else frozenset())
    title = entry.title or (lines[0].text[:200] if lines else "")
    if not text:
        return NotAnArticle("too short", "the listed text is empty")
    return (
        Article(
            url=entry.url,
            canonical_url=canonical_url(entry.url),
            title=title,
            text=text,
            published=entry.published,
            language=language_of(f"{title}\n{text}", entry.language, profile.language if profile else None),
            authors=entry.authors,
            modified=entry.updated,
            boilerplate=line_hashes(lines, MAX_LINES),
        ),
    )


def body_lines(tree: HtmlElement, facts: PageFacts, url: str) -> list[Line]:
    """The lines of the article's text as found, before any is dropped. Takes scripts and link farms from the tree."""
    etree.strip_elements(tree, *_UNREAD, with_tail=False)
    prune_frame(tree)
    prune_link_farms(tree)
    text = _trafilatura_text(tree, url)
    if len(text) < _SPARSE_CHARS:
        other = embedded_text(facts)
        if len(other) > max(2 * len(text), 200):
            text = other
    return split_lines(text[:MAX_TEXT_CHARS])


def _trafilatura_text(tree: HtmlElement, url: str) -> str:
    options = Extractor(config=DEFAULT_CONFIG, output_format="python", comments=False, url=url)
    joined = hide_joiners(tree)
    try:
        document = bare_extraction(tree, options=options)
    except Exception:  # noqa: BLE001 - a fault inside the library on one page must stay with that page
        return ""
    text = str(getattr(document, "text", None) or "")
    return show_joiners(text) if joined else text


def _absolute(canonical: str | None, url: str) -> str | None:
    if not canonical:
        return None
    try:
        return urljoin(url, canonical)
    except ValueError:
        return None


def _hint(entry: Entry | None, profile: HostProfile | None) -> str | None:
    return (entry.language if entry else None) or (profile.language if profile else None)
