"""A site and the real program beside it: both child processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database, open_database

ROOT = Path(__file__).resolve().parents[2]
STRIKE = (
    "Iranian forces struck two hideouts of the Jaish al-Adl group inside Pakistan late on Tuesday, close to the Iran-Pakistan border. "
    "Officials in Islamabad said that two children were killed in the village of Sabzkoh and called the strike a violation of their airspace. "
    "The border crossing at Taftan stayed open for trucks, traders in the town told reporters."
)


@dataclass
class Site:
    """The child-process site of `tests/jobs/site.py`."""

    port: int
    items: list[tuple[str, str, datetime]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(
        self,
        path: str,
        body: str = "",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        delay_s: float = 0,
    ) -> None:
        page = {path: {"body": body, "status": status, "headers": headers or {}, "delay_s": delay_s}}
        request = urllib.request.Request(
            f"{self.base}/_pages",
            json.dumps(page).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        _plain.open(request).read()

    def log(self, method: str = "GET") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads(_plain.open(f"{self.base}/_log").read())
        return [entry for entry in entries if entry["method"] == method]

    def asked(self, path: str) -> int:
        return sum(entry["path"] == path for entry in self.log())

    def publish(
        self, path: str, title: str, text: str, *, age: timedelta = timedelta(hours=1), links: str = ""
    ) -> str:
        """An article page, listed in /feed.xml; returns its address."""
        when = datetime.now(UTC) - age
        paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n"))
        self.put(
            path,
            f"<!doctype html><html lang='en'><head><title>{escape(title)}</title><meta property='og:type' content='article'>"
            f"<meta property='article:published_time' content='{when.isoformat()}'></head><body><nav><a href='/'>Home</a></nav>"
            f"<article><h1>{escape(title)}</h1>{paragraphs}</article>{links}<footer>Imprint</footer></body></html>",
        )
        self.items = [(path, title, when)] + [item for item in self.items if item[0] != path]
        self.list_feed()
        return f"{self.base}{path}"

    def list_feed(self) -> None:
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.base}{escape(path)}</link><guid>{self.base}{escape(path)}</guid><pubDate>{format_datetime(when)}</pubDate></item>"
            for path, title, when in self.items
        )
        feed = f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Test</title><link>{self.base}/</link><description>d</description>{items}</channel></rss>"
        self.put("/feed.xml", feed, headers={"Content-Type": "application/rss+xml; charset=utf-8"})


_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def site() -> Iterator[Site]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.site"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        made = Site(json.loads(child.stdout.readline())["port"])
        made.put("/robots.txt", "User-agent: *\nAllow: /\n", headers={"Content-Type": "text/plain"})
        made.list_feed()
        yield made
        child.kill()


@dataclass
class Program:
    """The command line on a data directory of its own."""

    folder: Path
    config: Path
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.lower().endswith("_proxy") and not key.startswith("BORDERWATCH")
        }
        return clean | {"PYTHONWARNINGS": "default", "PYTHONPATH": str(ROOT)}

    def command(self, *words: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "jobs",
            "--config",
            str(self.config),
            "--data-dir",
            str(self.data),
            *words,
        ]

    def call(
        self, *words: str, code: int | None = 0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            timeout=100,
            check=False,
        )
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str, code: int | None = 0) -> Any:
        return json.loads(self.call(*words, "--json", code=code).stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def database(self) -> Database:
        return open_database(self.data / "borderwatch.db", readonly=True)


@pytest.fixture
def program(tmp_path: Path, site: Site) -> Program:
    """A configuration with one feed of the site and a webhook to it."""
    config = tmp_path / "borderwatch.toml"
    config.write_text(
        f"""
[service]
contact = "test@example.org"
allow_networks = ["127.0.0.0/8"]
host_delay = 0
tick = "200ms"

[web]
enabled = false

[[sources]]
name = "one"
feed = "{site.base}/feed.xml"
min_interval = "1s"
max_interval = "2s"

[[channels]]
name = "hook"
url = "webhook+{site.base}/hook"
""",
        encoding="utf-8",
    )
    return Program(tmp_path, config, tmp_path / "data")


def wait_for(condition: Callable[[], Any], *, limit_s: float = 30.0, what: str = "the condition") -> Any:
    """Poll until the condition is truthy; fails with what was waited for."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what} did not come about within {limit_s:g} s")
