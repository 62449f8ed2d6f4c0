"""The bundled newsroom: its articles, its pages, and that it answers like real publishers do."""

from __future__ import annotations

import gzip
import http.client
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import feedparser
import pytest

from jobs.demo.articles import DemoError, dated, demo_files, human_date, load, parse_age, parse_article
from jobs.demo.newsroom import Newsroom, unchanged
from jobs.demo.pages import LISTING_PATHS, Resource

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One plain request, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=named)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_newsroom_is_large_and_mixed_enough() -> None:
    sites, articles = load()
    assert len(sites) >= 5
    assert sum(article.live is None for article in articles) >= 40
    assert {site.language for site in sites.values()} == {"en", "fa", "ur"}
    assert {site.listing for site in sites.values()} == set(LISTING_PATHS)
    assert {article.kind for article in articles} == {"article", "video", "paywall", "listing"}


def test_truth_knows_every_article_and_agrees_with_their_ages() -> None:
    truth = json.loads((demo_files() / "truth.json").read_text(encoding="utf-8"))
    _, articles = load()
    assert set(truth) == {article.key for article in articles if article.edits is None}
    for article in articles:
        if article.edits is not None:
            assert article.edits in truth
            continue
        row = truth[article.key]
        recent = article.live is not None or (article.age is not None and article.age < timedelta(hours=40))
        assert not row["alert"] or (row["match"] and row["article"] and recent)
        assert not row["match"] or row["story"]
        assert row["article"] == (article.kind == "article")
        if article.copy_of and article.key != "indus-wire/saravan-strike-update-2":
            assert row["same_text_as"] == article.copy_of
    alerted = Counter(row["story"] for row in truth.values() if row["alert"])
    assert len(alerted) == 9
    assert sum(count >= 3 for count in alerted.values()) >= 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h40m", timedelta(hours=2, minutes=40)),
        ("9d4h", timedelta(days=9, hours=4)),
        ("5m", timedelta(minutes=5)),
        ("undated", None),
    ],
)
def test_ages(text: str, expected: timedelta | None) -> None:
    assert parse_age(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "4", "-2h", "2h4"])
def test_wrong_ages_are_named(text: str) -> None:
    with pytest.raises(DemoError, match="is no age"):
        parse_age(text)


def test_an_article_needs_a_rule_and_one_time() -> None:
    head = 'title = "T"\nauthor = ""\nsection = ""\nsummary = ""\n'
    with pytest.raises(DemoError, match="no line ---"):
        parse_article("site", "slug", head)
    with pytest.raises(DemoError, match="exactly one of age and live"):
        parse_article("site", "slug", head + "---\ntext")


def test_dates_follow_the_clock_of_the_reader() -> None:
    sites, articles = load()
    article = next(a for a in articles if a.key == "zahedan-khabar/saravan-attack")
    fixed = dated(article, sites[article.site], NOW)
    assert fixed.published == NOW - timedelta(hours=4, minutes=50)
    assert "دوشنبه" in fixed.paragraphs[1]
    assert human_date(fixed.published, sites[article.site]) == "۱۴ اردیبهشت ۱۴۰۵ - ۱۰:۴۰"
    assert human_date(None, sites[article.site]) == ""


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        (None, None, False),
        ("ETAG", None, True),
        ('W/"other", ETAG', None, True),
        ('"other"', "Mon, 04 May 2026 13:00:00 GMT", False),
        (None, "Mon, 04 May 2026 12:00:00 GMT", True),
        (None, "Mon, 04 May 2026 11:59:59 GMT", False),
        (None, "yesterday", False),
    ],
)
def test_conditional_requests(none_match: str | None, since: str | None, expected: bool) -> None:
    resource = Resource(b"body", "text/plain", NOW)
    tag = none_match.replace("ETAG", resource.etag) if none_match else None
    assert unchanged(resource, tag, since) is expected


@pytest.fixture(scope="module")
def newsroom() -> object:
    with Newsroom() as opened:
        yield opened


def test_feeds_and_sitemaps_list_their_articles(newsroom: Newsroom) -> None:
    for name in ("indus-wire", "quetta-courier"):
        status, headers, body = get(newsroom.listing_url(name))
        assert status == 200
        feed = feedparser.parse(body, response_headers={"content-type": headers["content-type"]})
        assert not feed.bozo
        assert len(feed.entries) >= 9
    status, _, body = get(newsroom.listing_url("arabian-sea-monitor"))
    packed = body.decode().split("<loc>")[1].split("</loc>")[0]
    assert b"news:publication_date" in gzip.decompress(get(packed)[2])


def test_pages_answer_with_validators_and_304(newsroom: Newsroom) -> None:
    url = newsroom.listing_url("indus-wire")
    status, headers, _ = get(url)
    assert status == 200
    assert get(url, If_None_Match=headers["etag"])[0] == 304
    assert get(url, If_Modified_Since=headers["last-modified"])[0] == 304
    assert get(url, If_None_Match='"stale"')[0] == 200


def test_addresses_lead_back_to_articles(newsroom: Newsroom) -> None:
    for name in newsroom.sites:
        base = newsroom.bases[name]
        for article in newsroom.published:
            if article.site == name:
                break
        card = next(hit for hit in _links(get(base + "/")[2].decode()) if newsroom.article_of(base + hit))
        status, _, body = get(base + card)
        assert status == 200
        assert b"<html" in body
    base = newsroom.bases["quetta-courier"]
    assert newsroom.article_of("http://192.0.2.1/x") is None
    assert newsroom.article_of(base + "/nothing") is None
    assert get(base + "/nothing")[0] == 404
    node = get(newsroom.listing_url("quetta-courier"))[2].decode().split('href="')[1].split('"')[0]
    status, headers, _ = get(node)
    assert status == 301
    assert newsroom.article_of(base + headers["location"]) is not None


def test_pages_carry_words_about_the_border_outside_their_text(newsroom: Newsroom) -> None:
    base = newsroom.bases["indus-wire"]
    path = next(link for link in _links(get(base + "/")[2].decode()) if "container-rates" in link)
    page = get(base + path)[2].decode()
    assert "Iran-Pakistan border" in page


def test_publishing_adds_articles_and_edits(newsroom: Newsroom) -> None:
    with Newsroom() as own:
        before = get(own.listing_url("quetta-courier"))[1]["etag"]
        count = len(own.published)
        new = []
        while (article := own.publish_next()) is not None:
            new.append(article)
        edits = [article for article in new if article.edits]
        assert len(edits) == 1
        assert len(own.published) == count + len(new) - len(edits)
        assert get(own.listing_url("quetta-courier"))[1]["etag"] != before
        edited = next(article for article in own.published if article.key == edits[0].edits)
        assert edited.modified is not None
        assert edited.paragraphs[-1] == edits[0].paragraphs[-1]


def _links(html: str) -> list[str]:
    return [part.split('"')[0] for part in html.split('<h3><a href="')[1:]]
