from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import find_date, find_modified
from crawler.datewords import Stamp, find_stamps, parse_stamp
from crawler.metadata import read_facts
from crawler.tree import parse_html
from storage.model import Entry, Published

SEVENTEENTH = date(2024, 1, 17)


@pytest.mark.parametrize(
    ("text", "second", "offset"),
    [
        ("2024-01-17T09:30:00+05:00", 34_200, 300),
        ("2024-01-17T09:30:00.123Z", 34_200, 0),
        ("2024-01-17 09:30", 34_200, None),
        ("20240117", None, None),
        ("1705483800", 34_200, 0),
        ("Wed, 17 Jan 2024 09:30:00 GMT", 34_200, 0),
        ("Jan 17, 2024 9:30 AM PKT", 34_200, 300),
        ("January 17th, 2024", None, None),
        ("17/01/2024", None, None),
        ("17.1.2024, 9.30 Uhr", 34_200, None),
        ("17 de enero de 2024", None, None),
        ("17 Ocak 2024", None, None),
        ("2024年1月17日 09:30", 34_200, None),
        ("17 يناير 2024", None, None),
        ("١٧ كانون الثاني ٢٠٢٤", None, None),
        ("17 جنوری 2024", None, None),
        ("۱۷ جنوری ۲۰۲۴", None, None),
        ("جنوری 17، 2024", None, None),
        # Jalali, by name and by number, in Persian digits, with the time in front and behind.
        ("۲۷ دی ۱۴۰۲ - ۰۹:۳۰", 34_200, None),
        ("۱۴۰۲/۱۰/۲۷ ۰۹:۳۰", 34_200, None),
        ("09:30 - 27 دی ماه 1402", 34_200, None),
        ("۲۷ جدی ۱۴۰۲", None, None),
    ],
)
def test_dates_are_read_as_they_are_written(text: str, second: int | None, offset: int | None) -> None:
    assert parse_stamp(text) == Stamp(SEVENTEENTH, second, offset)


@pytest.mark.parametrize(
    "text",
    ["© 2024", "2024", "۱۴۰۲", "17 Jan", "25 رجب 1445", "31/02/2024", "1.2.3", "12/03/19", "99/99/2024", ""],
)
def test_what_names_no_day_is_no_date(text: str) -> None:
    assert parse_stamp(text) is None


def test_day_and_month_are_told_apart_where_the_language_says_so() -> None:
    assert next(find_stamps("3/4/2024")).day == date(2024, 4, 3)
    assert next(find_stamps("3/4/2024", month_first=True)).day == date(2024, 3, 4)
    assert next(find_stamps("13/4/2024", month_first=True)).day == date(2024, 4, 13)
    assert next(find_stamps("01/25/26", month_first=True, short_years=True)).day == date(2026, 1, 25)


def found(
    html: str, url: str = "https://a.example/x", entry: Entry | None = None, zone: str | None = None
) -> Published | None:
    tree = parse_html(html)
    assert tree is not None
    return find_date(tree, read_facts(tree), url, entry, zone, now=datetime(2024, 2, 1, tzinfo=UTC))


def page(head: str = "", body: str = "<p>text</p>") -> str:
    return f"<html><head><title>x</title>{head}</head><body><h1>Headline</h1>{body}<footer>© 2011 All rights reserved, founded 3 May 2010</footer></body></html>"


LD = '<script type="application/ld+json">%s</script>'


@pytest.mark.parametrize(
    ("html", "url", "iso", "provenance"),
    [
        (page(LD % '{"@type":"NewsArticle","datePublished":"2024-01-17T09:30:00+05:00"}'), "https://a.example/", "2024-01-17T09:30:00+05:00", "json-ld"),
        # JSON that does not parse still names its date.
        (page(LD % '{"@type":"NewsArticle","headline":"a "quote"","datePublished":"2024-01-17"}'), "https://a.example/", "2024-01-17", "json-ld"),
        # First publication counts, not the change.
        (page('<meta property="article:modified_time" content="2024-01-20T00:00:00Z"><meta property="article:published_time" content="2024-01-17T09:30:00Z">'), "https://a.example/", "2024-01-17T09:30:00Z", "meta"),
        # In the future of the fetch: not believed.
        (page('<meta name="date" content="2025-01-01">', '<time datetime="2024-01-17">x</time>'), "https://a.example/", "2024-01-17", "time-tag"),
        # The address shows the American day of a time in UTC.
        (page('<meta property="article:published_time" content="2024-01-18T05:30:00Z">'), "https://a.example/2024/01/17/gate/", "2024-01-17T23:30:00-06:00", "meta"),
        (page(), "https://a.example/2024/01/17/gate/", "2024-01-17", "url"),
        (page(), "https://a.example/1402/10/27/gate", "2024-01-17", "url"),
        (page("", '<div class="date">۲۷ دی ۱۴۰۲</div><p>text</p>'), "https://a.example/", "2024-01-17", "text"),
        (page("", '<div class="related"><span>3 January 2024</span></div><span>17 January 2024</span>'), "https://a.example/", "2024-01-17", "text"),
        (page('<meta property="article:modified_time" content="2024-01-20T00:00:00Z">'), "https://a.example/", "2024-01-20T00:00:00Z", "meta"),
    ],
)  # fmt: skip
def test_the_date_comes_from_the_best_place(html: str, url: str, iso: str, provenance: str) -> None:
    published = found(
        html.replace(
            "<footer>© 2011 All rights reserved, founded 3 May 2010</footer>", "<footer>© 2011</footer>"
        ),
        url,
    )
    assert published is not None
    assert (published.isoformat(), published.provenance) == (iso, provenance)


def test_a_copyright_year_is_no_date() -> None:
    assert found(page().replace(", founded 3 May 2010", "")) is None


def test_times_without_an_offset_are_the_publishers() -> None:
    html = page('<meta name="pubdate" content="2024-01-17 23:30">')
    for url, zone, iso in (
        ("https://a.example/", "Asia/Karachi", "2024-01-17T23:30:00+05:00"),
        ("https://a.ir/", None, "2024-01-17T23:30:00+03:30"),
        ("https://a.example/", None, "2024-01-17T23:30:00Z"),
        ("https://a.example/", "No/Zone", "2024-01-17T23:30:00Z"),
    ):
        published = found(html, url, zone=zone)
        assert published is not None
        assert published.isoformat() == iso


def test_the_listings_date_helps_where_the_page_has_only_print() -> None:
    listed = Published(datetime(2024, 1, 17, 4, tzinfo=UTC), "feed")
    entry = Entry("https://a.example/x", published=listed)
    assert found(page("", "<p>12 January 2024</p>"), entry=entry) == listed
    stated = found(page('<meta name="pubdate" content="2024-01-16T00:00:00+05:00">'), entry=entry)
    assert stated is not None
    assert stated.provenance == "meta"


def test_changes_are_read_beside_publication() -> None:
    tree = parse_html(page('<meta property="article:modified_time" content="2024-01-20T01:00:00+01:00">'))
    assert tree is not None
    assert find_modified(read_facts(tree)) == datetime(2024, 1, 20, tzinfo=UTC)


@given(st.text(st.sampled_from("0123456789۱۴۰۲-/.: TZ+دی ماهJan,年月日"), max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for stamp in find_stamps(text):
        assert stamp.day.year >= 1995


@given(st.datetimes(datetime(1996, 1, 1), datetime(2040, 12, 31)), st.integers(-12 * 60, 14 * 60))  # noqa: DTZ001
def test_iso_dates_survive_the_round_trip(moment: datetime, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    stamp = parse_stamp(text)
    assert stamp is not None
    assert stamp.at(0) == datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
