"""The archived answer as something that a browser can show safely: rebuilt from an allowlist, sandboxed, no network.

Three walls, each of which would do: only harmless elements and attributes are left (no address of any kind but
`data:` images), the answer's own policy allows nothing to load, and its `sandbox` runs nothing.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from lxml import etree, html
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from storage.archive import read_capture
from storage.captures import Archived
from storage.database import Row
from storage.model import BorderwatchError, Capture
from web.marks import clean

FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
FRAME_HEADERS = {
    "Content-Security-Policy": FRAME_POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
MAX_SHOWN_BYTES = 3_000_000
"""Longer pages are shown up to here: parsing takes 0.3 s a megabyte at worst."""

_DROPPED = frozenset({
    "applet", "audio", "button", "canvas", "frameset", "iframe", "noscript", "object", "portal", "script", "select", "style", "template",
    "textarea", "title", "video",
})  # fmt: skip
_UNWRAPPED = frozenset({"base", "embed", "frame", "input", "link", "meta", "param", "source", "track"})
"""Elements without content: where the parser took the rest of the page for their content, it stays."""
_KEPT = frozenset({
    "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "body", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5",
    "h6", "head", "header", "hr", "html", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section",
    "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul",
    "var", "wbr",
})  # fmt: skip
"""Other elements become `span`: dropping an unclosed `<math>` would drop the article that follows it."""
_KEPT_ATTRIBUTES = frozenset(
    {"alt", "class", "colspan", "datetime", "dir", "height", "id", "lang", "rowspan", "title", "width"}
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_LOOK = (
    "body{max-width:46rem;margin:1rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif;color:#222;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%}table{display:block;overflow:auto}"
)


def load_capture(archive: Path, row: Row) -> Capture:
    """The archived answer that a row of `captures` names. Raises ArchiveError."""
    return read_capture(archive, Archived(row["file"], row["offset"], row["length"]), source=row["source"])


def original_frame(archive: Path, row: Row) -> Response:
    """The page for a sandboxed frame; a reason as text where it cannot be shown."""
    try:
        capture = load_capture(archive, row)
    except BorderwatchError as fault:
        return PlainTextResponse(str(fault), 404, headers=FRAME_HEADERS)
    if "html" not in (capture.header("content-type") or "html"):
        return PlainTextResponse(
            clean(capture.body[:MAX_SHOWN_BYTES].decode("utf-8", "replace")), headers=FRAME_HEADERS
        )
    return HTMLResponse(harmless(capture.body, capture.header("content-type")), headers=FRAME_HEADERS)


def original_source(archive: Path, row: Row) -> Response:
    """The archived bytes as plain text: what the page's source was."""
    try:
        capture = load_capture(archive, row)
    except BorderwatchError as fault:
        return PlainTextResponse(str(fault), 404)
    text = capture.body[:MAX_SHOWN_BYTES].decode(
        _encoding(capture.body, capture.header("content-type")) or "utf-8", "replace"
    )
    return PlainTextResponse(text, headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


def harmless(body: bytes, content_type: str | None) -> str:
    """The page with nothing that runs, loads, links or submits. Never raises."""
    body = body[:MAX_SHOWN_BYTES]
    parser = html.HTMLParser(
        encoding=_encoding(body, content_type), remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = html.document_fromstring(body, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return "<!doctype html><title>Empty page</title><p>The archived page is empty."
    for element in list(tree.iter(etree.Element)):
        if element is tree or element.getparent() is not None:
            _tame(element)
    language = re.sub(r"[^A-Za-z-]", "", tree.get("lang", ""))
    direction = tree.get("dir") if tree.get("dir") in {"ltr", "rtl"} else "auto"
    content = tree.find("body")
    inside = html.tostring(tree if content is None else content, encoding="unicode", method="html")
    return f'<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8"><title>Archived page</title><style>{_LOOK}</style>{inside}</html>'


def _tame(element: html.HtmlElement) -> None:
    tag = element.tag.lower() if isinstance(element.tag, str) else ""
    if tag in _UNWRAPPED and element.getparent() is not None:
        element.drop_tag()
        return
    if tag in _DROPPED:
        if element.getparent() is not None:
            element.drop_tree()
        return
    element.tag = tag if tag in _KEPT else "span"
    picture = element.get("src", "")
    for name in list(element.attrib):
        if name.lower() not in _KEPT_ATTRIBUTES:
            del element.attrib[name]
    if tag == "img":
        if re.match(r"data:image/(png|jpeg|gif|webp);base64,", picture):
            element.set("src", picture)
        else:
            element.tag = "span"
            element.text = f"[picture: {element.get('alt')}]" if element.get("alt") else "[picture]"


def _encoding(body: bytes, content_type: str | None) -> str | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.reason == "unexpected end of data":  # cut in the middle of a letter
            return "utf-8"
    else:
        return "utf-8"
    found = _CHARSET.search(content_type or "")
    try:
        return codecs.lookup(found[1]).name if found else None
    except LookupError:
        return None
