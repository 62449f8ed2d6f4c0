"""Bytes of a page to text.

The order is that of the HTML standard (byte order mark, HTTP charset, `<meta>`, detection) with what measuring
taught: bytes that are valid UTF-8 and not plain ASCII are UTF-8 whatever is declared (13 pages of the corpus
declare something else), and a Western charset that servers send by default is not believed over a page whose
letters would then be mostly accented, as Persian and Urdu pages in windows-1256 are.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, resolve_encoding

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STATEFUL = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
"""Charsets whose bytes can all be ASCII: only their declaration tells them from it."""
_SINGLE_BYTE_WEST = frozenset(
    {"cp1252", "iso8859-1", "iso8859-15", "cp1250", "cp1254", "iso8859-2", "iso8859-9"}
)
_ARABIC_LETTERS = re.compile(r"[\u0621-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc\u06d2]")
_LATIN1_HIGH = re.compile(rb"[\xc0-\xff]")
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_TAG = re.compile(rb"<script\b.*?</script>|<style\b.*?</style>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_DETECT_BYTES = 20_000


def decode_html(body: bytes, content_type: str | None = None) -> str:
    """The text of a page, from its bytes and its `Content-Type` header (as sent, or None). Never raises.

    Bytes that fit no charset become U+FFFD.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = _codec(http_content_type_encoding(content_type) if content_type else None)
    if declared is not None and declared in _STATEFUL:
        return body.decode(declared, "replace")
    utf8 = _utf8(body)
    if utf8 is not None and (declared in (None, "utf-8") or not body.isascii()):
        meta = _codec(_meta_charset(body)) if body.isascii() and declared is None else None
        return body.decode(meta, "replace") if meta is not None and meta in _STATEFUL else utf8
    for candidate in (declared, _codec(_meta_charset(body))):
        if candidate is None or candidate == "utf-8" or _is_implausible(body, candidate):
            continue
        return body.decode(candidate, "replace")
    return body.decode(_detected(body), "replace")


def _utf8(body: bytes) -> str | None:
    """The body as UTF-8, where it is that: with single broken bytes replaced, as cut and spliced pages have them."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(1 for character in text if character > "\x7f") - broken
    return text if whole > 10 * broken else None


def _meta_charset(body: bytes) -> str | None:
    encoding = html_body_declared_encoding(body[:4096])
    return str(encoding) if encoding else None


def _codec(label: str | None) -> str | None:
    """The codec that browsers use for a label (WHATWG Encoding), or None for an unknown one."""
    if not label:
        return None
    name = resolve_encoding(label.strip().strip("\"'"))
    return str(name) if name else None


def _is_implausible(body: bytes, encoding: str) -> bool:
    """Whether a Western single-byte charset would turn most letters of the visible text into accented ones."""
    if encoding not in _SINGLE_BYTE_WEST:
        return False
    visible = _TAG.sub(b" ", body[:200_000])
    high = len(_LATIN1_HIGH.findall(visible))
    # German and French have below 10 % accented letters, Vietnamese in cp1258 about 25 %.
    return high > 200 and high > 0.5 * (high + len(_ASCII_LETTER.findall(visible)))


def _detected(body: bytes) -> str:
    """The likeliest charset of undeclared bytes that are not UTF-8; windows-1252 where nothing is likely."""
    visible = _TAG.sub(b" ", body)[:_DETECT_BYTES]
    arabic = visible.decode("cp1256", "replace")
    letters = sum(1 for character in arabic if character.isalpha() and character > "\x7f")
    if letters and len(_ARABIC_LETTERS.findall(arabic)) > 0.85 * letters and _has_arabic_words(arabic):
        return "cp1256"
    best = from_bytes(visible).best()
    return best.encoding if best is not None else "cp1252"


def _has_arabic_words(text: str) -> bool:
    """Whether the commonest words of Arabic, Persian or Urdu occur: in other charsets of the region they do not."""
    words = text.split()
    common = sum(word in _COMMON_WORDS for word in words)
    return common >= max(2, len(words) // 100)


_COMMON_WORDS = frozenset(
    [
        "و",
        "في",
        "من",
        "على",
        "إلى",
        "أن",
        "به",
        "از",
        "در",
        "این",
        "را",
        "با",
        "است",
        "براي",
        "كه",
        "اين",
        "اور",
        "كو",
    ]
)
"""Those that windows-1256 can write: it has neither Persian yeh nor Urdu yeh barree with its hamza."""
