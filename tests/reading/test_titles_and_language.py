import pytest

from crawler.language import language_of
from crawler.metadata import read_facts
from crawler.titles import choose_title
from crawler.tree import parse_html


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Gate closed at Taftan - Dawn.com</title>", "", "Gate closed at Taftan"),
        ("<title>Gate closed at Taftan | Pakistan | Dawn</title>", "", "Gate closed at Taftan"),
        ("<title>Dawn - Gate closed at Taftan</title>", "", "Gate closed at Taftan"),
        # A dash that belongs to the headline stays.
        ("<title>Taftan - a town that waits</title>", "", "Taftan - a town that waits"),
        # The visible headline, as long as the page confirms it; the masthead is none.
        ("<title>Gate closed at Taftan - News</title>", "<h1>Dawn</h1><h1>Gate closed at Taftan</h1>", "Gate closed at Taftan"),
        ('<meta property="og:title" content="Gate closed: what we know about Taftan"><title>x</title>',
         "<h1>What we know about the gate that closed at Taftan</h1>", "What we know about the gate that closed at Taftan"),
        # A kicker inside the headline.
        ("<title>Gate closed at Taftan on Monday</title>", "<h1><span>Balochistan</span> Gate closed at Taftan on Monday</h1>", "Gate closed at Taftan on Monday"),
        # A page without <h1>.
        ("<title>Gate closed at Taftan on Monday - Home page of the border paper</title>", "<h2>Gate closed at Taftan on Monday</h2>", "Gate closed at Taftan on Monday"),
        ("<title>گذرگاه میرجاوه بسته شد | خبرگزاری مرز</title>", "", "گذرگاه میرجاوه بسته شد"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_the_headline_is_found(head: str, body: str, title: str) -> None:
    tree = parse_html(f"<html><head>{head}</head><body>{body}<p>text</p></body></html>")
    assert tree is not None
    assert choose_title(read_facts(tree), "https://www.dawn.com/news/1") == title


def test_the_listings_title_stands_in() -> None:
    tree = parse_html("<html><head><title></title></head><body><p>text</p></body></html>")
    assert tree is not None
    assert choose_title(read_facts(tree), "https://www.dawn.com/news/1", "Gate closed") == "Gate closed"


PERSIAN = "مرزبانان ایران در گذرگاه میرجاوه با قاچاقچیان درگیر شدند و این درگیری را گزارش دادند. " * 3
URDU = "تفتان میں پاکستان اور ایران کے درمیان سرحد پر تجارت کا راستہ بند کر دیا گیا ہے۔ " * 3
ARABIC = "أغلقت السلطات الإيرانية المعبر الحدودي مع باكستان في ميرجاوه بعد إطلاق نار قرب السياج. " * 3
PASHTO = (
    "د افغانستان او پاکستان ترمنځ پوله په سپین بولدک کې بیا پرانیستل شوې ده او سوداګر ورته خوشحاله دي. " * 3
)
ENGLISH = (
    "The crossing between the two countries was closed in the evening, officials said to the press. " * 3
)
GERMAN = "Der Grenzübergang zwischen den beiden Ländern wurde am Abend geschlossen, sagten die Behörden. " * 3


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        (PERSIAN, None, "fa"),
        (URDU, None, "ur"),
        (ARABIC, None, "ar"),
        (PASHTO, None, "ps"),
        # Declarations that the text belies.
        (PERSIAN, "en-US", "fa"),
        (URDU, "ar", "ur"),
        (ARABIC, "fa", "ar"),
        (GERMAN, "en", "de"),
        # Declarations that it bears out.
        (ENGLISH, "en_GB", "en"),
        (GERMAN, "de-DE", "de"),
        (PERSIAN, "prs", "fa"),
        (PERSIAN.replace("ی", "ي").replace("ک", "ك"), None, "fa"),
        ("", None, None),
        ("123 456", "not a code", None),
    ],
)
def test_the_language_is_the_texts(text: str, declared: str | None, language: str | None) -> None:
    assert language_of(text, declared) == language
