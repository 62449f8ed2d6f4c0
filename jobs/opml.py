"""Lists of sources from and to other readers: OPML 2.0, with folders. Pure: text in, records out, and back.

What OPML has no word for (sitemaps, section pages, channels) goes in attributes of its own, which other readers
skip; a feed's `xmlUrl` is what they all know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lxml import etree

from crawler.discover.listing import ListingError
from crawler.discover.markup import decode, well_formed
from crawler.discover.telegram import channel_url
from storage.model import BorderwatchError, Source, SourceKind

MAX_BYTES = 10 * 1024 * 1024
MAX_OUTLINES = 20_000
KINDS: tuple[SourceKind, ...] = ("feed", "sitemap", "section", "telegram")

_NOT_IN_NAMES = re.compile(r"[^\w.\-: ()&'/+]+")


class OpmlError(BorderwatchError):
    """The file is no OPML that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The sources of an OPML file, and a sentence for each outline that was left out."""

    sources: tuple[Source, ...]
    problems: tuple[str, ...] = ()


def read_opml(body: bytes, taken: Iterable[str] = ()) -> Imported:
    """The sources of an OPML file; nested outlines make folders, joined by ` / `. Raises `OpmlError`.

    `taken` are names that exist already: a source of the same name gets a number behind it. Addresses that occur
    twice are taken once. Document types are cut off, so no entity is ever expanded.
    """
    if len(body) > MAX_BYTES:
        raise OpmlError(
            f"The file is larger than {MAX_BYTES // 2**20} MB, which no list of sources needs to be."
        )
    try:
        data, _ = well_formed(decode(body).text.lstrip())
    except ListingError as error:
        raise OpmlError(str(error)) from error
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError:
        root = None
    if root is None or str(root.tag).lower() != "opml":
        raise OpmlError(
            "The file is no OPML: it does not begin with <opml>. Export the list from your reader again."
        )
    found: dict[str, Source] = {}
    problems: list[str] = []
    names = set(taken)
    for count, (outline, folder) in enumerate(_outlines(root)):
        if count >= MAX_OUTLINES:
            problems.append(
                f"It lists more than {MAX_OUTLINES:,} sources; the first {MAX_OUTLINES:,} were taken."
            )
            break
        source, problem = _source(outline, folder, names)
        if problem:
            problems.append(problem)
        elif source and source.url not in found:
            found[source.url] = source
            names.add(source.name)
    return Imported(tuple(found.values()), tuple(problems))


def _outlines(root: Any) -> Iterator[tuple[Any, str | None]]:
    """Every outline with an address, and the folder that it stands in."""
    for outline in root.iter("outline"):
        attributes = {key.lower(): value for key, value in outline.attrib.items()}
        if not (attributes.get("xmlurl") or any(attributes.get(f"borderwatch{kind}") for kind in KINDS)):
            continue
        folders = [
            parent.get("text") or parent.get("title") or "" for parent in outline.iterancestors("outline")
        ]
        inner = " / ".join(filter(None, reversed([" ".join(each.split())[:100] for each in folders])))
        category = (attributes.get("category") or "").strip("/ ").split(",")[0]
        yield attributes, inner or category or None


def _source(
    attributes: dict[str, str], folder: str | None, names: set[str]
) -> tuple[Source | None, str | None]:
    kind: SourceKind = next((kind for kind in KINDS if attributes.get(f"borderwatch{kind}")), "feed")
    url = (attributes.get(f"borderwatch{kind}") or attributes.get("xmlurl") or "").strip()
    shown = " ".join((attributes.get("text") or attributes.get("title") or url).split())[:100]
    if kind == "telegram" or re.match(r"https?://(?:t|telegram)\.me/", url):
        kind = "telegram"
        try:
            url = channel_url(url)
        except ValueError as error:
            return None, f"“{shown}” was left out: {error}."
    if url.startswith("feed:"):
        url = url.removeprefix("feed:").removeprefix("//")
        url = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        return None, f"“{shown}” was left out: {url[:100]!r} is no address that can be fetched."
    language = re.match(r"[a-z]{2,3}", (attributes.get("language") or "").lower())
    country = (attributes.get("country") or "").upper()
    return Source(
        name=_name(shown or host, host, names),
        kind=kind,
        url=url,
        folder=folder,
        language=language[0] if language else None,
        country=country if re.fullmatch(r"[A-Z]{2}", country) else None,
        notes=" ".join((attributes.get("description") or "").split())[:500],
        full_text=kind == "telegram",
    ), None


def _name(text: str, host: str, taken: set[str]) -> str:
    """A name that the configuration takes, from the outline's text, else its host; unique by a number behind it."""
    clean = " ".join(_NOT_IN_NAMES.sub(" ", text).split())[:90] or host
    name, number = clean, 2
    while name in taken:
        name, number = f"{clean} {number}", number + 1
    return name


def write_opml(sources: Iterable[Source], title: str = "borderwatch sources") -> str:
    """OPML 2.0 with a folder for each group of sources; readers take the feeds, borderwatch takes all back."""
    folders: dict[str | None, list[Source]] = {}
    for source in sources:
        folders.setdefault(source.folder, []).append(source)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{_text(title)}</title></head>",
        "  <body>",
    ]
    for folder in sorted(folders, key=lambda name: (name is None, name or "")):
        indent = "    "
        if folder is not None:
            lines.append(f"    <outline text={quoteattr(folder)}>")
            indent = "      "
        lines += [f"{indent}{_outline(source)}" for source in folders[folder]]
        if folder is not None:
            lines.append("    </outline>")
    lines += ["  </body>", "</opml>", ""]
    return "\n".join(lines)


def _outline(source: Source) -> str:
    attributes = {"type": "rss" if source.kind == "feed" else "link", "text": source.name}
    if source.kind == "feed":
        attributes["xmlUrl"] = source.url
    else:
        attributes["url"] = source.url
        attributes[f"borderwatch{source.kind.capitalize()}"] = source.url
    attributes |= {
        key: value
        for key, value in (
            ("language", source.language),
            ("country", source.country),
            ("description", source.notes),
        )
        if value
    }
    return f"<outline {' '.join(f'{key}={quoteattr(value)}' for key, value in attributes.items())}/>"


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def to_toml(sources: Iterable[Source]) -> str:
    """The `[[sources]]` tables to paste into a configuration or to keep as a file that it includes."""
    return "\n".join(source_toml(source) for source in sources)


def source_toml(source: Source) -> str:
    """One `[[sources]]` table with what differs from the defaults."""
    address = source.url.removeprefix("https://t.me/s/") if source.kind == "telegram" else source.url
    plain = Source(source.name, source.kind, source.url)
    lines = ["[[sources]]", f"name = {_string(source.name)}", f"{source.kind} = {_string(address)}"]
    named = ("country", "language", "folder", "timezone", "link_pattern", "proxy", "notes")
    lines += [f"{key} = {_string(value)}" for key in named if (value := getattr(source, key))]
    if source.rank != plain.rank:
        lines.append(f"rank = {source.rank}")
    if not source.enabled:
        lines.append("enabled = false")
    if source.full_text and source.kind != "telegram":
        lines.append("full_text = true")
    for key, value_s, default_s in (
        ("min_interval", source.min_interval_s, plain.min_interval_s),
        ("max_interval", source.max_interval_s, plain.max_interval_s),
    ):
        if value_s != default_s:
            lines.append(f'{key} = "{value_s:g}s"')
    return "\n".join(lines) + "\n"


def _string(value: str) -> str:
    """A TOML basic string (TOML 1.0: quotation mark, backslash and control characters are escaped)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(char if char >= " " and char != "\x7f" else f"\\u{ord(char):04x}" for char in escaped)
        + '"'
    )
