"""Shared by the tests of alerts: a database with articles, receivers as child processes, and channels."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.alerts.outbox import AlertPolicy, Candidate, Verdict, consider
from jobs.config.channels import Channel
from storage.database import Database, open_database, stamp, write_transaction
from storage.model import Article, Evidence, Match, PlaceRef, Published, Source

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TOPIC = "iran-pakistan-border"
QUOTE = "Two trucks were held at the Iran–Pakistan border near Taftan."


@dataclass
class Receiver:
    """A receiver in a child process."""

    process: subprocess.Popen[str]
    port: int
    lines: queue.Queue[str] = field(default_factory=queue.Queue)

    def url(self, path: str = "/ok") -> str:
        return f"webhook+http://127.0.0.1:{self.port}{path}"

    def received(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_received", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def bring_up(self) -> None:
        self._tell("/_up")

    def reset(self) -> None:
        self._tell("/_reset")

    def _tell(self, path: str) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=b"")
        urllib.request.urlopen(request, timeout=10).close()

    def mail(self, limit_s: float = 10) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.lines.get(timeout=limit_s))
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def start_receiver(kind: str, port: int = 0) -> Receiver:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.alerts.receiver", kind, str(port)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    receiver = Receiver(process, int(process.stdout.readline()))

    def pump() -> None:
        try:
            for line in process.stdout or ():
                receiver.lines.put(line)
        except ValueError:
            pass

    threading.Thread(target=pump, daemon=True).start()
    return receiver


@pytest.fixture(scope="session")
def http_receiver() -> Iterator[Receiver]:
    receiver = start_receiver("http")
    yield receiver
    receiver.stop()


@pytest.fixture
def fresh_receiver(http_receiver: Receiver) -> Receiver:
    """The receiver, with nothing received and its switch down."""
    http_receiver.reset()
    return http_receiver


@pytest.fixture(scope="session")
def mail_receiver() -> Iterator[Receiver]:
    receiver = start_receiver("smtp")
    yield receiver
    receiver.stop()


@pytest.fixture
def smtp_receiver(mail_receiver: Receiver) -> Receiver:
    """The mail server, with nothing received."""
    while not mail_receiver.lines.empty():
        mail_receiver.lines.get()
    return mail_receiver


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "borderwatch.db"


@pytest.fixture
def db(db_path: Path) -> Iterator[Database]:
    database = open_database(db_path)
    yield database
    database.conn.close()


def channel(url: str = "webhook+http://127.0.0.1:9/x", name: str = "desk", **options: Any) -> Channel:
    return Channel.model_validate({"name": name, "url": url, **options})


def make_match(**changes: Any) -> Match:
    start = QUOTE.index("Iran")
    values: dict[str, Any] = {
        "topic": TOPIC, "score": 2.0, "threshold": 1.0, "rules": ("names the frontier",),
        "evidence": (Evidence("text", 0, len(QUOTE), QUOTE, ((start, start + 20),)),), "concepts": ("frontier",),
        "places": (PlaceRef("taftan", "Taftan", 28.97, 61.55),), "topic_version": "1",
    }  # fmt: skip
    return Match(**{**values, **changes})


@dataclass
class Newsroom:
    """Stores articles and asks for alerts, as the recorder does."""

    db: Database
    count: int = 0

    def publish(
        self, policy: AlertPolicy, *, story: int | None = None, source: str = "dawn", country: str = "PK", title: str = "Trucks held at Taftan",
        now: datetime = NOW, published: Published | None = None, duplicate_of: int | None = None, language: str = "en", match: Match | None = None, **candidate: Any,
    ) -> tuple[Verdict, int, int]:  # fmt: skip
        """The verdict, the article's id and the story's."""
        self.count += 1
        url = f"https://{source}.example/{self.count}"
        with write_transaction(self.db):
            self.db.conn.execute(
                "INSERT OR IGNORE INTO sources (name, kind, url, country, state_since, next_check) VALUES (?, 'feed', ?, ?, ?, ?)",
                (source, f"https://{source}.example/feed", country, stamp(now), stamp(now)),
            )
            cursor = self.db.conn.execute(
                "INSERT INTO articles (source, url, canonical_url, title, text, first_seen, updated_at, lang, duplicate_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (source, url, url, title, QUOTE, stamp(now), stamp(now), language, duplicate_of),
            )
            article_id = int(cursor.lastrowid or 0)
            story_id = story or article_id
            self.db.conn.execute("UPDATE articles SET story_id = ? WHERE id = ?", (story_id, article_id))
            verdict = consider(
                self.db,
                Candidate(
                    article_id=article_id, story_id=story_id,
                    article=Article(url, url, title, QUOTE, published or Published(now - timedelta(hours=1), "feed", offset_minutes=300), language),
                    source=Source(source, "feed", f"https://{source}.example/feed", country), match=match or make_match(), first_seen=now, **candidate,
                ),
                policy,
                now,
            )  # fmt: skip
        return verdict, article_id, story_id


@pytest.fixture
def newsroom(db: Database) -> Newsroom:
    return Newsroom(db)


def wait_for(condition: Callable[[], Any], limit_s: float = 10.0) -> Any:
    """The first true value of the condition."""
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("the condition did not come true in time")
