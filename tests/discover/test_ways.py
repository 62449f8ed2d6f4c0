"""Autodiscovery, pages back in time, Google News links, and robots.txt verdicts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from crawler.discover.autodiscovery import candidates
from crawler.discover.feeds import parse_feed
from crawler.discover.google_news import is_google_link, publisher_in_link, publisher_in_page
from crawler.discover.listing import Listing
from crawler.discover.pagination import goes_on, older_page
from crawler.robots import LIFETIME, judge
from storage.model import Entry, Published

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_candidates_of_a_site() -> None:
    page = (
        b'<html><head><link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">'
        b'<link rel="alternate" type="application/rss+xml" title="Border News" href="/feed/"><link rel="alternate" hreflang="ur" href="/ur"></head>'
        b'<body><a href="/fa/rss/allnews">RSS</a><a href="https://t.me/borderdesk">Telegram</a><a href="javascript:x">RSS</a></body></html>'
    )
    found = candidates(
        page,
        "https://news.example/",
        robots_sitemaps=["https://news.example/archive.xml", "https://news.example/news.xml"],
    )
    assert [(each.kind, each.url.removeprefix("https://news.example")) for each in found[:7]] == [
        ("feed", "/feed/"),
        ("feed", "/comments/feed/"),
        ("sitemap", "/news.xml"),
        ("feed", "/fa/rss/allnews"),
        ("sitemap", "/archive.xml"),
        ("section", "/"),
        ("telegram", "https://t.me/s/borderdesk"),
    ]
    assert found[0].title == "Border News"
    assert len({(each.kind, each.url) for each in found}) == len(found) <= 20


def test_candidates_without_a_page_are_the_usual_places() -> None:
    found = candidates(None, "https://news.example/a/b")
    assert found[0].url == "https://news.example/feed/"
    assert all(each.kind != "section" for each in found)


def test_older_pages() -> None:
    body = b'<rss version="2.0"><channel><generator>https://wordpress.org/?v=6</generator><item><link>https://n.example/1</link></item></channel></rss>'
    listing = parse_feed(body, "https://n.example/feed/", now=NOW)
    assert older_page("feed", listing, "https://n.example/feed/", body) == "https://n.example/feed/?paged=2"
    assert (
        older_page("feed", listing, "https://n.example/feed/?paged=2", body)
        == "https://n.example/feed/?paged=3"
    )
    assert older_page("feed", listing, "https://n.example/feed/", b"<rss/>") is None
    section = Listing(entries=(), kind="section")
    assert (
        older_page(
            "section",
            section,
            "https://n.example/x",
            b'<a class="next page-numbers" href="/x/page/2">Next</a>',
        )
        == "https://n.example/x/page/2"
    )
    assert (
        older_page("section", section, "https://n.example/x", '<a href="?p=2">صفحه بعدی</a>'.encode())
        == "https://n.example/x?p=2"
    )
    assert (
        older_page(
            "section", section, "https://n.example/x", b'<a rel="next" href="https://evil.example/2">Next</a>'
        )
        is None
    )
    assert (
        older_page(
            "telegram",
            Listing(entries=(), kind="telegram", next_page="https://t.me/s/x?before=1"),
            "https://t.me/s/x",
        )
        == "https://t.me/s/x?before=1"
    )


def test_how_far_back() -> None:
    def listing(*days: int) -> Listing:
        return Listing(
            tuple(
                Entry(f"https://n.example/{day}", published=Published(NOW - timedelta(days=day), "feed"))
                for day in days
            ),
            "rss",
        )

    since = NOW - timedelta(days=7)
    assert goes_on(listing(5, 6), since, 1, seen_before=0)
    assert not goes_on(listing(8, 9), since, 1, seen_before=0)
    assert not goes_on(listing(5, 6), since, 1, seen_before=2)
    assert not goes_on(listing(5), since, 50, seen_before=0)
    undated = Listing((Entry("https://n.example/1"),), "section")
    assert goes_on(undated, since, 4, seen_before=0)
    assert not goes_on(undated, since, 5, seen_before=0)


def test_google_links() -> None:
    target = "https://dawn.com/news/1900000/clash-at-the-border"
    inside = b"\x08\x13\x22" + bytes([len(target)]) + target.encode() + b"\xd2\x01\x00"
    link = (
        "https://news.google.com/rss/articles/"
        + base64.urlsafe_b64encode(inside).decode().rstrip("=")
        + "?oc=5"
    )
    assert is_google_link(link)
    assert publisher_in_link(link) == target
    assert publisher_in_link(f"https://www.google.com/url?q={target}&sa=U") == target
    assert publisher_in_link("https://news.google.com/rss/articles/CBMiAAAA?oc=5") is None
    assert not is_google_link("https://news.google.com.evil.example/rss/articles/x")
    page = f'<html><c-wiz data-n-au="{target}"></c-wiz><a href="https://policies.google.com/x">x</a></html>'
    assert publisher_in_page(page.encode()) == target
    assert publisher_in_page(b'<a href="https://support.google.com/x">x</a>') is None


def test_robots_rules() -> None:
    body = b"User-agent: *\nDisallow: /private\nCrawl-delay: 7\n\nUser-agent: borderwatch\nDisallow: /no\nAllow: /no/yes\nCrawl-delay: 2\nSitemap: https://h.example/s.xml\n"
    rules = judge(200, body, NOW)
    assert [
        rules.allowed(f"https://h.example{path}") for path in ("/private", "/no", "/no/yes", "/robots.txt")
    ] == [True, False, True, True]
    assert (rules.crawl_delay_s(), rules.sitemaps()) == (2.0, ("https://h.example/s.xml",))
    assert rules.fresh(NOW + LIFETIME / 2)
    assert not rules.fresh(NOW + LIFETIME)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (404, "allow all"),
        (403, "allow all"),
        (301, "allow all"),
        (500, "disallow all"),
        (503, "disallow all"),
        (None, "disallow all"),
    ],
)
def test_robots_by_status(status: int | None, verdict: str) -> None:
    rules = judge(status, b"", NOW)
    assert rules.verdict == verdict
    assert rules.allowed("https://h.example/x") == (verdict == "allow all")
    assert rules.allowed("https://h.example/robots.txt")


def test_unreachable_robots_keeps_the_last_text_and_then_counts_as_absent() -> None:
    known = judge(200, b"User-agent: *\nDisallow: /x\n", NOW)
    later = judge(503, b"", NOW + timedelta(days=2), previous=known)
    assert (later.verdict, later.allowed("https://h.example/x"), later.allowed("https://h.example/y")) == (
        "rules",
        False,
        True,
    )
    never = judge(None, b"", NOW)
    still = judge(None, b"", NOW + timedelta(days=29), previous=never)
    absent = judge(None, b"", NOW + timedelta(days=31), previous=still)
    assert (still.verdict, absent.verdict) == ("disallow all", "allow all")
    assert "for over 30 days" in absent.reason
    again = judge(None, b"", NOW + timedelta(days=32), previous=absent)
    assert again.verdict == "allow all"


def test_a_huge_robots_file_and_a_page_in_its_place() -> None:
    body = b"User-agent: *\n" + b"Disallow: /aaaaaaaaaaaaaaaaaaaaaaa\n" * 100_000
    rules = judge(200, body, NOW)
    assert len(rules.body) <= 512 * 1024
    assert not rules.allowed("https://h.example/aaaaaaaaaaaaaaaaaaaaaaa1")
    assert judge(200, b"<!doctype html><title>Not found</title>", NOW).allowed("https://h.example/x")
