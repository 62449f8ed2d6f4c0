"""A real Chromium, pages that record every fault, and a desk with attacks, revisions and an archived original in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from storage.archive import Archive
from storage.database import open_database, rows, stamp, write_transaction
from storage.model import Capture
from tests.web.served import Served, served

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install -e .[dev]"
)
SHOTS = Path(__file__).parents[3] / "test-output" / "web"
VIEWPORTS = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def chromium() -> str | None:
    """Debian's Chromium, or another on the path."""
    return next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


@dataclass
class Watched:
    """A browser page and what went wrong in it."""

    page: Any
    faults: list[str] = field(default_factory=list)

    def open(self, url: str) -> Any:
        """Go there and wait for scripts and styles."""
        self.page.goto(url, wait_until="load")
        return self.page

    def shot(self, name: str) -> None:
        """Keep a screenshot as test output."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for the session."""
    executable = chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@contextmanager
def watched(
    browser: Any,
    *,
    device: str = "desktop",
    scheme: str = "light",
    allow: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[Watched]:
    """A page that must not log an error nor ask any other host."""
    context = browser.new_context(
        viewport=VIEWPORTS[device],
        color_scheme=scheme,
        has_touch=device == "phone",
        is_mobile=device == "phone",
        locale="en-GB",
        timezone_id="Asia/Tehran",
        **options,
    )
    context.set_default_timeout(20_000)
    one = Watched(context.new_page())

    def asked(request: Any) -> None:
        if (
            urlsplit(request.url).scheme not in {"data", "blob", "about"}
            and urlsplit(request.url).hostname != "127.0.0.1"
        ):
            one.faults.append(f"asked {request.url}")

    def said(message: Any) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in allow):
            one.faults.append(f"console: {message.text}")

    one.page.on("request", asked)
    one.page.on("console", said)
    one.page.on("pageerror", lambda fault: one.faults.append(f"script: {fault}"))
    try:
        yield one
        assert one.faults == []
    finally:
        context.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Watched]]:
    """Opens watched pages; what they recorded is judged at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(watched(browser, **options))


@pytest.fixture(scope="session")
def desk(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page for tests that do not care what the others did: with a changed report and an archived original."""
    folder = tmp_path_factory.mktemp("browser") / "desk"
    shutil.copytree(seeded, folder)
    enrich(folder)
    with served(folder) as page:
        yield page


@pytest.fixture
def own_desk(data_dir: Path) -> Iterator[Served]:
    """A page of the test's own."""
    enrich(data_dir)
    with served(data_dir) as page:
        yield page


def enrich(folder: Path) -> None:
    """Give the newest story of several reports a revision, and its lead an archived original."""
    db = open_database(folder / "borderwatch.db")
    story = rows(
        db, "SELECT id, lead_article FROM stories WHERE articles > 3 ORDER BY first_at DESC LIMIT 1"
    )[0]
    lead = rows(db, "SELECT * FROM articles WHERE id = ?", (story["lead_article"],))[0]
    archive = Archive(folder / "archive")
    moment = datetime.now(UTC)
    body = f"<html><body><h1>{lead['title']}</h1><p>{lead['text']}</p><script>document.title='broken out'</script><img src='http://evil.example/x.png'></body></html>"
    place = archive.append(
        Capture(
            lead["url"],
            moment,
            200,
            (("Content-Type", "text/html; charset=utf-8"),),
            body.encode(),
            lead["source"],
            lead["url"],
        )
    )
    archive.close()
    with write_transaction(db):
        capture = db.conn.execute(
            "INSERT INTO captures (source, url, listed_url, fetched_at, status, digest, file, offset, length, state) VALUES (?, ?, ?, ?, 200, 'd', ?, ?, ?, 'done')",
            (lead["source"], lead["url"], lead["url"], stamp(moment), place.file, place.offset, place.length),
        ).lastrowid
        old = lead["text"].replace(lead["text"].split()[3], "⟨earlier⟩", 1)
        db.conn.execute(
            "INSERT INTO revisions (article_id, revision, seen_at, title, text) VALUES (?, 1, ?, ?, ?)",
            (lead["id"], lead["first_seen"], lead["title"] + " …", old),
        )
        db.conn.execute(
            "UPDATE articles SET revision = 2, capture_id = ?, authors = ? WHERE id = ?",
            (capture, json.dumps(["Amna Baloch"]), lead["id"]),
        )
    db.conn.close()


@pytest.fixture(scope="session")
def rich_story(desk: Served) -> dict[str, int]:
    """The story that `enrich` chose: its number and its lead article."""
    db = open_database(desk.data_dir / "borderwatch.db", readonly=True)
    found = rows(
        db,
        "SELECT s.id AS story, s.lead_article AS article FROM stories s JOIN revisions r ON r.article_id = s.lead_article",
    )[0]
    db.conn.close()
    return found
