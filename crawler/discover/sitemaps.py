"""Sitemaps (sitemaps.org 0.9, Google News 0.9): indexes, news sitemaps, plain address lists, gz and text.

A news sitemap dates its entries (`news:publication_date`); a plain one only says when a page changed
(`lastmod`), which is no publication date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawler.discover.listing import MAX_ENTRIES, Child, Links, Listing, ListingError, counted, one_line
from crawler.discover.markup import decode, html_instead, local, require_xml, unpack, walk, well_formed
from crawler.discover.times import Times
from storage.model import Entry

MAX_CHILDREN = 5_000
"""Most sitemaps that are taken from an index (the protocol allows 50,000; no news site needs as many)."""

_NAMES = frozenset({"url", "sitemap"})


def parse_sitemap(
    body: bytes,
    url: str,
    content_type: str | None = None,
    *,
    now: datetime,
    timezone: str | None = None,
) -> Listing:
    """Entries of a sitemap, or the children of a sitemap index. Raises `ListingError`."""
    unpacked, packing = unpack(body, url, content_type)
    decoded = decode(unpacked, content_type)
    problems = [*packing, *decoded.problems]
    links, times = Links(url), Times("sitemap", now, timezone)
    if decoded.text.lstrip()[:4].lower() == "http":
        return _text_sitemap(decoded.text, links, problems)
    data, found = well_formed(require_xml(decoded.text, "sitemap"))
    problems += found
    reader = _Reader(links, times)
    root = walk(data, _NAMES, reader.take)
    name = local(root) if root is not None else ""
    if name == "html":
        raise html_instead(decoded.text, "sitemap")
    if name in {"rss", "feed", "rdf"}:
        raise ListingError("not a sitemap", "It is a feed, not a sitemap: configure it as `feed = …`.")
    if name not in {"urlset", "sitemapindex"} and not reader.entries and not reader.children:
        raise ListingError(
            "xml", "It is broken XML from its first line on: no address can be read. Tell the publisher."
        )
    index = bool(reader.children) and not reader.entries
    return Listing(
        entries=tuple(reader.entries.values()),
        kind="sitemap index" if index or name == "sitemapindex" else "sitemap",
        title=reader.title,
        language=reader.language,
        children=tuple(reader.children.values()),
        problems=tuple(problems + reader.problems()),
    )


def newest_children(listing: Listing, limit: int = 3) -> tuple[Child, ...]:
    """The sitemaps of an index that news is likely in: named so, else the ones that changed last.

    Sites list years of archives in one index; reading all of them again and again would help nobody.
    """
    news = [child for child in listing.children if _is_news(child.url)]
    pool = news or list(listing.children)
    dated = sorted((c for c in pool if c.modified), key=lambda c: c.modified or datetime.min, reverse=True)  # noqa: DTZ901
    undated = [child for child in pool if child.modified is None]
    # Without dates, numbered archives end (or begin) with the newest one: take both ends.
    ends = undated if len(undated) <= limit else [*undated[: limit - 1], undated[-1]]
    return tuple((dated + ends)[:limit])


def _is_news(url: str) -> bool:
    path = url.split("//", 1)[-1].partition("/")[2].lower()
    return any(word in path for word in ("news", "latest", "recent", "today", "google"))


@dataclass(slots=True)
class _Reader:
    links: Links
    times: Times
    entries: dict[str, Entry] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    title: str | None = None
    language: str | None = None
    repeated: int = 0
    capped: bool = False

    def take(self, element: Any) -> bool:
        if len(self.entries) >= MAX_ENTRIES or len(self.children) >= MAX_CHILDREN:
            self.capped = True
            return False
        if local(element) == "sitemap":
            self._child(element)
        else:
            self._entry(element)
        return True

    def _child(self, element: Any) -> None:
        texts = {local(child): child.text for child in element}
        if url := self.links.resolve(texts.get("loc")):
            self.children.setdefault(url, Child(url, self.times.moment(texts.get("lastmod"))))

    def _entry(self, element: Any) -> None:
        address = modified = title = date = language = None
        for child in element:
            name = local(child)
            if name == "loc":
                address = child.text
            elif name == "lastmod":
                modified = child.text
            elif name == "news":
                for part in child.iter():
                    inner = local(part)
                    if inner == "title":
                        title = part.text
                    elif inner == "publication_date":
                        date = part.text
                    elif inner == "language":
                        language = (part.text or "").strip() or None
                    elif inner == "name":
                        self.title = self.title or (part.text or "").strip() or None
        url = self.links.resolve(address)
        if url is None:
            return
        if url in self.entries:
            self.repeated += 1
            return
        self.language = self.language or language
        self.entries[url] = Entry(
            url=url,
            title=one_line(title),
            published=self.times.published(date),
            updated=self.times.moment(modified),
            language=language,
        )

    def problems(self) -> list[str]:
        told = []
        if self.capped:
            limit, noun = (MAX_ENTRIES, "entries") if self.entries else (MAX_CHILDREN, "sitemaps")
            told.append(f"It lists more than {limit:,} {noun}; the first {limit:,} were taken.")
        told += self.links.problems()
        if self.repeated:
            told.append(
                f"{counted(self.repeated, 'entry is', 'entries are')} listed twice; each was taken once."
            )
        return told + self.times.problems()


def _text_sitemap(text: str, links: Links, problems: list[str]) -> Listing:
    """A sitemap of the plain kind: one address a line."""
    lines = text.splitlines()
    urls = dict.fromkeys(filter(None, (links.resolve(line) for line in lines[:MAX_ENTRIES] if line.strip())))
    if len(lines) > MAX_ENTRIES:
        problems = [
            *problems,
            f"It lists more than {MAX_ENTRIES:,} entries; the first {MAX_ENTRIES:,} were taken.",
        ]
    return Listing(
        entries=tuple(Entry(url) for url in urls), kind="sitemap", problems=tuple(problems + links.problems())
    )
