"""Persian and Urdu keep the joiners they are spelt with."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml.html import document_fromstring

from crawler.extract import extract
from crawler.joiners import hide_joiners, show_joiners
from storage.model import Capture, NotAnArticle

SENTENCE = "کامیون‌های باری از مرز می‌گذرند و راننده‌ها ساعت‌ها در صف می‌مانند؛ ه‍.ش. نیز می‌ماند. "


def test_joiners_go_round_through_the_tree() -> None:
    tree = document_fromstring(f"<div><p>{SENTENCE}<b>می‌شود</b>‌ها</p><!-- می‌شود -->می‌ماند</div>")
    assert hide_joiners(tree)
    assert "\u200c" not in "".join(tree.itertext(tag="*"))
    assert show_joiners(tree.text_content()).startswith(SENTENCE + "می‌شود‌هامی‌ماند")
    assert not hide_joiners(document_fromstring("<p>plain</p>"))


def test_an_extracted_text_is_spelt_as_its_page() -> None:
    paragraph = SENTENCE * 4
    page = f"<html><body><article><h1>عنوان خبر مرزی</h1><p>{paragraph}</p><p>{paragraph}دوم</p></article></body></html>"
    capture = Capture(
        "http://news.example/fa/news/123456", datetime(2026, 5, 4, tzinfo=UTC), 200,
        (("Content-Type", "text/html; charset=utf-8"),), page.encode(), "news", "http://news.example/fa/news/123456",
    )  # fmt: skip
    found = extract(capture, None, None)
    assert not isinstance(found, NotAnArticle)
    assert SENTENCE.strip() in found[0].text
