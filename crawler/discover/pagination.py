"""The address of older entries, for a first crawl back to a date. Pure.

A listing that names its next page (RFC 5005, JSON Feed, Telegram) is believed; a section page's own "next" link
comes next; WordPress feeds are the one case worth a guess. Sitemaps have no pages: their index has children.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.decode import decode_html
from crawler.discover.html_tree import parse_html
from crawler.discover.listing import Links, Listing
from crawler.urls import registrable_domain
from storage.model import SourceKind

MAX_PAGES = 50
"""Most pages that a first crawl goes back."""

_NEXT_WORDS = re.compile(
    r"^\W*(?:next(?: page)?|older(?: posts| entries| news)?|load more|more news|بعدی|صفحه بعد|صفحه بعدی|قدیمی‌تر|اگلا صفحہ|اگلا|مزید)\W*$",
    re.IGNORECASE,
)
_PAGE_PATH = re.compile(r"/page/(\d{1,4})(/?)$")


def older_page(
    kind: SourceKind, listing: Listing, url: str, body: bytes = b"", content_type: str | None = None
) -> str | None:
    """The address of the page with older entries, or None where there is none. `url` is this page's address."""
    if listing.next_page and listing.next_page != url:
        return listing.next_page
    if kind == "section":
        return _linked(body, url, content_type)
    if kind == "feed" and listing.kind in {"rss", "atom"} and b"wordpress.org" in body[:8192].lower():
        return _numbered(url, "paged")
    return None


def goes_on(listing: Listing, since: datetime, pages: int, *, seen_before: int) -> bool:
    """Whether a first crawl that wants everything since `since` should ask for the page after this one.

    `pages` were read so far, this one included; `seen_before` of its entries stood on earlier pages: a site that
    answers every page number with the same list ends so. Listings without any dates end after five pages.
    """
    if not listing.entries or pages >= MAX_PAGES or seen_before >= len(listing.entries):
        return False
    dates = [entry.published.latest() for entry in listing.entries if entry.published]
    return max(dates) >= since if dates else pages < 5


def _linked(body: bytes, url: str, content_type: str | None) -> str | None:
    tree = parse_html(decode_html(body, content_type))
    links = Links(url)
    base = tree.xpath("string(//base[@href]/@href)")
    if base and (absolute := links.resolve(base)):
        links.base = absolute
    site = registrable_domain(urlsplit(url).hostname or "")
    for element in _next_links(tree):
        target = links.resolve(element.get("href"))
        if (
            target
            and target.split("#")[0] != url
            and registrable_domain(urlsplit(target).hostname or "") == site
        ):
            return target
    return None


def _next_links(tree: Any) -> list[Any]:
    """Elements that say they lead to the next page: by `rel`, by class, then by their words."""
    related = [
        element for element in tree.iter("link", "a") if "next" in (element.get("rel") or "").lower().split()
    ]
    classed = tree.xpath(
        "//a[contains(concat(' ', normalize-space(@class), ' '), ' next ') or contains(@class, 'next page-numbers')]"
    )
    worded = [
        anchor
        for anchor in tree.iter("a")
        if _NEXT_WORDS.match(
            " ".join(anchor.text_content().split())[:40] or anchor.get("aria-label", "")[:40]
        )
    ]
    return [*related, *classed, *worded]


def _numbered(url: str, parameter: str) -> str | None:
    """The same address with the next page number, in the path where it stands there already."""
    parts = urlsplit(url)
    if in_path := _PAGE_PATH.search(parts.path):
        path = f"{parts.path[: in_path.start()]}/page/{int(in_path[1]) + 1}{in_path[2]}"
        return urlunsplit(parts._replace(path=path))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    current = next((value for key, value in pairs if key == parameter), "1")
    if not current.isdecimal() or int(current) >= MAX_PAGES:
        return None
    rest = [(key, value) for key, value in pairs if key != parameter]
    return urlunsplit(parts._replace(query=urlencode([*rest, (parameter, str(int(current) + 1))])))
