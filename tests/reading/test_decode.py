import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.decode import decode_html

PERSIAN = (
    "مرزبانان ایران در گذرگاه میرجاوه با قاچاقچیان سوخت درگیر شدند و این درگیری را به پلیس گزارش دادند. " * 8
)
URDU = (
    "تفتان میں پاکستان اور ایران کے درمیان سرحد پر تجارت کا راستہ بند کر دیا گیا ہے، حکام نے کہا کہ یہ فیصلہ "
    * 8
)
GERMAN = (
    "Die Grenzübergänge zwischen Iran und Pakistan bleiben geschlossen, erklärten Behörden für Öl und Gas. "
    * 8
)


def page(text: str, charset: str | None = None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}<title>x</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "encoding", "header", "meta"),
    [
        (PERSIAN, "utf-8", "text/html; charset=utf-8", None),
        (PERSIAN, "utf-8", None, None),
        # Declared wrong by the page, by the server, by both.
        (PERSIAN, "utf-8", "text/html; charset=utf-8", "windows-1256"),
        (PERSIAN, "utf-8", "text/html; charset=ISO-8859-1", "utf-8"),
        (GERMAN, "utf-8", "text/html; charset=ISO-8859-1", "iso-8859-1"),
        # The server's word counts before the page's.
        (GERMAN, "cp1252", "text/html; charset=windows-1252", "utf-8"),
        (GERMAN, "cp1252", "text/html; charset=iso-8859-1", None),
        (GERMAN, "cp1252", "text/html", None),
        # Legacy Persian, Arabic and Urdu sites.
        (PERSIAN.replace("ی", "ي").replace("ک", "ك"), "cp1256", "text/html; charset=windows-1256", None),
        (PERSIAN.replace("ی", "ي").replace("ک", "ك"), "cp1256", None, "windows-1256"),
        (
            PERSIAN.replace("ی", "ي").replace("ک", "ك"),
            "cp1256",
            "text/html; charset=ISO-8859-1",
            "windows-1256",
        ),
        (PERSIAN.replace("ی", "ي").replace("ک", "ك"), "cp1256", None, None),
        (URDU.replace("ی", "ي"), "cp1256", None, None),
        (GERMAN, "utf-16-le", "text/html; charset=utf-16le", None),
        ("日本語のニュースです。" * 20, "iso2022_jp", None, "iso-2022-jp"),
        ("日本語のニュースです。" * 20, "shift_jis", "text/html; charset=shift_jis", "utf-8"),
        ("Граница между Ираном и Пакистаном закрыта. " * 10, "cp1251", None, "windows-1251"),
    ],
)
def test_the_true_charset_is_found(text: str, encoding: str, header: str | None, meta: str | None) -> None:
    # The letters that the legacy charset lacks are not what is tested here.
    text = text.encode(encoding, "ignore").decode(encoding)
    html = page(text, meta)
    assert decode_html(html.encode(encoding), header) == html


def test_a_byte_order_mark_wins_and_is_dropped() -> None:
    html = page(PERSIAN)
    assert decode_html(b"\xef\xbb\xbf" + html.encode(), "text/html; charset=windows-1252") == html
    assert decode_html(html.encode("utf-16"), None) == html


def test_single_broken_bytes_do_not_unmake_utf8() -> None:
    body = page(PERSIAN).encode()
    broken = body[:200] + b"\xff" + body[200:-30] + b"\xd8"
    text = decode_html(broken, "text/html; charset=utf-8")
    assert "میرجاوه" in text
    assert text.count("\ufffd") <= 4


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=40), st.just("text/html; charset=hz")))
def test_any_bytes_become_text(body: bytes, content_type: str | None) -> None:
    assert isinstance(decode_html(body, content_type), str)
