"""Where a site's news may be listed: feeds and sitemaps that a page, its robots.txt or custom point to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from crawler.discover.html_tree import parse_html
from crawler.discover.markup import decode
from storage.model import SourceKind

Origin = Literal["given", "page", "robots", "custom"]

_FEED_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/json",
}
_FEED_PATH = re.compile(
    r"(?:^|[/._?=-])(?:rss|atom|feeds?)(?:[/._?=&0-9-]|\.xml|$)|/feed\.json$", re.IGNORECASE
)
_COMMENTS = re.compile(r"comments?/|/comments|wp-json|oembed", re.IGNORECASE)
_CUSTOM: tuple[tuple[SourceKind, str], ...] = (
    ("feed", "/feed/"),
    ("feed", "/rss"),
    ("feed", "/rss.xml"),
    ("feed", "/feed.xml"),
    ("feed", "/atom.xml"),
    ("sitemap", "/news-sitemap.xml"),
    ("sitemap", "/sitemap-news.xml"),
    ("sitemap", "/sitemap_index.xml"),
    ("sitemap", "/sitemap.xml"),
)
"""Where news sites most often have their feed or sitemap, commonest first."""
MAX_OF_PAGE = 6
_TELEGRAM = re.compile(r"https?://(?:t|telegram)\.me/(?:s/)?([A-Za-z0-9_]{4,64})/?$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may list articles, and who says so."""

    kind: SourceKind
    url: str
    origin: Origin
    title: str | None = None


def of_address(url: str) -> Candidate | None:
    """What an address is by its form alone: a Telegram channel, or nothing that can be told."""
    if found := _TELEGRAM.match(url):
        return Candidate("telegram", f"https://t.me/s/{found[1]}", "given")
    return None


def of_page(body: bytes, url: str, content_type: str | None) -> list[Candidate]:
    """The feeds that a page declares (`rel=alternate`), then those it links to; those of comments left out."""
    tree = parse_html(decode(body, content_type).text)
    declared = [
        (link.get("href"), link.get("title"))
        for link in tree.iter("link")
        if "alternate" in (link.get("rel") or "").lower().split()
        and (link.get("type") or "").split(";")[0].strip().lower() in _FEED_TYPES
    ]
    linked = [
        (anchor.get("href"), " ".join(anchor.text_content().split())[:80] or None)
        for anchor in tree.iter("a")
        if _FEED_PATH.search(urlsplit(anchor.get("href") or "").path)
    ]
    found: dict[str, Candidate] = {}
    for href, title in [*declared, *linked]:
        address = _joined(url, href)
        if address and not _COMMENTS.search(address):
            found.setdefault(address, Candidate("feed", address, "page", title))
    return list(found.values())[:MAX_OF_PAGE]


def _joined(base: str, href: str | None) -> str | None:
    try:
        address = urljoin(base, (href or "").strip())
        parts = urlsplit(address)
        return address if parts.scheme in {"http", "https"} and parts.hostname else None
    except ValueError:
        return None


def of_robots(sitemaps: Iterable[str]) -> list[Candidate]:
    """The sitemaps of a robots.txt, those for news first."""
    ordered = sorted(dict.fromkeys(sitemaps), key=lambda url: "news" not in url.lower())
    return [Candidate("sitemap", url, "robots") for url in ordered[:3]]


def by_custom(url: str) -> list[Candidate]:
    """Addresses at which many sites have a feed or sitemap."""
    return [Candidate(kind, urljoin(url, path), "custom") for kind, path in _CUSTOM]
