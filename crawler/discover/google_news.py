"""Google News search feeds: their links lead to a page of Google's, which names the publisher's address.

Two ways lead out of it without a browser: older links carry the address inside their own identifier, and the
page behind the others usually names it. Where neither does, the entry stays as listed and the page is not an
article; the sources' own feeds are the better way (the presets rank these searches lowest).
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qs, urlsplit

from crawler.decode import decode_html
from crawler.discover.html_tree import parse_html

_HOSTS = frozenset({"news.google.com", "www.google.com"})
_INSIDE = re.compile(rb"https?://[\x21-\x7e]{6,2000}")
_OWN = re.compile(
    r"^https?://(?:[\w.-]+\.)?(?:google(?:apis|usercontent)?\.com|gstatic\.com|youtube\.com|w3\.org)(?:[/:?]|$)"
)


def is_google_link(url: str) -> bool:
    """Whether an entry's address is one of Google's redirects."""
    parts = urlsplit(url)
    return (parts.hostname in _HOSTS) and bool(re.search(r"/(?:rss/)?(?:articles|read)/|^/url$", parts.path))


def publisher_in_link(url: str) -> str | None:
    """The publisher's address where the link itself carries it (`/url?q=…`, or identifiers of before 2024)."""
    parts = urlsplit(url)
    if parts.path == "/url":
        given = parse_qs(parts.query)
        target = (given.get("q") or given.get("url") or [""])[0]
        return target if target.startswith(("http://", "https://")) and not _OWN.match(target) else None
    identifier = parts.path.rstrip("/").rsplit("/", 1)[-1]
    try:
        inside = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4))
    except (binascii.Error, ValueError):
        return None
    # Length-prefixed text in a small protocol buffer: the byte behind the address is no part of it.
    found = _INSIDE.search(inside)
    if found is None:
        return None
    length = inside[found.start() - 1] if found.start() else 0
    text = (found[0][:length] if 8 < length <= len(found[0]) else found[0]).decode("ascii")
    return None if _OWN.match(text) else text


def publisher_in_page(body: bytes, content_type: str | None = None) -> str | None:
    """The publisher's address that Google's page names: a canonical link, a refresh, `data-n-au`, the only way out."""
    tree = parse_html(decode_html(body, content_type))
    named = [
        *tree.xpath("//@data-n-au"),
        *(
            value.partition("=")[2].strip(" '\"")
            for value in tree.xpath("//meta[translate(@http-equiv, 'REFSH', 'refsh')='refresh']/@content")
        ),
        *tree.xpath("//link[@rel='canonical']/@href"),
        *tree.xpath("//noscript//a/@href"),
        *tree.xpath("//a[@rel='nofollow']/@href"),
    ]
    outside = [url for url in named if url.startswith(("http://", "https://")) and not _OWN.match(url)]
    if outside:
        return str(outside[0])
    others = {
        url
        for url in tree.xpath("//a/@href")
        if url.startswith(("http://", "https://")) and not _OWN.match(url)
    }
    return str(others.pop()) if len(others) == 1 else None
