"""Feeds: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, JSON Feed 1.x.

Read with libxml2 in recovering mode: 50,000 entries take about a second where feedparser takes 16 (0.33 ms an
entry). feedparser still has the last word on markup in which libxml2 finds no entry at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import feedparser

from crawler.discover.feed_fields import Fields, inner_markup, plain, read_fields
from crawler.discover.json_feeds import parse_json_feed
from crawler.discover.links import hubs_of_headers
from crawler.discover.listing import (
    MAX_ENTRIES,
    Links,
    Listing,
    ListingError,
    ListingKind,
    counted,
)
from crawler.discover.markup import (
    decode,
    html_instead,
    is_torn,
    local,
    require_xml,
    unpack,
    walk,
    well_formed,
)
from crawler.discover.times import Times
from storage.model import Entry, Headers

MAX_TITLE_CHARS = 1_000
MAX_SUMMARY_CHARS = 2_000
TOLERANT_BYTES = 1_000_000
"""Largest broken feed that is given to feedparser, whose tolerant reading takes about a second a megabyte."""

_ITEMS = frozenset({"item", "entry"})
_XML = "{http://www.w3.org/XML/1998/namespace}"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse_feed(
    body: bytes,
    url: str,
    content_type: str | None = None,
    *,
    now: datetime,
    timezone: str | None = None,
    headers: Headers = (),
) -> Listing:
    """The entries of a feed, as listed, and what it says of itself. Raises `ListingError`.

    `url` is where the bytes came from, against which relative links are resolved (RFC 3986 section 5.1.3);
    `now` is UTC; `timezone` the IANA zone for dates without an offset.
    """
    unpacked, packing = unpack(body, url, content_type)
    decoded = decode(unpacked, content_type)
    problems = [*packing, *decoded.problems]
    if decoded.text.lstrip()[:1] in {"{", "["}:
        return parse_json_feed(decoded.text, url, now=now, timezone=timezone, problems=problems)
    data, found = well_formed(require_xml(decoded.text, "feed"))
    problems += found
    reader = _Reader(Links(url), Times("feed", now, timezone))
    root = walk(data, _ITEMS, reader.take)
    if root is None:
        raise ListingError(
            "xml", "It is broken XML from its first line on: no entry can be read. Tell the publisher."
        )
    if not reader.entries and len(data) <= TOLERANT_BYTES:
        reader.tolerate(data)
        if reader.entries:
            problems.append("Its XML is broken; what a tolerant reading found was taken.")
        elif reader.without_link and is_torn(data):
            raise ListingError(
                "xml",
                "It is broken XML of which no entry can be read. See it in a browser, and tell the publisher.",
            )
    if local(root) in {"urlset", "sitemapindex"}:
        raise ListingError("not a feed", "It is a sitemap, not a feed: configure it as `sitemap = …`.")
    if local(root) == "html":
        raise html_instead(decoded.text, "feed")
    if local(root) not in {"rss", "rdf", "feed", "channel"} and not reader.entries:
        raise ListingError(
            "not a feed", f"It is XML, but no feed: its first element is <{local(root)}>. Check its address."
        )
    return _about(root, reader, headers, problems)


@dataclass(slots=True)
class _Reader:
    """Collects entries while the XML is walked."""

    links: Links
    times: Times
    entries: list[Entry] = field(default_factory=list)
    urls: set[str] = field(default_factory=set)
    guids: dict[str, str] = field(default_factory=dict)
    without_link: int = 0
    undated: int = 0
    repeated: int = 0
    shared_ids: int = 0
    capped: bool = False

    def take(self, element: Any) -> bool:
        if len(self.entries) >= MAX_ENTRIES:
            self.capped = True
            return False
        self.add(read_fields(element, self.links))
        return True

    def add(self, found: Fields) -> None:
        """An entry of what was read, unless it has no address or has been listed before."""
        url = self.links.resolve(found.link, found.base)
        if url is None:
            self.without_link += not found.link
            return
        if url in self.urls:
            self.repeated += 1
            return
        self.urls.add(url)
        if found.guid:
            self.shared_ids += self.guids.setdefault(found.guid, url) != url
        published = self.times.published(found.published)
        updated = self.times.moment(found.updated)
        if published is None and not found.published:
            # Atom asks for `updated` only; it is the date that such a feed gives.
            published = self.times.published(found.updated)
        self.undated += published is None
        self.entries.append(
            Entry(
                url=url,
                title=plain(found.title, MAX_TITLE_CHARS),
                published=published,
                updated=updated,
                summary=plain(found.summary, MAX_SUMMARY_CHARS),
                authors=tuple(dict.fromkeys(filter(None, (plain(name, 200) for name in found.authors)))),
                language=found.language,
                content_html=found.content or None,
                guid=found.guid,
            )
        )

    def tolerate(self, data: bytes) -> None:
        """What feedparser finds where libxml2 found nothing."""
        parsed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
        for item in parsed.entries[:MAX_ENTRIES]:
            self.add(
                Fields(
                    link=item.get("link"),
                    title=item.get("title"),
                    guid=item.get("id"),
                    published=item.get("published"),
                    updated=item.get("updated"),
                    summary=item.get("summary"),
                )
            )

    def problems(self) -> list[str]:
        told = []
        if self.capped:
            told.append(f"It lists more than {MAX_ENTRIES:,} entries; the first {MAX_ENTRIES:,} were taken.")
        if self.without_link:
            told.append(
                f"{counted(self.without_link, 'entry has', 'entries have')} no link and cannot be fetched."
            )
        told += self.links.problems()
        if self.repeated:
            told.append(
                f"{counted(self.repeated, 'entry is', 'entries are')} listed twice; each was taken once."
            )
        if self.shared_ids:
            told.append(
                f"{counted(self.shared_ids, 'entry shares its id', 'entries share their ids')} with another address; "
                "they are told apart by address."
            )
        told += self.times.problems()
        if self.entries and self.undated == len(self.entries):
            told.append("None of its entries has a usable date; the first sight counts instead.")
        return told


def _about(root: Any, reader: _Reader, headers: Headers, problems: list[str]) -> Listing:
    """The listing with what the feed says of itself."""
    channel = next((child for child in root if local(child) == "channel"), root)
    hub, own, following = hubs_of_headers(headers, reader.links)
    title = language = None
    ttl_s: float | None = None
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    for child in channel:
        name, text = local(child), (child.text or "").strip() if isinstance(child.tag, str) else ""
        if name == "title":
            title = title or plain(inner_markup(child), MAX_TITLE_CHARS)
        elif name == "language":
            language = text or language
        elif name == "ttl":
            ttl_s = float(text) * 60 if text.isascii() and text.isdigit() and len(text) < 8 else ttl_s
        elif name == "skiphours":
            hours = tuple(
                sorted({int(h) % 24 for h in _texts(child) if h.isascii() and h.isdigit() and int(h) <= 24})
            )
        elif name == "skipdays":
            days = tuple(sorted({_DAYS.index(d.lower()) for d in _texts(child) if d.lower() in _DAYS}))
        elif name == "link" and child.get("href"):
            relation = child.get("rel", "alternate").lower()
            target = reader.links.resolve(child.get("href"))
            hub = hub or (target if relation == "hub" else None)
            own = target if relation == "self" else own
            following = target if relation in {"next", "prev-archive"} else following
    kind: ListingKind = "atom" if local(root) == "feed" else "rss"
    return Listing(
        entries=tuple(reader.entries),
        kind=kind,
        title=title,
        language=language or root.get(f"{_XML}lang"),
        hub=hub,
        self_url=own,
        ttl_s=ttl_s,
        skip_hours=hours,
        skip_days=days,
        next_page=following,
        problems=tuple(problems + reader.problems()),
    )


def _texts(element: Any) -> list[str]:
    return [(child.text or "").strip()[:12] for child in element if isinstance(child.tag, str)]
