"""Golden pages (written for these tests) and hostile ones: reading gives a value, never an exception."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.boilerplate import count_lines, learn, line_hashes
from crawler.extract import extract
from storage.model import Article, Capture, Entry, HostProfile, NotAnArticle, Published

PAGES = Path(__file__).parent / "pages"
NOW = datetime(2026, 3, 6, tzinfo=UTC)


def capture(
    body: bytes, url: str = "https://www.chagaipost.example/news/48213/gate?utm_source=rss", **changes: object
) -> Capture:
    made = Capture(url, NOW, 200, (("Content-Type", "text/html; charset=utf-8"),), body, "test", url)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def golden(name: str) -> Capture:
    return capture((PAGES / f"{name}.html").read_bytes())


def read(name: str, entry: Entry | None = None, profile: HostProfile | None = None) -> Article:
    found = extract(golden(name), entry, profile)
    assert not isinstance(found, NotAnArticle), found
    return found[0]


def test_an_english_page_becomes_an_article() -> None:
    article = read("en_gate_closed")
    assert article.title == "Taftan gate closed after firing near fence"
    assert (
        article.canonical_url == "https://www.chagaipost.example/news/48213/taftan-gate-closed-after-firing"
    )
    assert article.published == Published(datetime(2026, 3, 4, 16, 40, tzinfo=UTC), "json-ld", "second", 300)
    assert article.published.isoformat() == "2026-03-04T21:40:00+05:00"
    assert article.modified == datetime(2026, 3, 5, 3, tzinfo=UTC)
    assert article.language == "en"
    assert article.authors == ("Sana Baloch", "Imran Rind")
    assert article.site_name == "The Chagai Post"
    assert article.image == "https://www.chagaipost.example/img/gate.jpg"
    paragraphs = article.text.split("\n")
    assert paragraphs[0].startswith("Officials at Taftan closed the crossing")
    assert paragraphs[-1].endswith("last met in November.")
    for foreign in (
        "Home",
        "Cricket board",
        "that queue for two days",
        "Copyright",
        "Published 4 March",
        article.title,
    ):
        assert foreign not in article.text


def test_a_persian_page_has_its_jalali_date() -> None:
    article = read("fa_mirjaveh", profile=HostProfile("marz.example", timezone="Asia/Tehran"))
    assert article.title == "گذرگاه مرزی میرجاوه تا اطلاع بعدی بسته شد"
    assert article.language == "fa"
    assert article.published is not None
    assert article.published.isoformat() == "2026-03-04T21:10:00+03:30"
    assert article.published.provenance == "text"
    assert article.text.count("\n") == 2
    assert "آرشیو" not in article.text


def test_an_urdu_page_without_any_metadata_is_read() -> None:
    article = read("ur_panjgur", profile=HostProfile("sarhad.example", timezone="Asia/Karachi"))
    assert article.title == "پنجگور میں ایرانی ڈیزل لے جانے والی گاڑیوں پر فائرنگ"
    assert article.language == "ur"
    assert article.published is not None
    assert article.published.isoformat() == "2026-03-04T18:25:00+05:00"
    assert "چیدگی کے قریب سرحدی باڑ" in article.text
    assert "جملہ حقوق" not in article.text


def test_text_that_only_a_script_holds_is_found() -> None:
    article = read("en_state_only")
    assert article.text.count("\n") == 2
    assert "one guard was wounded" in article.text
    assert article.title.startswith("Levies post attacked in Mashkel")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("en_video", "video"), ("en_paywall", "paywall"), ("en_listing", "listing"), ("en_error", "error page")],
)
def test_what_is_no_article_says_why(name: str, reason: str) -> None:
    found = extract(golden(name))
    assert isinstance(found, NotAnArticle)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": 503}, "error page"),
        ({"status": 304}, "error page"),
        ({"status": 301}, "redirect"),
        ({"headers": (("content-type", "application/pdf"),)}, "not a page"),
        ({"headers": (), "body": b"%PDF-1.7 ..."}, "not a page"),
        ({"body": b"  \n"}, "empty"),
        ({"body": b"\x00\x00\x00"}, "empty"),
        ({"body": b"<html><body><p>Soon.</p></body></html>"}, "too short"),
    ],
)
def test_responses_that_hold_no_page_say_why(changes: dict[str, object], reason: str) -> None:
    found = extract(dataclasses.replace(golden("en_gate_closed"), **changes))  # type: ignore[arg-type]
    assert isinstance(found, NotAnArticle)
    assert found.reason == reason


def test_a_listing_with_full_text_is_read_instead_of_the_page() -> None:
    published = Published(datetime(2026, 3, 4, 10, tzinfo=UTC), "telegram")
    entry = Entry(
        "https://t.me/haalvsh/9001",
        published=published,
        content_html="🔴 تیراندازی در <b>مرز سراوان</b><br/>دو سوخت‌بر زخمی شدند.<script>alert(1)</script>",
    )
    found = extract(capture(b""), entry, None)
    assert not isinstance(found, NotAnArticle)
    assert found[0].text == "🔴 تیراندازی در مرز سراوان\nدو سوخت‌بر زخمی شدند."
    assert found[0].title == "🔴 تیراندازی در مرز سراوان"
    assert found[0].canonical_url == "https://t.me/haalvsh/9001"
    assert found[0].published == published
    assert found[0].language == "fa"


def test_the_listing_fills_in_what_the_page_does_not_say() -> None:
    body = (PAGES / "ur_panjgur.html").read_bytes().replace("4 مارچ 2026 ، 18:25".encode(), b"")
    published = Published(datetime(2026, 3, 4, 13, tzinfo=UTC), "feed")
    found = extract(capture(body), Entry("https://a.pk/1", published=published, authors=("Desk",)))
    assert not isinstance(found, NotAnArticle)
    assert found[0].published == published
    assert found[0].authors == ("Desk",)


def test_lines_that_the_host_repeats_are_dropped() -> None:
    template = (PAGES / "en_gate_closed.html").read_text()
    teaser = (
        "The best of our reporting on the province, chosen by the editors every Friday, reaches you by post."
    )
    other = (
        template.replace("Taftan", "Gwadar").replace("Traders", "Fishermen").replace("Officials", "Guards")
    )
    bodies = [page.replace("<h3>Read more", f"<p>{teaser}</p><h3>Read more") for page in (template, other)]
    alone = [extract(capture(body.encode())) for body in bodies]
    lines = [found[0].boilerplate for found in alone if not isinstance(found, NotAnArticle)]
    profile = HostProfile("chagaipost.example", learn(count_lines(lines), 2))
    found = extract(capture(bodies[0].encode()), None, profile)
    assert not isinstance(found, NotAnArticle)
    assert teaser in alone[0][0].text  # type: ignore[index,union-attr]
    assert teaser not in found[0].text
    assert "Traders in Dalbandin" in found[0].text


def test_a_copy_on_the_same_host_keeps_its_text() -> None:
    article = read("en_gate_closed")
    again = read("en_gate_closed", profile=HostProfile("x", frozenset(line_hashes(article.text))))
    assert again.text == article.text


def test_line_hashes_ignore_spelling_forms_and_fit_in_64_bits() -> None:
    assert line_hashes("كابل ایران\n\n***\n") == line_hashes("کابل  ايران!")
    assert all(-(2**63) <= value < 2**63 for value in line_hashes("a\nb\nc"))
    short, long = "a short line", "a long line " * 30
    counts = count_lines([line_hashes(f"{short}\n{long}")] * 2)
    assert learn(counts, 2) == frozenset(line_hashes(short))


HOSTILE = {
    "links, 1 MB": b"<html><body>"
    + b"<div><a href='/x'>some link text here</a> and </div>" * 20_000
    + b"</body></html>",
    "one block of links, 1 MB": b"<html><body><div>"
    + b"<a href='/x'>link</a> word " * 35_000
    + b"</div></body></html>",
    "deep nesting": b"<html><body>" + b"<div>" * 50_000 + b"text" + b"</div>" * 50_000,
    "unclosed fonts": b"<html><body>" + b"<font><b><i>" * 20_000 + b"text",
    "entity bomb": b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><html><body><p>&b;&b;</p></body></html>',
    "nuls": b"<html>\x00<body>\x00<p>" + b"text\x00 " * 200 + b"</p></body></html>",
    "broken bytes": bytes(range(256)) * 200,
    "surrogates": b"<html><body><p>&#xD800;&#xDFFF;&#0;&#x110000;" + b"word " * 100 + b"</p></body></html>",
    "huge attribute": b"<html><body><p class='" + b"a" * 500_000 + b"'>text</p></body></html>",
    "bad json": b'<html><head><script type="application/ld+json">{"@type": ["NewsArticle", {"a":</script></head><body><p>x</p></body></html>',
    "deep json": b'<html><head><script type="application/ld+json">'
    + b"[" * 100_000
    + b"</script></head><body><p>x</p></body></html>",
    "odd json": b'<html><head><script type="application/ld+json">{"@type": 7, "datePublished": {"a": []}, "author": [[["x"]], 3]}</script></head><body><p>x</p></body></html>',
    "xml declaration": b"<?xml version='1.0' encoding='utf-16'?><html><body><p>"
    + b"word " * 100
    + b"</p></body></html>",
    "no markup": b"word " * 1000,
    "impossible dates": b'<html><head><meta property="article:published_time" content="2026-99-99T99:99:99+99:99"><meta name="date" content="31/02/2026"></head><body><p>x</p></body></html>',
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(30)
def test_hostile_pages_give_a_value(name: str) -> None:
    found = extract(capture(HOSTILE[name]))
    assert isinstance(found, NotAnArticle) or found[0].url


@given(st.lists(st.sampled_from(
    ["<p>", "</p>", "<div class='", "comments'>", "<table><tr><td>", "</table>", "<h1>", "<script>", "</script>", "<!--", "-->", "text ",
     "2026-03-04 ", "&amp;", "<a href='x'>", "<meta name=date content='", "۱۲ اسفند ۱۴۰۴", "\x00", "</body>", "<br>", "]]>", "<svg>"]
), max_size=40))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_markup_gives_a_value(pieces: list[str]) -> None:
    found = extract(capture("".join(pieces).encode("utf-8", "surrogatepass")))
    assert isinstance(found, (tuple, NotAnArticle))
