"""Text of a page to an element tree: one parse, guarded against pages made to be slow."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlComment, HtmlElement

MAX_HTML_CHARS = 4_000_000
"""What lies behind is not read. The largest page of the corpus has 0.93 million characters."""
FRAME_SHARE = 0.3
"""A navigation, footer or form with a larger share of the page's text is more than a frame."""
MAX_LINKS = 1_500
"""Above this many links, blocks made of links are cut out before extraction, whose cost grows with their square
(1 MB of links: 6.6 s, 5 MB: over 40 s). Pages of the corpus have 145 in the median, 99 % fewer than 683, the most 1,912."""

_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLOCKS = ("ul", "ol", "table", "nav", "dl", "div", "section", "p", "td", "li")


def _parser() -> etree.HTMLParser:
    parser = etree.HTMLParser(
        collect_ids=False,
        default_doctype=False,
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        no_network=True,
    )
    # lxml.html's own lookup asks Python for each element's class; this one answers in C, which makes extraction
    # about 5 % faster (1 to 9 % in three noisy rounds). The classes it leaves out (forms, inputs) are not needed here.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment))
    return parser


_PARSER = _parser()


def parse_html(html: str) -> HtmlElement | None:
    """The root `<html>` element of a page, or None where there is nothing in it. Never raises."""
    text = _INVALID.sub("", html[:MAX_HTML_CHARS])
    # An XML declaration inside a decoded text would be believed over what is known.
    text = re.sub(r"^\s*<\?xml[^>]*>", "", text)
    if not text.strip():
        return None
    try:
        root = etree.fromstring(text.encode("utf-8"), _PARSER)
    except (etree.LxmlError, ValueError):
        return None
    return root if isinstance(root, HtmlElement) and len(root) else None


def visible_text(element: HtmlElement, limit_chars: int = 1_000) -> str:
    """An element's text with runs of white space made one blank, up to about `limit_chars`."""
    pieces: list[str] = []
    size = 0
    for piece in element.itertext():
        pieces.append(piece)
        size += len(piece)
        if size > limit_chars:
            break
    return " ".join("".join(pieces).split())


_LINE_TAGS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
        "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
        "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip


def block_lines(tree: HtmlElement) -> str:
    """All text of a tree, one line for each block or line break, blank lines left out."""
    pieces: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        block = element.tag in _LINE_TAGS
        if block:
            pieces.append("\n")
        if event == "start":
            if element.text and element.tag not in ("script", "style"):
                pieces.append(" ".join(element.text.split("\n")))
        elif element.tail:
            pieces.append(" ".join(element.tail.split("\n")))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def prune_frame(tree: HtmlElement) -> None:
    """Take navigation, footers and forms out before extraction, where they hold a small part of the page's words.

    trafilatura does so too, but only for one of the extractors that it compares. Measured: text F1 0.910 to 0.912,
    and less time (8 and 17 % in two rounds on a busy machine, a third was lost in noise). The share keeps pages whose whole content stands in one of them (ASP.NET wraps all in a form).
    """
    body = tree.find(".//body")
    if body is None:
        return
    limit = FRAME_SHARE * len(body.text_content())
    for element in list(body.iter("nav", "footer", "form")):
        if len(element.text_content()) < limit:
            element.drop_tree()


def prune_link_farms(tree: HtmlElement) -> None:
    """On pages with more than `MAX_LINKS` links, cut out the blocks that consist of links. Linear; in place."""
    if sum(1 for _ in tree.iter("a")) <= MAX_LINKS:
        return
    text_chars: dict[HtmlElement, int] = {}
    link_chars: dict[HtmlElement, int] = {}
    farms: list[HtmlElement] = []
    for _, element in etree.iterwalk(tree, events=("end",)):
        own = len((element.text or "").strip())
        text = own + sum(text_chars.pop(child, 0) + len((child.tail or "").strip()) for child in element)
        links = text if element.tag == "a" else sum(link_chars.pop(child, 0) for child in element)
        text_chars[element], link_chars[element] = text, links
        if element.tag in _BLOCKS and text and links > 0.7 * text:
            farms.append(element)
    for element in farms:
        parent = element.getparent()
        if parent is not None:
            element.drop_tree()
    # Whatever is left beyond the limit stays as words. Renamed, since taking an element out costs a walk over its
    # siblings, which for 35,000 links in one block is minutes.
    for number, link in enumerate(list(tree.iter("a"))):
        if number >= MAX_LINKS:
            link.attrib.clear()
            link.tag = "span"


def anchor_texts(tree: HtmlElement) -> frozenset[str]:
    """The texts of the page's links, white space made single."""
    return frozenset(" ".join("".join(link.itertext()).split()) for link in tree.iter("a"))
