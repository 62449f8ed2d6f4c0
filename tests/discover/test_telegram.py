"""Preview pages of public channels, in the form that t.me serves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.discover.listing import ListingError, parse_listing
from crawler.discover.telegram import channel_url, headline

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://t.me/s/borderdesk"


def message(number: int, text: str | None, extra: str = "") -> str:
    body = (
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>'
        if text is not None
        else ""
    )
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="borderdesk/{number}">{extra}{body}'
        f'<div class="tgme_widget_message_footer"><span class="tgme_widget_message_meta"><a class="tgme_widget_message_date" href="https://t.me/borderdesk/{number}">'
        f'<time datetime="2026-11-24T0{number}:15:00+00:00" class="time">0{number}:15</time></a></span></div></div></div>'
    )


def channel(*messages: str) -> bytes:
    head = '<meta property="og:title" content="Border Desk"><link rel="prev" href="/s/borderdesk?before=3">'
    return f'<!DOCTYPE html><html><head>{head}</head><body class="widget_frame_base tgme_webpreview">{"".join(messages)}</body></html>'.encode()


def test_messages_become_entries_newest_first() -> None:
    text = (
        '<i class="emoji" style="background-image:url(\'//telegram.org/x.png\')"><b>🔴</b></i> <b>تیراندازی به سوختبران در مرز سراوان</b><br/><br/>'
        'به گزارش <a href="https://site.example/1" onclick="x()">حال‌وش</a> دو نفر کشته شدند.<br/>ادامه'
    )
    reply = (
        '<a class="tgme_widget_message_reply" href="https://t.me/borderdesk/1"><div class="tgme_widget_message_text js-message_reply_text">quoted words</div>'
        '<div class="tgme_widget_message_text js-message_text">quoted too</div></a>'
    )
    listing = parse_listing(
        "telegram",
        channel(message(4, "first message of the day"), message(5, None), message(6, text, reply)),
        URL,
        now=NOW,
    )
    newest, oldest = listing.entries
    assert (listing.kind, listing.title, listing.next_page) == (
        "telegram",
        "Border Desk",
        "https://t.me/s/borderdesk?before=3",
    )
    assert (newest.url, newest.guid) == ("https://t.me/borderdesk/6", "borderdesk/6")
    assert newest.title == "تیراندازی به سوختبران در مرز سراوان"
    assert newest.published is not None
    assert (newest.published.at, newest.published.provenance) == (
        datetime(2026, 11, 24, 6, 15, tzinfo=UTC),
        "telegram",
    )
    assert newest.content_html is not None
    assert newest.content_html.count("<p>") == 2
    assert '<a href="https://site.example/1">' in newest.content_html
    assert "onclick" not in newest.content_html
    assert "quoted" not in newest.content_html
    assert oldest.title == "first message of the day"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'<html><body class="tgme_body"><div class="tgme_page"><div class="tgme_page_title">Someone</div></div></body></html>', "Telegram shows no preview of this channel"),
        (b'<html><body><header class="tgme_header"></header></body></html>', "has no messages"),
        (b"<html><body>Blocked by order</body></html>", "is no Telegram page"),
    ],
)  # fmt: skip
def test_channels_without_a_preview(body: bytes, sentence: str) -> None:
    with pytest.raises(ListingError) as caught:
        parse_listing("telegram", body, URL, now=NOW)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "borderdesk",
        "@borderdesk",
        "https://t.me/borderdesk",
        "t.me/s/borderdesk/",
        "https://telegram.me/borderdesk?x=1",
    ],
)
def test_names_of_channels(name: str) -> None:
    assert channel_url(name) == URL


def test_wrong_names_of_channels() -> None:
    with pytest.raises(ValueError, match="is no Telegram channel name"):
        channel_url("https://example.org/x")


def test_headlines() -> None:
    assert headline("🔴🔴\n#فوری\nدرگیری در مرز سراوان\nمتن") == "درگیری در مرز سراوان"
    assert headline("One sentence that is rather long and has an end here. " + "word " * 60).endswith(
        "end here."
    )
    assert len(headline("word " * 100)) <= 141
