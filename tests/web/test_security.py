"""The doors: CSRF on every change, sessions that end, throttled logins, roles, hosts, headers, tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from jobs.config.web import WebOptions
from storage.database import now_utc, open_database, scalar
from storage.model import UsageError
from storage.users import add_token, add_user
from tests.bench.seed import TOPIC
from tests.web.served import Served, served
from web.access import digest, hash_password
from web.app import create_app

PASSWORD = "correct horse battery"
CHANGES = {
    "/do/judge": {"article": "1", "topic": TOPIC, "word": "relevant"},
    "/do/mute": {"what": "story", "value": "1"},
    "/do/handle": {"alert": "x"},
    "/do/check": {"source": "tehran-wire"},
    "/do/retry": {"delivery": "1"},
    "/do/split": {"article": "1"},
    "/do/merge": {"story": "1", "other": "2"},
    "/do/searches": {"query": "q=a", "name": "a"},
    "/do/searches/forget": {"search": "1"},
    "/topics/try": {"text": "a"},
    "/logout": {},
    "/login": {"name": "amna", "password": PASSWORD},
    "/api/v1/judgements": {"article_id": 1, "topic": TOPIC, "relevant": True},
}


@pytest.fixture
def guarded(data_dir: Path) -> Iterator[Served]:
    """A page with three users, where everybody logs in."""
    db = open_database(data_dir / "borderwatch.db")
    hashed = hash_password(PASSWORD)
    for name, role in (("amna", "editor"), ("reza", "viewer"), ("root", "admin")):
        add_user(db, name, hashed, role, now_utc())  # type: ignore[arg-type]
    add_token(db, digest("feed-token"), "reader", None, "viewer", now_utc())
    add_token(db, digest("write-token"), "writer", None, "editor", now_utc())
    db.conn.close()
    with served(data_dir) as page:
        yield page


def log_in(page: Served, name: str, password: str = PASSWORD) -> httpx.Client:
    """A client with the name's session."""
    client = httpx.Client(base_url=page.url, timeout=20)
    form = client.get("/login?next=/sources").text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', form)
    assert token is not None
    client.post("/login", data={"name": name, "password": password, "csrf": token[1], "next": "/sources"})
    return client


def test_every_change_is_listed_here(seeded: Path) -> None:
    app = create_app(seeded, WebOptions(), None)
    pending = list(app.routes)
    found = set()
    while pending:
        route = pending.pop()
        pending += getattr(getattr(route, "original_router", None), "routes", [])
        if isinstance(route, APIRoute) and route.methods - {"GET", "HEAD"}:
            found.add(route.path)
    assert found == set(CHANGES)


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [{}, {"X-CSRF-Token": "0" * 64}, {"right": "but from elsewhere"}],
    ids=["without", "wrong", "elsewhere"],
)
def test_nothing_changes_without_the_token(shared_page: Served, path: str, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=shared_page.url) as client:
        if "right" in headers:
            headers = {**shared_page.csrf(client), "Origin": "http://evil.example"}
        body = {"json": CHANGES[path]} if path.startswith("/api") else {"data": CHANGES[path]}
        answer = client.post(path, headers=headers, **body)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert "Reload it" in answer.text


def test_a_token_of_another_browser_does_not_fit(shared_page: Served) -> None:
    with httpx.Client(base_url=shared_page.url) as one, httpx.Client(base_url=shared_page.url) as other:
        other.get("/csrf")
        assert (
            other.post("/do/judge", data=CHANGES["/do/judge"], headers=shared_page.csrf(one)).status_code
            == 403
        )


def test_headers(shared_page: Served) -> None:
    for path in ("/", "/nothing", "/static/app.css", "/api/v1/stories", "/csrf"):
        headers = shared_page.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    cookie = (
        shared_page.client.get("/csrf").headers.get("set-cookie")
        or httpx.get(f"{shared_page.url}/csrf").headers["set-cookie"]
    )
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", ""])
def test_a_foreign_host_gets_nothing(shared_page: Served, host: str) -> None:
    answer = httpx.get(f"{shared_page.url}/", headers={"Host": host})
    assert answer.status_code in {400, 421}
    assert "story" not in answer.text


def test_everybody_logs_in_where_there_are_users(guarded: Served) -> None:
    answer = guarded.client.get("/stories/1?a=b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fstories%2F1%3Fa%3Db"
    for path in ("/api/v1/stories", "/feeds/", "/events"):
        assert guarded.client.get(path).status_code == 401
    assert guarded.client.get("/static/app.css").status_code == 200
    assert "Now</a>" not in guarded.client.get("/login").text


def test_a_session_ends_with_the_logout_and_its_cookie_is_worth_nothing_after(guarded: Served) -> None:
    client = log_in(guarded, "amna")
    assert client.get("/").status_code == 200
    old = client.cookies["bw_session"]
    cookie = next(cookie for cookie in client.cookies.jar if cookie.name == "bw_session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    client.post("/logout", headers=guarded.csrf(client))
    replay = httpx.get(f"{guarded.url}/", cookies={"bw_session": old})
    assert replay.status_code == 303
    forged = httpx.get(f"{guarded.url}/", cookies={"bw_session": digest(old)})
    assert forged.status_code == 303
    client.close()


def test_only_hashes_are_stored(guarded: Served) -> None:
    client = log_in(guarded, "amna")
    secret = client.cookies["bw_session"]
    client.close()
    db = open_database(guarded.data_dir / "borderwatch.db", readonly=True)
    stored = str(
        db.conn.execute("SELECT * FROM sessions").fetchall()
        + db.conn.execute("SELECT * FROM users").fetchall()
    )
    db.conn.close()
    assert secret not in stored
    assert PASSWORD not in stored
    assert "$argon2id$" in stored


def test_logins_are_throttled(guarded: Served) -> None:
    for _ in range(5):
        client = log_in(guarded, "amna", "wrong password")
        assert "bw_session" not in client.cookies
        client.close()
    client = httpx.Client(base_url=guarded.url)
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/login").text)
    assert token is not None
    answer = client.post("/login", data={"name": "amna", "password": PASSWORD, "csrf": token[1]})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert int(answer.headers["retry-after"]) <= 300
    client.close()


def test_roles(guarded: Served) -> None:
    article = scalar(
        open_database(guarded.data_dir / "borderwatch.db", readonly=True),
        "SELECT max(article_id) FROM matches",
    )
    for name, judging, retrying in (("reza", 403, 403), ("amna", 200, 403), ("root", 200, 409)):
        client = log_in(guarded, name)
        token = guarded.csrf(client)
        assert (
            client.post(
                "/do/judge", data={"article": article, "topic": TOPIC, "word": "relevant"}, headers=token
            ).status_code
            == judging
        )
        assert client.post("/do/retry", data={"delivery": 999999}, headers=token).status_code == retrying
        assert ("data-key" in client.get("/").text) == (judging == 200)
        client.close()


def test_tokens_read_feeds_and_the_api(guarded: Served) -> None:
    bearer = {"Authorization": "Bearer feed-token"}
    assert guarded.client.get("/api/v1/stories", headers=bearer).status_code == 200
    assert guarded.client.get("/feeds/?token=feed-token").status_code == 200
    assert guarded.client.get("/api/v1/stories?token=feed-token").status_code == 401
    assert guarded.client.get("/api/v1/stories", headers={"Authorization": "Bearer wrong"}).status_code == 401
    word = {"article_id": 1, "topic": TOPIC, "relevant": True}
    assert guarded.client.post("/api/v1/judgements", json=word, headers=bearer).status_code == 403
    made = guarded.client.post(
        "/api/v1/judgements", json=word, headers={"Authorization": "Bearer write-token"}
    )
    assert made.status_code == 201
    assert made.json() == {"said": "Kept as relevant"}


def test_answers_kept_for_one_are_not_given_to_another(guarded: Served) -> None:
    editor, viewer = log_in(guarded, "amna"), log_in(guarded, "reza")
    assert "amna" in editor.get("/").text
    assert "amna" not in viewer.get("/").text
    assert httpx.get(f"{guarded.url}/").status_code == 303
    editor.close()
    viewer.close()


def test_a_user_that_is_added_closes_the_open_page(page: Served) -> None:
    assert page.client.get("/").status_code == 200
    db = open_database(page.data_dir / "borderwatch.db")
    add_user(db, "amna", "x", "viewer", datetime.now(UTC))
    db.conn.close()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if page.client.get("/").status_code == 303:
            return
    pytest.fail("the page stayed open to everybody")


def test_no_users_no_foreign_binding(data_dir: Path) -> None:
    with pytest.raises(UsageError, match="users add"), served(data_dir, WebOptions(host="0.0.0.0")):
        pass


def test_the_page_that_only_reads_changes_nothing(data_dir: Path) -> None:
    with served(data_dir, read_only=True) as page:
        token = page.csrf()
        for path, body in CHANGES.items():
            if path.startswith("/do/"):
                assert page.client.post(path, data=body, headers=token).status_code == 403, path
        assert "data-key" not in page.client.get("/").text
