"""What a site offers, from one of its pages and its robots.txt: feeds, sitemaps, pages worth trying, a channel.

Pure: `candidates` lists what to fetch next, likeliest first; the caller fetches and lets the parsers judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from crawler.decode import decode_html
from crawler.discover.html_tree import parse_html
from crawler.discover.listing import Links
from storage.model import SourceKind

MAX_CANDIDATES = 20

_FEED_TYPES = {
    "application/rss+xml": 0,
    "application/atom+xml": 0,
    "application/feed+json": 1,
    "application/rdf+xml": 1,
    "application/json": 3,
    "text/xml": 3,
    "application/xml": 3,
}
_NOT_NEWS = re.compile(r"comment|/wp-json/oembed|replies|author|podcast|video|sport", re.IGNORECASE)
_FEED_ADDRESS = re.compile(
    r"(?:/|\b)(?:rss|feeds?|atom|feed\.xml|rss\.xml|allnews)(?:[/?.]|$)", re.IGNORECASE
)
_FEED_WORDS = re.compile(r"\brss\b|\bfeed\b|آر\s?اس\s?اس|خروجی", re.IGNORECASE)
_TELEGRAM = re.compile(r"^https?://(?:t|telegram)\.me/(?:s/)?([A-Za-z][A-Za-z0-9_]{3,31})/?$")

COMMON_FEEDS = (
    "/feed/",
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/fa/rss/allnews",
    "/atom.xml",
    "/index.xml",
    "/feeds/home",
)
"""Where feeds stand on sites that do not name them: WordPress, and the systems that Iranian and Pakistani outlets run."""

COMMON_SITEMAPS = (
    "/news-sitemap.xml",
    "/sitemap-news.xml",
    "/sitemap_news.xml",
    "/googlenews.xml",
    "/sitemap.xml",
    "/sitemap_index.xml",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to try: `why` says where it was found; a lower `order` is likelier to be right."""

    kind: SourceKind
    url: str
    why: str
    title: str | None = None
    order: int = 0


def candidates(
    page: bytes | None, url: str, content_type: str | None = None, *, robots_sitemaps: Iterable[str] = ()
) -> tuple[Candidate, ...]:
    """What to try for a site, from one of its pages (None where it did not come) and the sitemaps of robots.txt.

    Feeds that the page names come first, then news sitemaps, links that look like feeds, the usual places, a
    Telegram channel that the page links to, and last the page itself as a section page.
    """
    links = Links(url)
    found: dict[tuple[str, str], Candidate] = {}

    def add(candidate: Candidate) -> None:
        key = (candidate.kind, candidate.url.split("#")[0])
        if key not in found or candidate.order < found[key].order:
            found[key] = candidate

    if page is not None:
        for candidate in _from_page(page, content_type, links):
            add(candidate)
    for address in robots_sitemaps:
        if target := links.resolve(address):
            news = "news" in urlsplit(target).path.lower()
            add(Candidate("sitemap", target, "named in robots.txt", order=10 if news else 25))
    root = urljoin(url, "/")
    for number, path in enumerate(COMMON_FEEDS):
        add(Candidate("feed", urljoin(root, path), "a usual place", order=40 + number))
    for number, path in enumerate(COMMON_SITEMAPS):
        add(Candidate("sitemap", urljoin(root, path), "a usual place", order=50 + number))
    if page is not None:
        add(Candidate("section", url, "the page itself", order=30))
    return tuple(sorted(found.values(), key=lambda each: each.order)[:MAX_CANDIDATES])


def _from_page(page: bytes, content_type: str | None, links: Links) -> Iterable[Candidate]:
    tree = parse_html(decode_html(page, content_type))
    base = tree.xpath("string(//base[@href]/@href)")
    if base and (absolute := links.resolve(base)):
        links.base = absolute
    for link in tree.iter("link"):
        relations = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        target = links.resolve(link.get("href"))
        if target is None:
            continue
        title = " ".join((link.get("title") or "").split())[:200] or None
        if "alternate" in relations and kind in _FEED_TYPES:
            aside = 5 if _NOT_NEWS.search(f"{target} {title or ''}") else 0
            if _FEED_TYPES[kind] < 3 or _FEED_ADDRESS.search(target):
                yield Candidate("feed", target, "named by the page", title, _FEED_TYPES[kind] + aside)
        elif "sitemap" in relations:
            yield Candidate("sitemap", target, "named by the page", title, 20)
    for anchor in tree.iter("a"):
        target = links.resolve(anchor.get("href"))
        if target is None:
            continue
        words = " ".join(anchor.text_content().split())[:200]
        channel = _TELEGRAM.match(target.split("?")[0])
        if channel and channel[1].lower() not in {"share", "joinchat", "iv"}:
            yield Candidate(
                "telegram", f"https://t.me/s/{channel[1]}", "linked from the page", words or None, 35
            )
        elif _FEED_ADDRESS.search(urlsplit(target).path) or (_FEED_WORDS.search(words) and len(words) < 30):
            yield Candidate(
                "feed", target, "linked from the page", words or None, 15 + 5 * bool(_NOT_NEWS.search(target))
            )
