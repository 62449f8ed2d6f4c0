"""Sitemaps: news, plain, index, text, gz; and what is none."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest

from crawler.discover.listing import Child, ListingError, parse_listing
from crawler.discover.sitemaps import newest_children, parse_sitemap

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://news.example/news-sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def news(*urls: str) -> bytes:
    rows = "".join(
        f"<url><loc>{url}</loc><lastmod>2026-11-24T11:00:00Z</lastmod><news:news><news:publication><news:name>Border News</news:name>"
        "<news:language>ur</news:language></news:publication><news:publication_date>2026-11-24T15:00:00+05:00</news:publication_date>"
        "<news:title>سرحد پر جھڑپ</news:title></news:news><image:image xmlns:image='i'><image:loc>https://x.example/p.jpg</image:loc>"
        "</image:image></url>"
        for url in urls
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NS}>{rows}</urlset>'.encode()


def test_news_sitemap() -> None:
    listing = parse_sitemap(news("https://news.example/1", "https://news.example/1", "/2"), URL, now=NOW)
    entry = listing.entries[0]
    assert (listing.kind, listing.title, listing.language) == ("sitemap", "Border News", "ur")
    assert (entry.url, entry.title, entry.language) == ("https://news.example/1", "سرحد پر جھڑپ", "ur")
    assert entry.published is not None
    assert (entry.published.at, entry.published.offset_minutes, entry.published.provenance) == (
        datetime(2026, 11, 24, 10, tzinfo=UTC),
        300,
        "sitemap",
    )
    assert entry.updated == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert listing.entries[1].url == "https://news.example/2"
    assert listing.problems == ("1 entry is listed twice; each was taken once.",)


def test_plain_sitemap_dates_nothing() -> None:
    body = f"<urlset {NS}><url><loc> https://news.example/1 </loc><lastmod>2026-11-20</lastmod></url></urlset>".encode()
    entry = parse_sitemap(body, URL, now=NOW).entries[0]
    assert (entry.url, entry.published, entry.updated) == (
        "https://news.example/1",
        None,
        datetime(2026, 11, 20, tzinfo=UTC),
    )


def test_index_and_its_newest_children() -> None:
    rows = "".join(
        f"<sitemap><loc>https://news.example/{name}.xml</loc><lastmod>2026-11-{day:02}</lastmod></sitemap>"
        for name, day in (("posts-1", 1), ("posts-2", 20), ("news", 10), ("pages", 24))
    )
    listing = parse_sitemap(
        gzip.compress(f"<sitemapindex {NS}>{rows}</sitemapindex>".encode()), URL + ".gz", now=NOW
    )
    assert listing.kind == "sitemap index"
    assert [child.url.rsplit("/", 1)[1] for child in newest_children(listing)] == ["news.xml"]
    without_news = parse_sitemap(
        f"<sitemapindex {NS}>{rows.replace('/news.xml', '/x.xml')}</sitemapindex>".encode(), URL, now=NOW
    )
    assert [child.url.rsplit("/", 1)[1] for child in newest_children(without_news, 2)] == [
        "pages.xml",
        "posts-2.xml",
    ]


def test_index_without_dates_takes_both_ends() -> None:
    children = tuple(Child(f"https://s.example/{n}.xml") for n in range(10))
    listing = parse_sitemap(f"<sitemapindex {NS}/>".encode(), URL, now=NOW)
    assert listing.entries == ()
    picked = newest_children(type(listing)(entries=(), kind="sitemap index", children=children))
    assert [child.url for child in picked] == [
        "https://s.example/0.xml",
        "https://s.example/1.xml",
        "https://s.example/9.xml",
    ]


def test_text_sitemap() -> None:
    listing = parse_sitemap(b"https://news.example/1\n\nhttps://news.example/2\nmailto:x\n", URL, now=NOW)
    assert [entry.url[-1] for entry in listing.entries] == ["1", "2"]
    assert listing.problems == ("Left out 1 link that cannot be fetched (1 mailto:).",)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><title>404</title>", "a web page titled “404” instead of a sitemap"),
        (b'<rss version="2.0"><channel><title>x</title></channel></rss>', "configure it as `feed"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        (b"  \n", "The answer is empty; a sitemap was expected."),
    ],
)
def test_what_is_no_sitemap(body: bytes, sentence: str) -> None:
    with pytest.raises(ListingError) as caught:
        parse_listing("sitemap", body, URL, now=NOW)
    assert sentence in str(caught.value)


def test_ten_thousand_entries_are_quick() -> None:
    body = news(*(f"https://news.example/{n}" for n in range(10_000)))
    began = time.process_time()
    assert len(parse_sitemap(body, URL, now=NOW).entries) == 10_000
    # 0.35 s of CPU here, with a busy neighbour.
    assert time.process_time() - began < 3.0
