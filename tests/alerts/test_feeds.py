"""Out-feeds: valid by strict parsers, stable ids, right times, harmless in a spreadsheet, conditional."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from jobs.alerts.feeds import ATOM, NEVER, build_feed, not_modified, write_feeds
from jobs.alerts.outbox import AlertPolicy
from storage.database import Database, stamp, write_transaction

from .conftest import NOW, TOPIC, Newsroom, make_match

NAMES = {"atom": ATOM}


def store_match(db: Database, article_id: int, created: datetime = NOW) -> None:
    match = make_match()
    with write_transaction(db):
        db.conn.execute(
            "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, places, created, verdict) VALUES (?, ?, '1', 2.0, 1.0, '[]', ?, ?, ?, 'alerted')",
            (
                article_id, TOPIC, json.dumps([{"field": "text", "start": 0, "end": 5, "quote": match.evidence[0].quote, "marks": []}]),
                json.dumps([{"id": "taftan", "name": "Taftan"}]), stamp(created),
            ),
        )  # fmt: skip


@pytest.fixture
def full(db: Database, newsroom: Newsroom) -> Database:
    _, first, story = newsroom.publish(AlertPolicy(), title="=cmd|' /C calc'!A0")
    _, second, _ = newsroom.publish(
        AlertPolicy(),
        story=story,
        source="geo",
        title="گیٹ بند & <b>\x0b\u202ex",
        language="ur",
        now=NOW + timedelta(hours=1),
    )
    _, third, _ = newsroom.publish(AlertPolicy(), source="irna", title="", now=NOW + timedelta(hours=2))
    for article in (first, second, third):
        store_match(db, article)
    return db


def require(condition: object, what: str) -> None:
    assert condition, what


def validate_atom(body: bytes) -> list[Any]:
    """What RFC 4287 sections 4.1.1 and 4.1.2 require."""
    feed = etree.fromstring(body)
    require(feed.tag == f"{{{ATOM}}}feed", "root")
    stamps = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
    for element in (feed, *feed.findall("atom:entry", NAMES)):
        for name in ("id", "title", "updated"):
            require(len(element.findall(f"atom:{name}", NAMES)) == 1, f"one {name}")
        require(
            re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", element.findtext("atom:id", namespaces=NAMES)),
            "an IRI for an id",
        )
        require(stamps.fullmatch(element.findtext("atom:updated", namespaces=NAMES)), "RFC 3339")
    entries: list[Any] = feed.findall("atom:entry", NAMES)
    require(
        len({entry.findtext("atom:id", namespaces=NAMES) for entry in entries}) == len(entries), "ids differ"
    )
    for entry in entries:
        require(entry.findtext("atom:author/atom:name", namespaces=NAMES), "an author")
        require(
            entry.find("atom:content", NAMES) is not None
            or entry.find("atom:link[@rel='alternate']", NAMES) is not None,
            "content",
        )
        published = entry.findtext("atom:published", namespaces=NAMES)
        require(published is None or stamps.fullmatch(published), "RFC 3339")
    return entries


@pytest.mark.parametrize("what", ["matches", "stories"])
def test_atom_is_valid(full: Database, what: Any) -> None:
    document = build_feed(
        full,
        TOPIC,
        what,
        "atom",
        base_url="https://watch.example",
        self_url="https://watch.example/feeds/x.atom",
    )
    assert len(validate_atom(document.body)) == (3 if what == "matches" else 2)
    parsed = feedparser.parse(document.body)
    assert not parsed.bozo
    assert all(entry.link.startswith("https://") for entry in parsed.entries)
    assert any("Taftan" in entry.content[0].value for entry in parsed.entries)


def test_updated_is_the_newest_change(full: Database) -> None:
    document = build_feed(full, TOPIC, "stories", "atom", base_url=None)
    assert document.updated == NOW + timedelta(hours=2)
    story = etree.fromstring(document.body).findall("atom:entry", NAMES)[1]
    assert story.findtext("atom:updated", namespaces=NAMES) == "2026-05-04T13:00:00Z", "its second report"


def test_ids_outlive_the_database(full: Database, tmp_path: Path) -> None:
    one = [
        entry.findtext("atom:id", namespaces=NAMES)
        for entry in validate_atom(build_feed(full, TOPIC, "matches", "atom", base_url=None).body)
    ]
    full.conn.execute(
        "UPDATE articles SET updated_at = ?, title = 'another'", (stamp(NOW + timedelta(days=1)),)
    )
    two = [
        entry.findtext("atom:id", namespaces=NAMES)
        for entry in validate_atom(build_feed(full, TOPIC, "matches", "atom", base_url=None).body)
    ]
    assert one == two


def test_json_feed_is_valid(full: Database) -> None:
    """jsonfeed.org/version/1.1: required members, types, RFC 3339 dates."""
    feed = json.loads(build_feed(full, TOPIC, "stories", "json", base_url="https://watch.example").body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(feed["title"], str)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert item["url"].startswith("https://")
        datetime.fromisoformat(item["date_modified"])
        assert isinstance(item["authors"], list)
        assert isinstance(item["tags"], list)
    assert feed["items"][1]["_borderwatch"]["sources"] == ["dawn", "geo"]


def test_csv_is_harmless_and_whole(full: Database) -> None:
    found = list(
        csv.DictReader(
            io.StringIO(build_feed(full, TOPIC, "matches", "csv", base_url=None).body.decode(), newline="")
        )
    )
    assert len(found) == 3
    assert found[2]["title"] == "'=cmd|' /C calc'!A0"
    assert found[1]["title"] == "گیٹ بند & <b> x"
    assert found[0]["source"] == "irna"


def test_conditional_requests(full: Database) -> None:
    document = build_feed(full, TOPIC, "matches", "atom", base_url=None)
    assert document.last_modified == "Mon, 04 May 2026 14:00:00 GMT"
    assert not_modified(document, document.etag, None)
    assert not_modified(document, f'"x", W/{document.etag}', "Mon, 04 May 2020 14:00:00 GMT")
    assert not_modified(document, "*", None)
    assert not_modified(document, None, document.last_modified)
    assert not not_modified(document, '"x"', document.last_modified), "If-None-Match wins"
    assert not not_modified(document, None, None)
    assert build_feed(full, TOPIC, "matches", "atom", base_url=None).etag == document.etag


def test_an_empty_feed_is_valid(db: Database) -> None:
    document = build_feed(db, "nothing", "stories", "atom", base_url=None)
    assert validate_atom(document.body) == []
    assert document.updated == NEVER


def test_files_are_replaced_only_when_they_change(full: Database, tmp_path: Path) -> None:
    paths = write_feeds(full, tmp_path / "feeds", base_url=None)
    assert sorted(path.name for path in paths)[:3] == [
        f"{TOPIC}-matches.atom",
        f"{TOPIC}-matches.csv",
        f"{TOPIC}-matches.json",
    ]
    before = {path: path.stat().st_mtime_ns for path in paths}
    write_feeds(full, tmp_path / "feeds", base_url=None)
    assert before == {path: path.stat().st_mtime_ns for path in paths}
    assert len(list((tmp_path / "feeds").iterdir())) == 6, "no temporary files are left"
