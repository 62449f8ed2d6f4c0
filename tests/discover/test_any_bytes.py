"""Whatever bytes come: each parser answers with a listing whose links can be fetched, or with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discover.autodiscovery import candidates
from crawler.discover.google_news import is_google_link, publisher_in_link, publisher_in_page
from crawler.discover.listing import Listing, ListingError, parse_listing
from crawler.discover.pagination import older_page
from crawler.discover.times import read_date
from crawler.robots import judge
from storage.model import SourceKind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

HREFS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "http://[::1",
            "//",
            "///x",
            "http://a.example:99999/",
            "HTTP://Ü.example/é",
            "\x00",
            "https://user:pw@h.example/",
            "?",
            "#",
            "http://%zz/",
        ]
    ),
)
PIECES = st.sampled_from(
    [
        b"<a href='/news/12345678/x'>A headline of six words at least</a>",
        b"<div data-post='x/1'><div class='js-message_text'>",
        b"<time datetime='9999-99-99'>",
        b"<link rel=alternate type=application/rss+xml href=",
        b"<base href='http://['>",
        b"<urlset><url><loc>",
        b"<sitemapindex><sitemap>",
        b"<rss><channel><item>",
        b"<![CDATA[",
        b"<!DOCTYPE x [",
        b"</div>",
        b"\xff\xfe",
        b"\xd9\x85\xd8\xb1\xd8\xb2",
    ]
)
BODIES = st.lists(
    st.one_of(
        PIECES,
        st.binary(max_size=30),
        HREFS.map(
            lambda href: f'<a href="{href}">A headline of six words at least</a>'.encode("utf-8", "replace")
        ),
    ),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize("kind", get_args(SourceKind))
@settings(max_examples=60, deadline=None)
@given(body=BODIES)
def test_listings(kind: SourceKind, body: bytes) -> None:
    try:
        listing = parse_listing(kind, body, "https://news.example/x", None, now=NOW, timezone="Asia/Karachi")
    except ListingError as error:
        sentence = str(error)
        assert sentence.strip().endswith((".", "?", "`.", "!")), sentence
        return
    for entry in listing.entries:
        parts = urlsplit(entry.url)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
        assert entry.published is None or entry.published.at.year >= 1990


@settings(max_examples=60, deadline=None)
@given(body=BODIES, href=HREFS)
def test_ways_to_find_more(body: bytes, href: str) -> None:
    assert all(
        each.url.startswith(("http://", "https://")) for each in candidates(body, "https://news.example/")
    )
    older = older_page("section", Listing((), "section"), "https://news.example/", body)
    assert older is None or older.startswith(("http://", "https://"))
    for found in (publisher_in_page(body), publisher_in_link(f"https://news.google.com/rss/articles/{href}")):
        assert found is None or found.startswith(("http://", "https://"))
    is_google_link("https://news.google.com/rss/articles/x" + href.replace("[", ""))


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), path=st.text(max_size=30))
def test_robots(body: bytes, path: str) -> None:
    rules = judge(200, b"User-agent: *\n" + body, NOW)
    assert isinstance(rules.allowed(f"https://h.example/{path}"), bool)
    delay = rules.crawl_delay_s()
    assert delay is None or 0 <= delay <= 300


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(
            r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2})?([+-]\d{2}:?\d{2}|Z)?)?", fullmatch=True
        ),
    )
)
def test_dates(value: str) -> None:
    found = read_date(value)
    assert found is None or 1990 <= found[0].year <= 2200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 24 Nov 2026 13:30:00 +0500", "2026-11-24T08:30:00+00:00"),
        ("Tue, 24 Nov 2026 13:30:00 PKT", "2026-11-24T08:30:00+00:00"),
        ("24 Nov 2026 13:30 GMT", "2026-11-24T13:30:00+00:00"),
        ("2026-11-24T13:30:00.123+03:30", "2026-11-24T10:00:00+00:00"),
        ("2026-11-24 13:30", "2026-11-24T13:30:00+00:00"),
        ("۱۴۰۵/۰۹/۰۳ ۱۳:۳۰", "2026-11-24T13:30:00+00:00"),
        ("1405-09-03", "2026-11-24T00:00:00+00:00"),
        ("2026-02-30", None),
        ("0001-01-01", None),
        ("yesterday", None),
    ],
)
def test_forms_of_dates(value: str, expected: str | None) -> None:
    found = read_date(value)
    assert (found[0].isoformat() if found else None) == expected
