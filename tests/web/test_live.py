"""Live events reach an open page, whoever writes; and the page stops within a second, open streams or not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx

from storage.database import open_database, write_transaction
from tests.bench.seed import TOPIC
from tests.web.served import Served, served
from tests.web.stories_made import add_story


def next_event(lines: list[str], name: str, limit_s: float = 10.0) -> bool:
    """Wait until the stream held an event of that name."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if f"event: {name}" in lines:
            return True
        time.sleep(0.02)
    return False


def follow(page: Served, lines: list[str]) -> threading.Thread:
    """Read the page's events into `lines`, in a thread that ends with the stream."""

    def work() -> None:
        try:
            with httpx.stream("GET", f"{page.url}/events", timeout=30) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                for line in answer.iter_lines():
                    lines.append(line)  # noqa: PERF402 - one by one: the test looks meanwhile
        except httpx.HTTPError:
            lines.append("cut")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_another_programs_commit_is_told(data_dir: Path) -> None:
    lines: list[str] = []
    with served(data_dir) as page:
        thread = follow(page, lines)
        while ": hello" not in lines:
            time.sleep(0.02)
        cursor = page.client.get("/").text.split('data-newest="')[1].split('"')[0]
        assert page.client.get("/fresh", params={"newest": cursor}).headers["x-count"] == "0"
        story = add_story(data_dir / "borderwatch.db", "Shells fall near Saravan")
        assert next_event(lines, "news")
        fresh = page.client.get("/fresh", params={"newest": cursor})
        assert fresh.headers["x-count"] == "1"
        assert f'id="s{story}"' in fresh.text
        assert "Shells fall near Saravan" in fresh.text
        again = page.client.get("/fresh", params={"newest": fresh.headers["x-newest"]})
        assert again.headers["x-count"] == "0"
        assert page.client.get("/fresh", params={"newest": cursor, "lang": "fa"}).headers["x-count"] == "0"
        assert page.client.get("/fresh", params={"newest": "!!"}).status_code == 400
    thread.join(5)
    assert not thread.is_alive()


def test_a_commit_without_news_tells_nobody(data_dir: Path) -> None:
    lines: list[str] = []
    with served(data_dir) as page:
        follow(page, lines)
        while ": hello" not in lines:
            time.sleep(0.02)
        db = open_database(data_dir / "borderwatch.db")
        with write_transaction(db):
            db.conn.execute("UPDATE sources SET last_check = '2026-11-24T00:00:00.000Z'")
        db.conn.close()
        assert not next_event(lines, "news", 1.5)


def test_it_stops_within_a_second_with_open_streams(data_dir: Path) -> None:
    lines: list[list[str]] = [[] for _ in range(5)]
    with served(data_dir) as page:
        threads = [follow(page, one) for one in lines]
        while not all(": hello" in one for one in lines):
            time.sleep(0.02)
        assert page.client.get("/").status_code == 200
        began = time.monotonic()
    took = time.monotonic() - began
    for thread in threads:
        thread.join(5)
    assert took < 2.0  # 0.2 s on a quiet machine; the limit leaves room for a busy one


def test_answers_are_kept_until_something_changes(data_dir: Path) -> None:
    with served(data_dir) as page:
        first = page.client.get("/").headers["etag"]
        story = add_story(data_dir / "borderwatch.db", "Gate shut at Taftan")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if page.client.get("/").headers["etag"] != first:
                break
        assert f'id="s{story}"' in page.client.get("/").text
        assert TOPIC in page.client.get("/").text


def test_many_who_ask_at_once_get_one_answer(data_dir: Path) -> None:
    with served(data_dir) as page:
        found: list[tuple[int, str]] = []

        def ask() -> None:
            answer = httpx.get(f"{page.url}/", timeout=30)
            found.append((answer.status_code, answer.headers["etag"]))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(found) == 12
    assert {status for status, _ in found} == {200}
