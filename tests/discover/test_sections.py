"""Section pages: article links told from navigation on pages built like the region's outlets build them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.discover.addresses import address_score
from crawler.discover.listing import ListingError
from crawler.discover.sections import STEADY_CHECKS, parse_section

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAV = (
    '<header><div class="logo"><a href="/">Home</a></div><nav><ul><li><a href="/latest-news">Latest News</a></li>'
    '<li><a href="/pakistan">Pakistan</a></li><li><a href="/category/world-news-today-and-now">World news today and now</a></li></ul></nav></header>'
)
FOOTER = (
    '<footer><a href="/about-us">About us and how we report the news</a><a href="/privacy-policy">Privacy</a>'
    '<a href="https://facebook.com/x">Facebook</a><a href="/rss">RSS</a></footer>'
)


def urls(body: str, url: str = "https://news.example/border", **options: object) -> list[str]:
    listing = parse_section(body.encode(), url, now=NOW, **options)  # type: ignore[arg-type]
    return [entry.url.removeprefix("https://news.example") for entry in listing.entries]


def page(content: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>Border | News</title></head><body>{NAV}<main>{content}</main>{FOOTER}</body></html>'


SLUGS = [
    "gunmen-kill-four-guards-near-saravan",
    "taftan-crossing-reopens-after-three-days",
    "fuel-carriers-shot-at-border-fence",
]


def test_slugs_in_cards() -> None:
    cards = "".join(
        f'<article class="card"><a href="/story/{slug}"><img src="x.jpg" alt=""></a><h2><a href="/story/{slug}">{slug.replace("-", " ").title()}</a></h2>'
        f'<a class="author" href="/author/reporter-{n}">Reporter</a><time datetime="2026-11-24T0{n}:00:00+05:00">today</time></article>'
        for n, slug in enumerate(SLUGS)
    )
    listing = parse_section(page(cards).encode(), "https://news.example/border", now=NOW)
    assert [entry.url for entry in listing.entries] == [
        f"https://news.example/story/{slug}" for slug in SLUGS
    ]
    assert listing.entries[0].title == "Gunmen Kill Four Guards Near Saravan"
    assert listing.entries[1].published is not None
    assert listing.entries[1].published.at == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert (listing.title, listing.language) == ("Border | News", "en")


def test_numbers_and_persian_headlines() -> None:
    rows = "".join(
        f'<li class="news"><a href="/news/{85321230 + n}/{"%D8%AF%D8%B1%DA%AF%DB%8C%D8%B1%DB%8C"}">درگیری تازه در نقطه صفر مرزی سراوان شماره {n}</a></li>'
        for n in range(6)
    )
    menu = "".join(f'<li><a href="/service/{name}">{name}</a></li>' for name in ("سیاسی", "اقتصادی", "ورزشی"))
    assert urls(page(f'<div class="top-menu"><ul>{menu}</ul></div><ul>{rows}</ul>')) == [
        f"/news/{85321230 + n}/%D8%AF%D8%B1%DA%AF%DB%8C%D8%B1%DB%8C" for n in range(6)
    ]


def test_short_headlines_are_carried_by_their_neighbours() -> None:
    rows = "".join(
        f'<h3><a href="/2026/11/{n + 10}/story-{n}.html">{title}</a></h3>'
        for n, title in enumerate(
            [
                "Border closed",
                "Four men killed in strike near the fence",
                "Truce",
                "Iran and Pakistan agree on new crossing at Kuhak",
            ]
        )
    )
    assert len(urls(page(rows))) == 4


def test_addresses_that_say_nothing_need_headlines() -> None:
    rows = "".join(
        f'<li><a href="/a{n}">Clashes reported near the border in district {n}</a></li>' for n in range(8)
    )
    assert len(urls(page(f"<ul>{rows}</ul>"))) == 8


def test_history_tells_new_links_from_furniture() -> None:
    rows = (
        '<div><a href="/special">Special coverage of the region</a></div><div><a href="/kuhak-gate">Kuhak gate opens for trade</a></div>'
        + "".join(f'<h2><a href="/story/{slug}">{slug.replace("-", " ")}</a></h2>' for slug in SLUGS)
    )
    known = {"https://news.example/special": STEADY_CHECKS + 5} | {
        f"https://news.example/story/{slug}": 1 for slug in SLUGS
    }
    found = urls(page(rows), known=known)
    assert "/kuhak-gate" in found
    assert "/special" not in found
    assert len(found) == 4


def test_link_pattern_overrules() -> None:
    rows = '<a href="/x/1">a</a><a href="/y/2">b</a>'
    assert urls(page(rows), link_pattern=r"/x/\d+") == ["/x/1"]
    with pytest.raises(ListingError, match=r"None of the \d+ links on the page fits `link_pattern`"):
        urls(page(rows), link_pattern="/zzz/")
    with pytest.raises(ListingError, match="is no regular expression"):
        urls(page(rows), link_pattern="(")


def test_other_sites_files_and_fragments_are_no_articles() -> None:
    rows = "".join(
        f'<h2><a href="{href}">A long enough headline about the border today</a></h2>'
        for href in (
            "https://other.example/2026/11/24/story-about-the-border",
            "/report-of-the-year-in-full.pdf",
            "javascript:void(0)",
            "#top",
            "/story/one-two-three-four#comments",
        )
    )
    assert urls(page(rows)) == ["/story/one-two-three-four"]


def test_sub_domains_and_base() -> None:
    body = '<html><head><base href="https://urdu.news.example/x/"></head><body><h2><a href="12345678">Four words or more here</a></h2></body></html>'
    assert urls(body) == ["https://urdu.news.example/x/12345678"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "It may be an error page or keep robots out."),
        (
            "<script></script><script></script><script></script><div id=app></div>",
            "It seems to build itself by scripts",
        ),
        (page("<p>none</p>"), "looks like an article. Set `link_pattern`"),
    ],
)
def test_pages_without_articles_say_so(body: str, sentence: str) -> None:
    with pytest.raises(ListingError) as caught:
        urls(body)
    assert sentence in str(caught.value)


def test_many_links_are_linear() -> None:
    rows = "".join(
        f'<div><a href="/news/{100000 + n}">Headline number {n} about something at the border</a></div>'
        for n in range(4000)
    )
    assert len(urls(page(rows))) == 4000


@pytest.mark.shared
def test_addresses_of_real_articles_look_like_articles(shared_dir: object) -> None:
    import json
    from pathlib import Path

    lines = (Path(str(shared_dir)) / "corpus" / "truth.jsonl").read_text(encoding="utf-8").split("\n")
    scores = [address_score(json.loads(line)["url"]) for line in lines if line]
    # With a headline (2.0) and a place in the page (0.5), 0.5 reaches the threshold.
    assert sum(score >= 0.5 for score in scores) / len(scores) > 0.9
