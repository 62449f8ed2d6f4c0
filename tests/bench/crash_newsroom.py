"""A newsroom for the crash bench: publishers on loopback whose stories come at random moments, some of them copies."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from random import Random

from aiohttp import web

SYLLABLES = [
    "ba",
    "re",
    "mo",
    "ti",
    "lan",
    "dor",
    "ve",
    "shi",
    "ku",
    "pra",
    "nel",
    "zo",
    "fi",
    "gar",
    "hu",
    "min",
    "sat",
    "qel",
    "wor",
    "yin",
    "tra",
    "pel",
    "osk",
    "und",
    "eri",
]
PLACES = ("Taftan", "Mirjaveh", "Rimdan", "Gabd", "Saravan", "Mashkel", "Panjgur", "Jalq", "Pishin", "Mand")


@dataclass(frozen=True, slots=True)
class Report:
    """One published article. `event` is shared by a story and its copies."""

    event: int
    site: int
    path: str
    title: str
    text: str
    at: datetime


@dataclass
class Newsroom:
    """Serves `sites` feeds on 127.0.0.11 and up; `publish()` adds one story or a copy. Thread-safe."""

    sites: int
    seed: int
    copies: float = 0.3
    border: float = 1.0
    """Share of the stories that are about the border; the others are about nothing."""
    reports: list[Report] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    served: dict[str, float] = field(default_factory=dict)
    """When each article's page was first answered (address -> UNIX time)."""

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the newsroom did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(5)

    def publish(self) -> Report:
        with self._lock:
            chance = self._chance
            originals = self.reports[-40:]
            site = chance.randrange(self.sites)
            number = len(self.reports)
            if originals and chance.random() < self.copies:
                source = chance.choice(originals)
                report = Report(
                    source.event, site, f"/a/{number}", source.title, source.text, datetime.now(UTC)
                )
            else:
                report = self._story(number, site)
            self.reports.append(report)
            return report

    def _story(self, number: int, site: int) -> Report:
        chance = self._chance

        def word() -> str:
            return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4)))

        name = f"{word().title()} {word().title()}"
        at_border = f"{chance.choice(PLACES)} on the Iran-Pakistan border"
        where = at_border if chance.random() < self.border else f"{word().title()} in {word().title()}"
        title = f"{name} {word()} {word()} at {where}"
        lines = [f"{name} reported {number + 1000} {word()} {word()} near {where}."]
        for _ in range(8):
            sentence = " ".join(word() for _ in range(chance.randint(9, 16)))
            lines.append(
                f"The {sentence.capitalize()} {word().title()} said {chance.randint(10, 9999)} {word()}."
            )
        return Report(number, site, f"/a/{number}", title, "\n".join(lines), datetime.now(UTC))

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        runners = []
        for site in range(self.sites):
            app = web.Application()
            app.router.add_get("/robots.txt", self._robots)
            app.router.add_get("/feed.xml", self._feed_of(site))
            app.router.add_get("/a/{number}", self._article)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, f"127.0.0.{11 + site}", 0).start()
            runners.append(runner)
            self.ports.append(runner.addresses[0][1])
        self._ready.set()
        await self._done.wait()
        for runner in runners:
            await runner.cleanup()

    def address(self, site: int) -> str:
        return f"http://127.0.0.{11 + site}:{self.ports[site]}"

    async def _robots(self, _request: web.Request) -> web.Response:
        return web.Response(text="User-agent: *\nAllow: /\n")

    def _feed_of(self, site: int):  # type: ignore[no-untyped-def]
        async def feed(_request: web.Request) -> web.Response:
            with self._lock:
                listed = [report for report in self.reports if report.site == site][-400:]
            items = "".join(
                f"<item><title>{escape(r.title)}</title><link>{self.address(site)}{r.path}</link><guid>{self.address(site)}{r.path}</guid>"
                f"<pubDate>{format_datetime(r.at)}</pubDate></item>"
                for r in reversed(listed)
            )
            body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>s{site}</title><link>{self.address(site)}</link><description>x</description>{items}</channel></rss>'
            return web.Response(text=body, content_type="application/rss+xml")

        return feed

    async def _article(self, request: web.Request) -> web.Response:
        with self._lock:
            report = self.reports[int(request.match_info["number"])]
            self.served.setdefault(f"{self.address(report.site)}{report.path}", time.time())
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in report.text.split("\n"))
        stamp = report.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        page = (
            f'<!doctype html><html lang="en"><head><title>{escape(report.title)}</title><meta property="og:type" content="article">'
            f'<meta property="article:published_time" content="{stamp}"></head><body><article><h1>{escape(report.title)}</h1>{paragraphs}</article></body></html>'
        )
        return web.Response(text=page, content_type="text/html")
