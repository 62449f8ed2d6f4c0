"""Out-feeds: Atom (RFC 4287), JSON Feed 1.1 and CSV of a topic's matches and stories.

Ids are stable: a name-based UUID of the article's canonical address and the topic, whatever database wrote them. The
same rows give the same bytes, so that ETag and file times change only with the content.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import structlog
from lxml import etree

from jobs.alerts.clean import many_lines, one_line, safe_link
from storage.database import Database, Row, open_database, parse_stamp
from storage.outfeeds import feed_matches, feed_stories, feed_topics

log = structlog.get_logger("feeds")

What = Literal["matches", "stories"]
Form = Literal["atom", "json", "csv"]
FORMS: tuple[Form, ...] = ("atom", "json", "csv")
LIMIT = 200
FOLDER = "feeds"
ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
CONTENT_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""`updated` of a feed without entries: it changes when the first one comes."""
_COLUMNS = (
    "id", "title", "url", "source", "country", "language", "published", "first_seen", "updated", "score", "evidence", "places",
    "story_id", "reports", "sources",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed's bytes with what conditional requests need (RFC 9110 section 13)."""

    body: bytes
    content_type: str
    etag: str
    updated: datetime

    @property
    def last_modified(self) -> str:
        """The HTTP date of `updated`."""
        return format_datetime(self.updated.astimezone(UTC).replace(microsecond=0), usegmt=True)


def not_modified(document: FeedDocument, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether a conditional request gets a 304 (RFC 9110 section 13.2.2: If-None-Match wins)."""
    if if_none_match is not None:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in tags or document.etag in tags
    return if_modified_since is not None and if_modified_since == document.last_modified


def build_feed(
    db: Database, topic: str, what: What, form: Form, *, base_url: str | None, self_url: str | None = None
) -> FeedDocument:
    """The newest 200 matches or stories of a topic."""
    found = feed_matches(db, topic, LIMIT) if what == "matches" else feed_stories(db, topic, LIMIT)
    entries = [_entry(row, topic, what, base_url) for row in found]
    updated = max((entry["updated_at"] for entry in entries), default=NEVER)
    head = {
        "id": "urn:uuid:" + str(uuid5(NAMESPACE_URL, f"borderwatch:{topic}:{what}")),
        "title": f"{topic}: {what}",
        "updated": _iso(updated),
        "home": base_url,
        "self": self_url,
    }
    body = {"atom": _atom, "json": _json, "csv": _csv}[form](head, entries)
    etag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
    return FeedDocument(body, CONTENT_TYPES[form], etag, updated)


def _entry(row: Row, topic: str, what: What, base_url: str | None) -> dict[str, Any]:
    quotes = [many_lines(item["quote"]) for item in json.loads(row["evidence"])][:3]
    page = f"{base_url}/stories/{row['story_id']}" if base_url and row["story_id"] else None
    return {
        "id": _entry_id(row, topic, what),
        "title": one_line(row["title"]) or "(no title)",
        "url": safe_link(row["url"]),
        "page": page,
        "source": one_line(row["source"]),
        "country": row["country"],
        "language": row["lang"],
        "published": _iso(parse_stamp(row["date_utc"])) if row["date_utc"] else None,
        "first_seen": _iso(parse_stamp(row["first_seen"])),
        "updated_at": parse_stamp(row["changed"]),
        "updated": _iso(parse_stamp(row["changed"])),
        "score": row["score"],
        "quotes": quotes,
        "places": [one_line(place["name"]) for place in json.loads(row["places"])],
        "story_id": row["story_id"],
        "reports": row.get("reports"),
        "sources": json.loads(row["sources"]) if row.get("sources") else [],
    }


def _entry_id(row: Row, topic: str, what: What) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, row['canonical_url'] + '#' + topic + '#' + what)}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _content(entry: dict[str, Any]) -> str:
    lines = list(entry["quotes"])
    if entry["places"]:
        lines.append("Places: " + ", ".join(dict.fromkeys(entry["places"])))
    if len(entry["sources"]) > 1:
        lines.append(
            f"{entry['reports']} reports from {len(entry['sources'])} sources: "
            + ", ".join(map(one_line, entry["sources"]))
        )
    return "\n\n".join(lines)


def _atom(head: dict[str, Any], entries: Sequence[dict[str, Any]]) -> bytes:
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _put(feed, "id", head["id"])
    _put(feed, "title", head["title"])
    _put(feed, "updated", head["updated"])
    _put(feed, "generator", "borderwatch")
    if head["self"]:
        _link(feed, "self", head["self"], "application/atom+xml")
    if head["home"]:
        _link(feed, "alternate", head["home"], "text/html")
    for entry in entries:
        item = _put(feed, "entry", None)
        if entry["language"]:
            item.set(XML_LANG, entry["language"])
        _put(item, "id", entry["id"])
        _put(item, "title", entry["title"])
        _put(item, "updated", entry["updated"])
        if entry["published"]:
            _put(item, "published", entry["published"])
        _put(_put(item, "author", None), "name", entry["source"] or "unknown")
        if entry["url"]:
            _link(item, "alternate", entry["url"], "text/html")
        if entry["page"]:
            _link(item, "related", entry["page"], "text/html")
        for place in dict.fromkeys(entry["places"]):
            _put(item, "category", None).set("term", place)
        _put(item, "content", _content(entry)).set("type", "text")
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _put(parent: Any, name: str, text: str | None) -> Any:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = text
    return child


def _link(parent: Any, rel: str, href: str, kind: str) -> None:
    link = _put(parent, "link", None)
    for key, value in (("rel", rel), ("href", href), ("type", kind)):
        link.set(key, value)


def _json(head: dict[str, Any], entries: Sequence[dict[str, Any]]) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": head["title"],
        **({"home_page_url": head["home"]} if head["home"] else {}),
        **({"feed_url": head["self"]} if head["self"] else {}),
        "items": [_json_item(entry) for entry in entries],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _json_item(entry: dict[str, Any]) -> dict[str, Any]:
    item = {
        "id": entry["id"],
        "url": entry["url"] or None,
        "title": entry["title"],
        "content_text": _content(entry),
        "date_published": entry["published"],
        "date_modified": entry["updated"],
        "language": entry["language"],
        "tags": list(dict.fromkeys(entry["places"])) or None,
        "authors": [{"name": entry["source"]}],
        "_borderwatch": {
            key: entry[key]
            for key in ("country", "first_seen", "score", "story_id", "page", "reports", "sources")
        },
    }
    return {key: value for key, value in item.items() if value is not None}


def _csv(_head: dict[str, Any], entries: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(_COLUMNS)
    for entry in entries:
        row = {
            **entry,
            "evidence": " … ".join(entry["quotes"]),
            "places": "; ".join(entry["places"]),
            "sources": "; ".join(entry["sources"]),
        }
        writer.writerow([_cell(row[column]) for column in _COLUMNS])
    return out.getvalue().encode()


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP: CSV injection)."""
    if not isinstance(value, str):
        return value
    flat = one_line(value)
    return "'" + flat if flat[:1] in {"=", "+", "-", "@"} else flat


def write_feeds(
    db: Database, folder: Path, *, base_url: str | None, topics: Iterable[str] | None = None
) -> list[Path]:
    """Write every feed into a folder, each whole or not at all; an unchanged one keeps its file and time.

    Returns the paths. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for topic in feed_topics(db) if topics is None else topics:
        for what in ("matches", "stories"):
            for form in FORMS:
                path = folder / feed_name(topic, what, form)
                self_url = f"{base_url}/{FOLDER}/{path.name}" if base_url else None
                document = build_feed(db, topic, what, form, base_url=base_url, self_url=self_url)
                _replace(path, document.body)
                paths.append(path)
    return paths


def refresh_feeds(database: Path, data_dir: Path, base_url: str | None) -> None:
    """Bring DATA_DIR/feeds up to date, from a thread: a folder that cannot be written is logged, and stops nothing."""
    db = open_database(database, readonly=True)
    try:
        write_feeds(db, data_dir / FOLDER, base_url=base_url)
    except OSError as fault:
        log.warning("feeds_not_written", folder=str(data_dir / FOLDER), error=str(fault))
    finally:
        db.conn.close()


def feed_name(topic: str, what: str, form: str) -> str:
    """The file name of a feed: `iran-pakistan-border-stories.atom`."""
    slug = re.sub(r"[^\w\-]+", "_", topic)
    return f"{slug}-{what}.{form}"


def _replace(path: Path, body: bytes) -> None:
    if path.is_file() and path.read_bytes() == body:
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(body)
    fresh.replace(path)
