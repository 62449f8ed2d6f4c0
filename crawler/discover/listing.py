"""What a listing is: the entries of a feed, sitemap, section page or channel, and how reading one can fail.

`parse_listing` sends bytes to the parser of their kind. Every parser here is pure: bytes and addresses in, a
`Listing` out, or a `ListingError` whose text tells a person what came instead and what to do. What is wrong but
survivable (dropped links, dates in the future, a capped length) stands in `Listing.problems`, one sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin, urlsplit

from storage.model import BorderwatchError, Entry, Headers, SourceKind

MAX_BODY_BYTES = 50 * 1024 * 1024
"""Most bytes of a listing that are read, unpacked: what the sitemap protocol allows a sitemap (50 MB)."""

MAX_ENTRIES = 50_000
"""Most entries that are taken from one listing: the sitemap protocol's own limit."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

ListingKind = Literal["rss", "atom", "json", "sitemap", "sitemap index", "section", "telegram"]


class ListingError(BorderwatchError):
    """A listing could not be read as what it was said to be.

    `reason` is a stable key (`html`, `empty`, `too large`, `gzip`, `xml`, `json`, `not a feed`, `not a sitemap`,
    `no entries`, `no preview`, `pattern`); the message is a sentence for a person.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that a sitemap index names; `modified` is its `lastmod` in UTC."""

    url: str
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one listing said. `ttl_s` is seconds; `skip_hours` are UTC hours 0–23, `skip_days` Monday = 0."""

    entries: tuple[Entry, ...]
    kind: ListingKind
    title: str | None = None
    language: str | None = None
    hub: str | None = None
    """WebSub hub that the listing offers."""
    self_url: str | None = None
    """The address that the listing gives as its own (the topic of a WebSub subscription)."""
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    next_page: str | None = None
    """Address of the older entries, where the listing names it."""
    children: tuple[Child, ...] = ()
    problems: tuple[str, ...] = ()


class Links:
    """Resolves the links of one listing and counts the ones that may not be followed."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.dropped: dict[str, int] = {}

    def resolve(self, href: str | None, base: str | None = None) -> str | None:
        """The absolute http(s) address, unchanged but for white space around it; None is counted by its scheme."""
        if not href:
            return None
        href = href.strip().replace("\n", "").replace("\r", "").replace("\t", "")
        try:
            url = urljoin(base or self.base, href)
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return self._drop("broken")
        if _UNPRINTABLE.search(url):
            return self._drop("broken")
        if parts.scheme not in {"http", "https"}:
            return self._drop(f"{parts.scheme}:" if parts.scheme else "broken")
        return url if host else self._drop("broken")

    def _drop(self, what: str) -> str | None:
        self.dropped[what] = self.dropped.get(what, 0) + 1
        return None

    def problems(self) -> list[str]:
        """One sentence for what was dropped, or none."""
        if not self.dropped:
            return []
        kinds = ", ".join(f"{count} {what}" for what, count in sorted(self.dropped.items()))
        total = sum(self.dropped.values())
        return [f"Left out {counted(total, 'link')} that cannot be fetched ({kinds})."]


def printable(text: str) -> str:
    """The text without control characters and halves of surrogate pairs, which neither databases nor XML take."""
    return _UNPRINTABLE.sub("", text)


def one_line(text: str | None, limit: int = 1_000) -> str | None:
    """A title or name: printable, white space made one space, cut; None where nothing is left."""
    return " ".join(printable(text).split())[:limit].rstrip() or None if text else None


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 link`, `2 links`, `50,000 entries`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def parse_listing(
    kind: SourceKind,
    body: bytes,
    url: str,
    content_type: str | None = None,
    *,
    now: datetime,
    timezone: str | None = None,
    headers: Headers = (),
    link_pattern: str | None = None,
    known: Mapping[str, int] | None = None,
) -> Listing:
    """The listing of a source of that kind. `url` is where the bytes came from (behind redirects).

    `now` (UTC) tells dates in the future; `timezone` is the source's IANA zone for dates without an offset;
    `headers` may offer a hub (`Link`); `link_pattern` and `known` (address → checks it was seen in) go to section
    pages. Raises `ListingError`.
    """
    # The parsers import this module's records, so they are imported where they are used.
    from crawler.discover.feeds import parse_feed  # noqa: PLC0415
    from crawler.discover.sections import parse_section  # noqa: PLC0415
    from crawler.discover.sitemaps import parse_sitemap  # noqa: PLC0415
    from crawler.discover.telegram import parse_channel  # noqa: PLC0415

    if kind == "feed":
        return parse_feed(body, url, content_type, now=now, timezone=timezone, headers=headers)
    if kind == "sitemap":
        return parse_sitemap(body, url, content_type, now=now, timezone=timezone)
    if kind == "telegram":
        return parse_channel(body, url, content_type, now=now)
    return parse_section(
        body, url, content_type, now=now, timezone=timezone, link_pattern=link_pattern, known=known
    )


def changed_ids(before: Iterable[tuple[str, str | None]], listing: Listing) -> str | None:
    """The sentence for a feed that gives its entries new ids on every fetch, or None.

    `before` holds address and id of entries of an earlier fetch. Harmless, as entries are told apart by address;
    said because other readers show each of these entries again and again.
    """
    ids = {url: guid for url, guid in before if guid}
    both = [entry for entry in listing.entries if entry.guid and entry.url in ids]
    changed = sum(entry.guid != ids[entry.url] for entry in both)
    if len(both) < 3 or changed * 2 < len(both):
        return None
    return (
        f"{counted(changed, 'entry', 'entries')} of {len(both)} came with another id than last time; "
        "entries are told apart by address instead."
    )
