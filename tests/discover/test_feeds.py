"""Feeds: what is read, and the sentence that a person gets for each kind of bad input."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discover.feeds import parse_feed
from crawler.discover.listing import MAX_BODY_BYTES, Listing, ListingError, changed_ids

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://news.example/rss/feed.xml"


def rss(*items: str, head: str = "") -> bytes:
    channel = f"<title>Border News</title>{head}{''.join(items)}"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{channel}</channel></rss>'.encode()


def item(link: str = "https://news.example/a", title: str = "A", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def read(body: bytes, content_type: str | None = None, **options: object) -> Listing:
    return parse_feed(body, URL, content_type, now=NOW, **options)  # type: ignore[arg-type]


def told(body: bytes, content_type: str | None = None) -> str:
    with pytest.raises(ListingError) as caught:
        read(body, content_type)
    return str(caught.value)


def test_rss_with_all_its_fields() -> None:
    body = rss(
        '<item xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        "<title>Clash near &lt;b&gt;Saravan&lt;/b&gt; &amp;amp; Panjgur</title><link> /2026/11/clash \n</link>"
        "<guid isPermaLink='false'>id-7</guid><pubDate>Tue, 24 Nov 2026 13:30:00 +0330</pubDate>"
        "<dc:creator>Reporter</dc:creator><description>&lt;p&gt;Short&lt;/p&gt;</description>"
        "<content:encoded><![CDATA[<p>The whole text.</p>]]></content:encoded></item>",
        head="<language>fa-IR</language><ttl>15</ttl><skipHours><hour>24</hour><hour>3</hour></skipHours>"
        "<skipDays><day>Friday</day></skipDays>"
        '<link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>'
        '<link xmlns="http://www.w3.org/2005/Atom" rel="self" href="https://news.example/rss/self.xml"/>',
    )
    listing = read(body)
    entry = listing.entries[0]
    assert entry.url == "https://news.example/2026/11/clash"
    assert entry.title == "Clash near Saravan & Panjgur"
    assert entry.published is not None
    assert entry.published.at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert entry.published.isoformat() == "2026-11-24T13:30:00+03:30"
    assert (entry.guid, entry.authors, entry.summary) == ("id-7", ("Reporter",), "Short")
    assert entry.content_html == "<p>The whole text.</p>"
    assert (listing.kind, listing.title, listing.language) == ("rss", "Border News", "fa-IR")
    assert (listing.ttl_s, listing.skip_hours, listing.skip_days) == (900.0, (0, 3), (4,))
    assert (listing.hub, listing.self_url) == ("https://hub.example/", "https://news.example/rss/self.xml")
    assert listing.problems == ()


def test_atom_with_base_and_next_page() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ur" xml:base="https://cdn.example/x/"><title>ف</title>'
        '<link rel="next" href="https://news.example/page2"/>'
        '<entry xml:base="y/"><title type="html">&lt;i&gt;خبر&lt;/i&gt;</title><id>tag:1</id><link rel="enclosure" href="a.mp3"/>'
        '<link href="story"/><updated>2026-11-24T10:00:00Z</updated><author><name>نام</name></author>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>متن</p></div></content></entry></feed>'
    ).encode()
    listing = read(body)
    entry = listing.entries[0]
    assert (listing.kind, listing.language, listing.next_page) == ("atom", "ur", "https://news.example/page2")
    assert (entry.url, entry.title, entry.authors) == ("https://cdn.example/x/y/story", "خبر", ("نام",))
    assert entry.content_html is not None
    assert "<p>متن</p>" in entry.content_html
    assert entry.published is not None
    assert entry.published.at == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_rdf() -> None:
    body = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>DW</title></channel>'
        b"<item><title>A</title><link>https://news.example/1</link><dc:date>2026-11-24T08:00:00Z</dc:date></item></rdf:RDF>"
    )
    listing = read(body)
    assert listing.title == "DW"
    assert [entry.url for entry in listing.entries] == ["https://news.example/1"]
    assert listing.entries[0].published is not None


def test_json_feed_and_wordpress_posts() -> None:
    feed = read(
        b'{"version":"https://jsonfeed.org/version/1.1","title":"J","next_url":"/2","hubs":[{"type":"WebSub","url":"https://h.example/"}],'
        b'"items":[{"id":5,"url":"/a","title":"T","content_text":"one\\n\\ntwo","date_published":"2026-11-24T10:00:00+05:00"},{"id":"x"},7]}',
        "application/feed+json",
    )
    assert feed.entries[0].content_html == "<p>one</p><p>two</p>"
    assert (feed.hub, feed.next_page) == ("https://h.example/", "https://news.example/2")
    assert feed.problems == ("2 entries have no link and cannot be fetched.",)
    posts = read(
        b'[{"id":1,"link":"https://news.example/p","title":{"rendered":"A &amp; B"},"date_gmt":"2026-11-24T09:00:00"}]'
    )
    assert (posts.entries[0].title, posts.entries[0].published and posts.entries[0].published.at.hour) == (
        "A & B",
        9,
    )


def test_what_no_database_takes_is_left_out() -> None:
    listing = read(b'{"items":[{"url":"/a","title":"a\\ud800b\\u0000c","content_html":"\\udfff<p>x</p>"}]}')
    assert [(entry.title, entry.content_html) for entry in listing.entries] == [("abc", "<p>x</p>")]


def test_hub_in_the_link_header() -> None:
    headers = (("Link", '<https://hub.example/>; rel="hub", </rss>; rel=self'),)
    listing = read(rss(item()), headers=headers)
    assert (listing.hub, listing.self_url) == ("https://hub.example/", "https://news.example/rss")


def test_named_letters_controls_and_junk_before_the_xml() -> None:
    body = b"\n\n<br />Warning: mysql\n" + rss(
        item(title="a&nbsp;b &eacute;t&eacute; \x0b&amp; c &unknown; d")
    )
    assert read(body).entries[0].title == "a b été & c d"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The answer is empty"),
        (b"<!DOCTYPE html><html><head><title>News</title>", "answered with a web page titled “News” instead of a feed: it has probably moved"),
        (b"<html><title>Just a moment...</title></html>", "keeps robots out"),
        (b"Database error", "is not a feed: it begins with “Database error”"),
        (b"\x1f\x8b\x08\x00junk junk junk", "cannot be unpacked"),
        (b'{"a": ', "looks like JSON but cannot be read"),
        (b'{"a": 1}', "it has no list of `items`"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html><head><title>Gone</title></head></html>', "a web page titled “Gone” instead of a feed"),
        (b'<?xml version="1.0"?><error>no</error>', "It is XML, but no feed: its first element is <error>."),
        (b"[" * 100_000, "looks like JSON but cannot be read"),
        (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://x.example/</loc></url></urlset>', "configure it as `sitemap"),
    ],
)  # fmt: skip
def test_what_is_no_feed(body: bytes, sentence: str) -> None:
    assert sentence in told(body)


def test_links_that_may_not_be_followed_are_counted() -> None:
    body = rss(item("javascript:alert(1)"), item("file:///etc/passwd"), item("http://["), item(""), item())
    listing = read(body)
    assert [entry.url for entry in listing.entries] == ["https://news.example/a"]
    assert listing.problems[:2] == (
        "1 entry has no link and cannot be fetched.",
        "Left out 3 links that cannot be fetched (1 broken, 1 file:, 1 javascript:).",
    )


def test_dates_in_the_future_and_dates_that_are_none() -> None:
    body = rss(
        item("/1", more="<pubDate>Wed, 25 Nov 2026 12:00:00 GMT</pubDate>"),
        item("/2", more="<pubDate>Tue, 24 Nov 2026 16:30:00 GMT</pubDate>"),
        item("/3", more="<pubDate>yesterday</pubDate>"),
        item("/4", more="<pubDate>Tue, 24 Nov 2026 11:00:00 GMT</pubDate>"),
    )
    listing = read(body, timezone="Asia/Karachi")
    hours = [entry.published.at.hour if entry.published else None for entry in listing.entries]
    assert hours == [None, 11, None, 11]
    assert listing.problems == (
        "1 date could not be read; the first sight counts instead.",
        "1 date in the future; the first sight counts instead.",
        "1 date in the future, as local time is marked as UTC; read as Asia/Karachi instead.",
    )


def test_no_dates_at_all() -> None:
    assert read(rss(item())).problems == (
        "None of its entries has a usable date; the first sight counts instead.",
    )


def test_entries_listed_twice_and_shared_ids() -> None:
    body = rss(item("/1", more="<guid>x</guid>"), item("/1"), item("/2", more="<guid>x</guid>"))
    listing = read(body)
    assert [entry.url[-2:] for entry in listing.entries] == ["/1", "/2"]
    assert "1 entry is listed twice; each was taken once." in listing.problems
    assert "1 entry shares its id with another address; they are told apart by address." in listing.problems


def test_ids_that_change_on_every_fetch() -> None:
    listing = read(rss(*(item(f"/{n}", more=f"<guid>new-{n}</guid>") for n in range(5))))
    before = [(f"https://news.example/{n}", f"old-{n}") for n in range(5)]
    assert "5 entries of 5 came with another id than last time" in (changed_ids(before, listing) or "")
    assert changed_ids([(entry.url, entry.guid) for entry in listing.entries], listing) is None


def test_gzip_that_is_none_and_gzip_that_is() -> None:
    body = rss(item())
    plain = parse_feed(body, "https://news.example/feed.xml.gz", "application/gzip", now=NOW)
    assert plain.problems[0] == "It is named gzip but is not packed; it was read as it is."
    assert len(read(gzip.compress(body)).entries) == 1
    torn = read(gzip.compress(rss(*(item(f"/{n}") for n in range(3000))))[:-2000])
    assert torn.problems[0] == "The gzip file is cut off; what was there was read."


def test_a_gzip_bomb_is_refused() -> None:
    bomb = gzip.compress(b"\0" * (MAX_BODY_BYTES + 10))
    assert "larger than 50 MB unpacked" in told(bomb)


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        ("درگیری در مرز سراوان", "utf-8", "iso-8859-1"),
        ("درگیری در مرز پاکستان", "windows-1256", "utf-8"),
        ("Überfall", "utf-16", "utf-16"),
        ("Überfall", "iso-8859-15", "iso-8859-15"),
    ],
)
def test_wrong_and_strange_charsets(text: str, charset: str, declared: str) -> None:
    if charset == "windows-1256":
        text = text.replace("ی", "ي").replace("ک", "ك")
    body = (
        rss(item(title=text)).decode().replace('encoding="UTF-8"', f'encoding="{declared}"').encode(charset)
    )
    listing = read(body)
    assert listing.entries[0].title == text
    wrong = charset not in {declared, "utf-16"}
    assert (
        any("charset" in problem or "it was read as UTF-8" in problem for problem in listing.problems)
        == wrong
    )


def test_entity_bombs_are_not_expanded() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE rss [<!ENTITY l0 "lol">{layers}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    body = rss(item(title="a&l11;b&x;c")).decode().replace("<rss", f"{doctype}<rss", 1)
    began = time.perf_counter()
    for encoded in (body.encode(), body.replace("UTF-8", "UTF-16").encode("utf-16")):
        listing = read(encoded)
        assert listing.entries[0].title == "abc"
        assert (
            listing.problems[0]
            == "It declares entities of its own, which are never expanded; they were left out."
        )
    assert time.perf_counter() - began < 1.0


def test_broken_xml_is_read_as_far_as_it_goes() -> None:
    body = rss(*(item(f"/{n}") for n in range(10)))
    cut = read(body[: len(body) // 2])
    assert 3 <= len(cut.entries) <= 6
    assert len(read(body.replace(b"<title>A</title>", b"<title>A & B <br></title>")).entries) >= 1
    with pytest.raises(ListingError, match="no entry can be read"):
        read(b"<rss><channel><item><title>x</item>")


def test_deep_nesting_ends() -> None:
    body = b"<rss><channel>" + item().encode() + b"<item>" * 100_000
    assert len(read(body).entries) == 1


@pytest.mark.slow
def test_thirty_megabytes_and_fifty_thousand_entries() -> None:
    text = "x" * 500
    body = rss(
        *(item(f"https://news.example/{n}", more=f"<description>{text}</description>") for n in range(50_001))
    )
    assert len(body) > 29_000_000
    began = time.process_time()
    listing = read(body)
    # 2 s here with two busy neighbours; a quadratic reader would take hours.
    assert time.process_time() - began < 20
    assert len(listing.entries) == 50_000
    assert listing.problems[0] == "It lists more than 50,000 entries; the first 50,000 were taken."


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<rss><channel><item>", b"<?xml version='1.0'?><feed>", b"{", b"\x1f\x8b"]),
)
def test_any_bytes_make_a_listing_or_a_sentence(junk: bytes, start: bytes) -> None:
    try:
        listing = read(start + junk)
    except ListingError as error:
        sentence = str(error)
    else:
        sentence = "It is a listing, whose links are all http."
        assert all(entry.url.startswith(("http://", "https://")) for entry in listing.entries)
    assert len(sentence) > 20


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_title_survives_as_plain_text(title: str) -> None:
    from xml.sax.saxutils import escape

    listing = read(rss(item(title=escape(escape(title)))))
    got = listing.entries[0].title or ""
    assert "\n" not in got
    assert len(got) <= 1_000
