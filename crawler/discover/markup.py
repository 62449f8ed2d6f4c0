"""From the bytes of a listing to text and XML elements, without ever trusting them.

Unpacks gzip within a limit, decodes by evidence rather than by claim, removes document type declarations (so that
no entity is ever expanded), and walks the elements with libxml2 in recovering mode, freeing what was read.
"""

from __future__ import annotations

import codecs
import html
import html.entities
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from lxml import etree

from crawler.discover.listing import MAX_BODY_BYTES, ListingError

GZIP_MAGIC = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE
)
_CHARSETS = (
    "utf-8",
    "utf-16",
    "utf-32",
    "ascii",
    "iso8859",
    "cp",
    "mac",
    "koi8",
    "shift_jis",
    "euc",
    "gb",
    "big5",
    "iso2022",
)
"""Python codecs that are charsets of the web; others (`utf-7`, `unicode_escape`, `hex`) are not decoded."""
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{0,30});")
_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ROOT = re.compile(
    r"<(?:\?xml\s|(?:\w{1,20}:)?(?:rss|feed|urlset|sitemapindex|channel|RDF)[\s>])", re.IGNORECASE
)
_HTML_START = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL
)
_SUBSET_END = re.compile(r"\]\s*>")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_WALL = re.compile(
    r"just a moment|attention required|checking your browser|captcha|cf-browser-verification|access denied"
    r"|ddos|are you (?:a )?human|not a robot|arvancloud",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a listing, and what was wrong with its packing."""

    text: str
    problems: tuple[str, ...] = ()


def unpack(body: bytes, url: str, content_type: str | None) -> tuple[bytes, tuple[str, ...]]:
    """The bytes behind gzip, told by their magic number and not by their name. Raises `ListingError`."""
    if not body.startswith(GZIP_MAGIC):
        claims = url.split("?", 1)[0].endswith(".gz") or "gzip" in (content_type or "")
        problem = "It is named gzip but is not packed; it was read as it is."
        _check_size(len(body))
        return body, ((problem,) if claims and body else ())
    packed, out = body, bytearray()
    while packed.startswith(GZIP_MAGIC):  # several members may follow one another (RFC 1952 section 2.2)
        unpacker = zlib.decompressobj(wbits=31)
        try:
            out += unpacker.decompress(packed, MAX_BODY_BYTES + 1 - len(out))
        except zlib.error as error:
            raise ListingError(
                "gzip", "It starts like gzip but cannot be unpacked: the file is damaged at its source."
            ) from error
        _check_size(len(out))
        if not unpacker.eof:
            return bytes(out), ("The gzip file is cut off; what was there was read.",)
        packed = unpacker.unused_data
    return bytes(out), ()


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise ListingError(
            "too large",
            f"It is larger than {MAX_BODY_BYTES // 2**20} MB unpacked, which no feed or sitemap needs to be; "
            "look for a smaller feed of the same site.",
        )


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Text by byte-order mark, by being UTF-8, by the header, by the document's own words; never an exception."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(name, "replace"))
    head = body[:1024]
    if head[:2] == b"<\x00" or head[:2] == b"\x00<":
        return Decoded(body.decode("utf-16-le" if head[0] else "utf-16-be", "replace"))
    declared = _declared(head, content_type)
    if declared and declared.startswith("iso2022"):  # seven-bit, so it would pass as UTF-8
        return Decoded(body.decode(declared, "replace"))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        wrong = declared not in {None, "utf-8", "ascii"} and not text.isascii()
        return Decoded(text, (f"It says {declared} but is UTF-8; it was read as UTF-8.",) if wrong else ())
    if declared and declared not in {"utf-8", "ascii"}:
        try:
            return Decoded(body.decode(declared))
        except UnicodeDecodeError:
            pass
    damaged = body.decode("utf-8", "replace")
    # Some bad bytes in a UTF-8 text leave most letters whole; a text in another charset has hardly any.
    if damaged.count("\ufffd") * 50 < sum(not char.isascii() for char in damaged):
        return Decoded(damaged, ("Some bytes are not UTF-8; they show as the sign �.",))
    guess = "windows-1256" if _looks_arabic(body) else "windows-1252"
    return Decoded(
        body.decode(guess, "replace"),
        (f"It says {declared or 'nothing'} of its charset but reads as {guess}.",),
    )


def _declared(head: bytes, content_type: str | None) -> str | None:
    in_header = _HEADER_CHARSET.search(content_type or "")
    found = _XML_ENCODING.search(head) or _META_CHARSET.search(head)
    for name in (in_header and in_header[1], found and found[1].decode("ascii")):
        if name:
            try:
                normal = codecs.lookup(name).name
            except LookupError:
                continue
            if normal.startswith(_CHARSETS):
                return "cp1252" if normal == "iso8859-1" else normal
    return None


def _looks_arabic(body: bytes) -> bool:
    """Windows-1256 text has its bytes above ASCII in runs, as words; Latin text has them alone, as accents."""
    runs = re.findall(rb"[\x80-\xff]+", body[:100_000])
    high = sum(len(run) for run in runs)
    return high >= 6 and sum(len(run) for run in runs if len(run) >= 2) > 0.6 * high


def require_xml(text: str, wanted: str) -> str:
    """The text from its XML root on, or the `ListingError` that says what came instead of a `wanted`."""
    if not text.strip():
        raise ListingError("empty", f"The answer is empty; a {wanted} was expected.")
    start = text[:8192]
    if _HTML_START.match(start):
        raise html_instead(text, wanted)
    root = _ROOT.search(start)
    if root is None:
        if "<html" in start.lower():
            raise html_instead(text, wanted)
        raise ListingError(
            f"not a {wanted}",
            f"The answer is not a {wanted}: it begins with “{_shown(start)}”. Check its address.",
        )
    return text[root.start() :]


def html_instead(text: str, wanted: str) -> ListingError:
    """The error for a web page where a feed or sitemap was expected; tells a bot wall from a moved feed."""
    found = _TITLE.search(text[:100_000])
    title = f" titled “{_shown(html.unescape(found[1]))}”" if found else ""
    if _WALL.search(text[:20_000]) and len(text) < 200_000:
        return ListingError(
            "html",
            f"The site answered with a page{title} that keeps robots out instead of a {wanted}. "
            "A proxy for this source, or another of its addresses, may be let in.",
        )
    return ListingError(
        "html",
        f"The site answered with a web page{title} instead of a {wanted}: it has probably moved. "
        "`borderwatch sources check` with the site's address looks for it.",
    )


def _shown(text: str) -> str:
    return " ".join(text.split())[:80]


def well_formed(text: str) -> tuple[bytes, tuple[str, ...]]:
    """UTF-8 for the XML parser: no document type, no control characters, HTML's named letters as letters."""
    problems: tuple[str, ...] = ()
    text, declares = _without_doctype(text)
    if declares:
        problems = ("It declares entities of its own, which are never expanded; they were left out.",)
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("", text)
    if "&" in text:
        text = _NAMED.sub(_letter, text)
    declaration = re.match(r"<\?xml[^>]{0,300}\?>", text)
    return (text[declaration.end() :] if declaration else text).encode("utf-8"), problems


def _letter(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _XML_OWN else html.entities.html5.get(name + ";", "")


def _without_doctype(text: str) -> tuple[str, bool]:
    """The text without its `<!DOCTYPE …>`, and whether that declared entities. Only the prolog may hold one."""
    start = text[:4096].upper().find("<!DOCTYPE")
    if start < 0:
        return text, False
    bracket, close = text.find("[", start), text.find(">", start)
    if 0 <= bracket < close:
        inner = _SUBSET_END.search(text, bracket)
        close = inner.end() - 1 if inner else -1
    end = close + 1 if close >= 0 else len(text)
    return text[:start] + text[end:], "<!ENTITY" in text[start:end].upper()


def walk(data: bytes, names: frozenset[str], take: Callable[[Any], bool]) -> Any | None:
    """Calls `take` with each finished element whose local name is in `names`, until it returns False.

    Elements leave the tree once the next one has come, so memory stays small. Broken XML is read as far as it
    goes. Returns the root element with all that was not taken, or None where there is no element at all.
    """
    steps = etree.iterparse(
        BytesIO(data),
        events=("end",),
        tag=[f"{{*}}{name}" for name in sorted(names)],
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    last = None
    try:
        for _, element in steps:
            if last is not None and (parent := last.getparent()) is not None:
                parent.remove(last)
            if not take(element):
                return element.getroottree().getroot()
            last = element
    except etree.XMLSyntaxError:
        return None if last is None else last.getroottree().getroot()
    return steps.root


def local(element: Any) -> str:
    """The local name of an element, in lower case; empty for what is no element."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rsplit("}", 1)[-1].rsplit(":", 1)[-1].lower()


def is_torn(data: bytes) -> bool:
    """Whether this is XML that breaks off or does not nest (a strict parser refuses it)."""
    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError:
        return True
    return False
