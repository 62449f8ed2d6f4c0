"""A site in a child process, and an engine that talks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from crawler.engine import Engine, EngineOptions
from crawler.fetch import Answer, FetchError, PageAnswer, PageJob, SourceAnswer
from storage.database import open_database
from storage.hosts import HostTables
from storage.model import Capture

SERVER = Path(__file__).with_name("web_server.py")


@dataclass
class Site:
    """The running site: `url("/page/1")` is at 127.0.0.1, `other(...)` at 127.0.0.2."""

    folder: Path
    port: int
    tls_port: int | None = None
    log_from: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def other(self, path: str) -> str:
        return f"http://127.0.0.2:{self.port}{path}"

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def robots(self, rules: Mapping[str, str | int]) -> None:
        (self.folder / "robots.json").write_text(json.dumps(rules))

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "requests.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines[self.log_from :]]

    def requests(self, *, robots: bool = False) -> list[dict[str, Any]]:
        rows = [row for row in self.log() if "t" in row]
        return [row for row in rows if robots or row["path"] != "/robots.txt"]

    def paths(self, *, robots: bool = False) -> list[str]:
        return [row["path"] for row in self.requests(robots=robots)]


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Site]:
    """A site in a child process, which ends with the block."""
    command = [sys.executable, str(SERVER), str(folder), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Site(folder, **json.loads(process.stdout.readline()))
        process.communicate(timeout=10)


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The site, its log and its robots.txt empty."""
    yield replace(shared_site, log_from=len(shared_site.log()))
    (shared_site.folder / "robots.json").unlink(missing_ok=True)


@dataclass
class Crawl:
    """An engine and the answers that it gave."""

    engine: Engine
    answers: list[Answer] = field(default_factory=list)

    async def pages(self, *urls: str, **options: Any) -> list[PageAnswer]:
        """The answers for pages, in the order of the addresses."""
        for number, url in enumerate(urls, len(self.answers)):
            await self.engine.put(PageJob(number, url, "s", **options))
        first = len(self.answers)
        await self.engine.idle()
        answers = [answer for answer in self.answers[first:] if isinstance(answer, PageAnswer)]
        return sorted(answers, key=lambda answer: answer.job.entry_id)

    async def page(self, url: str, **options: Any) -> PageAnswer:
        (answer,) = await self.pages(url, **options)
        return answer

    async def capture(self, url: str, **options: Any) -> Capture:
        answer = await self.page(url, **options)
        assert answer.capture is not None, answer.error
        return answer.capture

    async def error(self, url: str, **options: Any) -> FetchError:
        answer = await self.page(url, **options)
        assert answer.error is not None, answer.capture
        assert answer.capture is None
        return answer.error

    async def source(self, job: Any) -> SourceAnswer:
        await self.engine.put(job)
        await self.engine.idle()
        answer = self.answers[-1]
        assert isinstance(answer, SourceAnswer)
        return answer


LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def crawl(tmp_path: Path) -> Callable[..., Any]:
    """`async with crawl(host_delay_s=0) as c:` runs an engine over a database of this test."""

    @asynccontextmanager
    async def open_crawl(
        on_answer: Callable[[Answer], Awaitable[None]] | None = None, **options: Any
    ) -> AsyncIterator[Crawl]:
        chosen = {"user_agent": "borderwatch/1 (+test)", "allow_networks": LOOPBACK, "host_delay_s": 0.0}
        chosen |= {"environment": {}} | options
        database = open_database(tmp_path / "borderwatch.db")
        tables = HostTables(database)
        answers: list[Answer] = []

        async def take(answer: Answer) -> None:
            answers.append(answer)
            if on_answer is not None:
                await on_answer(answer)

        engine = Engine(EngineOptions(**chosen), take, tables, tables)
        await engine.start()
        try:
            yield Crawl(engine, answers)
        finally:
            await engine.close()
            database.close()

    return open_crawl
