"""Every page over a real socket: what it shows, what it says of broken addresses, and stored attacks as plain text."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import httpx
import pytest

from storage.database import open_database, rows, write_transaction
from tests.bench.seed import TOPIC
from tests.web.conftest import ATTACKS
from tests.web.served import Served, served

PAGES = (
    "/",
    "/map",
    "/timeline",
    "/timeline?by=country&days=180",
    "/search",
    "/search?q=Saravan",
    "/sources",
    "/alerts",
    "/topics",
    "/feeds/",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer(shared_page: Served, path: str) -> None:
    answer = shared_page.client.get(path)
    assert answer.status_code == 200
    assert "text/html" in answer.headers["content-type"]
    assert not re.search(r"<[^>]+\son\w+=|\sstyle=", answer.text)
    assert "<script>" not in answer.text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//(?!\w+[\w-]*\.example)", answer.text)


def test_story_and_article(shared_page: Served) -> None:
    item = shared_page.client.get("/api/v1/stories?min=4&limit=1").json()["items"][0]
    story = shared_page.client.get(f"/stories/{item['story_id']}").text
    assert "<mark>" in story
    assert story.count('class="because"') == item["reports"]
    article = shared_page.client.get(f"/articles/{item['article_id']}").text
    assert "Known from" in article
    assert item["rules"][0] in article


@pytest.mark.parametrize(
    "path",
    [
        "/stories/999999",
        "/articles/999999",
        "/stories/x",
        "/nothing",
        "/articles/1/original",
        "/feeds/none.atom",
        "/articles/99999999999999999999",
    ],
)
def test_unknown_addresses_lead_back(shared_page: Served, path: str) -> None:
    answer = shared_page.client.get(path)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text


@pytest.mark.parametrize(
    ("path", "name"),
    [("/?lang=xx", "lang"), ("/?place=atlantis&days=9", "days"), ("/map?days=x", "days"), ("/timeline?by=moon", "by"), ("/search?q=x&source=no", "source"),
     ("/search?q=lang:qq", "lang"), ("/sources?state=odd", "state"), ("/alerts?after=zzz", "after"), ("/topics?topic=none", "topic"), ("/?after=!!", "after"), ("/search?q=%22%22", "q")],
)  # fmt: skip
def test_broken_filters_say_which(shared_page: Served, path: str, name: str) -> None:
    answer = shared_page.client.get(path)
    assert answer.status_code == 400
    assert f"<code>{name}=" in answer.text
    assert "Remove it" in answer.text


def test_the_next_part_of_a_list_is_cards_alone(shared_page: Served) -> None:
    first = shared_page.client.get("/").text
    following = re.search(r'hx-get="(/\?[^"]*after=[^"]+)"', first)
    assert following is not None
    part = shared_page.client.get(following[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text
    assert "<html" not in part
    ids = set(re.findall(r'id="(s\d+)"', part))
    assert ids
    assert ids.isdisjoint(re.findall(r'id="(s\d+)"', first))


def test_search_finds_any_spelling(shared_page: Served) -> None:
    answers = [
        shared_page.client.get("/search", params={"q": word}).text
        for word in ("میرجاوه", "ميرجاوه", "مِيرجاوه")
    ]
    found = [set(re.findall(r'id="(a\d+)"', text)) for text in answers]
    assert found[0]
    assert found[0] == found[1] == found[2]
    assert "<mark>میرجاوه</mark>" in answers[1]


def test_search_fields_may_stand_in_the_words(shared_page: Served) -> None:
    answer = shared_page.client.get("/search", params={"q": "source:tehran-wire lang:fa"}).text
    assert set(re.findall(r'<span class="src">([^<]+)</span>', answer)) == {"tehran-wire"}


def test_answers_are_small(shared_page: Served) -> None:
    for path in PAGES:
        total = 0
        answer = shared_page.client.get(path)
        wanted = [path, *set(re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text))]
        for one in wanted:
            with shared_page.client.stream("GET", one, headers={"Accept-Encoding": "gzip"}) as raw:
                total += sum(len(part) for part in raw.iter_raw())
        assert total < 150_000, (path, total)


def test_a_page_that_did_not_change_is_not_sent_again(shared_page: Served) -> None:
    first = shared_page.client.get("/sources")
    again = shared_page.client.get("/sources", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def attack_everything(path: Path) -> None:
    """Put attacks wherever a stored text is shown."""
    db = open_database(path)
    db.conn.execute("PRAGMA ignore_check_constraints = ON")
    with write_transaction(db):
        for number, row in enumerate(
            rows(db, "SELECT id, article_id FROM matches ORDER BY id DESC LIMIT 120")
        ):
            attack = ATTACKS[number % len(ATTACKS)].encode("utf-8", "replace").decode()
            evidence = [
                {
                    "field": "text",
                    "start": 0,
                    "end": len(attack),
                    "quote": attack,
                    "marks": [[0, min(5, len(attack))]],
                }
            ]
            place = [{"id": attack[:80], "name": attack, "lat": 27.0, "lon": 62.0}]
            db.conn.execute(
                "UPDATE articles SET title = ?, text = ?, url = ?, authors = ?, lang = ? WHERE id = ?",
                (attack, attack, attack, json.dumps([attack]), attack[:9], row["article_id"]),
            )
            db.conn.execute(
                "UPDATE matches SET evidence = ?, rules = ?, concepts = ?, places = ? WHERE id = ?",
                (
                    json.dumps(evidence),
                    json.dumps([attack]),
                    json.dumps([attack]),
                    json.dumps(place),
                    row["id"],
                ),
            )
        db.conn.execute("UPDATE sources SET error = ?, country = ?", (ATTACKS[0], ATTACKS[1]))
        db.conn.execute("UPDATE deliveries SET last_error = ?", (ATTACKS[1],))
        db.conn.execute("UPDATE story_members SET why = ?", (ATTACKS[0],))
        db.conn.execute(
            "INSERT INTO revisions (article_id, revision, seen_at, title, text) SELECT id, 1, first_seen, ?, ? FROM articles WHERE id = (SELECT max(article_id) FROM matches)",
            (ATTACKS[7], ATTACKS[1]),
        )
    db.conn.close()


def test_stored_attacks_show_as_text(data_dir: Path) -> None:
    attack_everything(data_dir / "borderwatch.db")
    with served(data_dir) as page:
        items = page.client.get("/api/v1/stories?limit=20").json()["items"]
        paths = [
            *PAGES,
            "/alerts?state=dead",
            "/search?q=alert",
            *(f"/stories/{item['story_id']}" for item in items[:8]),
            *(f"/articles/{item['article_id']}" for item in items[:8]),
        ]
        for path in paths:
            answer = page.client.get(path)
            assert answer.status_code == 200, path
            assert "<script>" not in answer.text, path
            assert "<img" not in answer.text, path
            assert "\u202e" not in re.sub(r"<[^>]*>", "", answer.text), path
            assert not re.search(r"href=[\"']?\s*javascript", answer.text, re.IGNORECASE), path
            assert not re.search(
                r"<[a-z][^<>\"']*(?:\"[^\"]*\"[^<>\"']*|'[^']*'[^<>\"']*)*\sonerror=", answer.text
            ), path
            assert "{{ 7*7 }}" in answer.text or "49{" not in answer.text


def test_a_missing_database_is_said(tmp_path: Path) -> None:
    with served(tmp_path) as page:
        for path in ("/", "/map", "/sources", "/search?q=x"):
            answer = page.client.get(path)
            assert answer.status_code == 503
            assert "there is no database yet" in answer.text
            assert "borderwatch run" in answer.text
        assert page.client.get("/api/v1/stories").json()["detail"].endswith("first.")
        open_database(tmp_path / "borderwatch.db").conn.close()
        assert page.client.get("/").status_code == 200
        assert "Nothing matched yet" in page.client.get("/").text


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "borderwatch.db").write_bytes(b"not a database, only some text that is long enough" * 100)
    with served(tmp_path) as page:
        answer = page.client.get("/")
        assert answer.status_code == 503
        assert "damaged" in answer.text


def test_a_locked_database_is_said(data_dir: Path) -> None:
    locker = sqlite3.connect(data_dir / "borderwatch.db", isolation_level=None)
    locker.execute("PRAGMA journal_mode = DELETE")
    locker.execute("BEGIN EXCLUSIVE")
    try:
        with served(data_dir) as page:
            answer = page.client.get("/")
            assert answer.status_code == 503
            assert "locked" in answer.text
    finally:
        locker.execute("ROLLBACK")
        locker.close()


def test_an_empty_desk_says_what_to_do(tmp_path: Path) -> None:
    open_database(tmp_path / "borderwatch.db").conn.close()
    with served(tmp_path) as page:
        for path, hint in (
            ("/", "borderwatch init"),
            ("/sources", "sources check"),
            ("/alerts", "alerts test"),
            ("/map", "No story"),
            ("/timeline", "No story"),
            ("/feeds/", "No feed yet"),
        ):
            answer = page.client.get(path)
            assert answer.status_code == 200, path
            assert hint in answer.text, path


def test_a_head_request_is_a_get_without_a_body(shared_page: Served) -> None:
    for path in ("/", "/api/v1/stories", "/sources"):
        answer = shared_page.client.head(path)
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer.headers["etag"]


def test_feeds_honour_conditional_requests(shared_page: Served) -> None:
    listing = shared_page.client.get("/feeds/").text
    names = re.findall(r'href="/feeds/([^"]+)"', listing)
    assert f"{TOPIC}-stories.atom" in names
    for name in names:
        answer = shared_page.client.get(f"/feeds/{name}")
        assert answer.status_code == 200
        for header, value in (
            ("If-None-Match", answer.headers["etag"]),
            ("If-Modified-Since", answer.headers["last-modified"]),
        ):
            assert httpx.get(f"{shared_page.url}/feeds/{name}", headers={header: value}).status_code == 304, (
                name,
                header,
            )
