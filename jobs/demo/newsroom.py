"""The newsroom's web servers: one origin a site on loopback, and a desk that receives the alerts by webhook.

All of it runs in one thread with its own event loop, beside whatever crawls it. `python -m jobs.demo.newsroom` serves
it alone and prints its addresses as JSON.
"""

from __future__ import annotations

import asyncio
import json
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from jobs.demo.articles import Article, DemoError, Site, dated, load, with_copied_text
from jobs.demo.pages import LISTING_PATHS, Resource, article_path, site_resources, templates

Now = Callable[[], datetime]

DESK_PATH = "/desk"
FIRST_HOST = 11
"""Each site has an address of its own from 127.0.0.11 on, as real publishers have: host profiles, politeness and
`rel=canonical` then tell them apart. Where only 127.0.0.1 answers (macOS), the port alone does."""

START_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One request that a site answered."""

    site: str
    path: str
    status: int
    user_agent: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What the desk received: the webhook's headers (lower-case names) and its JSON."""

    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes


class Newsroom:
    """Serves every site; a context manager. Thread-safe: `publish_next` and `hits` may be called from outside."""

    def __init__(self, now: Now = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.sites, loaded = load()
        started = now()
        old = {a.key: dated(a, self.sites[a.site], started) for a in loaded if a.live is None}
        self._published = {key: with_copied_text(article, old) for key, article in old.items()}
        self._waiting = sorted((a for a in loaded if a.live is not None), key=lambda a: a.live or 0)
        self._environment = templates()
        self._lock = threading.Lock()
        self._resources: dict[str, dict[str, Resource]] = {}
        self.bases: dict[str, str] = {}
        self.desk_url = ""
        self.desk: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._hits: list[Hit] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        self._runners: list[web.AppRunner] = []
        self._thread = threading.Thread(target=self._serve, name="newsroom", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_LIMIT_S) or self._fault is not None:
            raise DemoError(
                f"the newsroom could not open its ports on loopback: {self._fault or 'no answer in time'}"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_LIMIT_S)

    @property
    def published(self) -> tuple[Article, ...]:
        """What stands on the sites now."""
        return tuple(self._published.values())

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Every request so far."""
        return tuple(self._hits)

    def listing_url(self, site: str) -> str:
        """The address that a crawler is given for a site."""
        return self.bases[site] + LISTING_PATHS[self.sites[site].listing]

    def article_of(self, url: str) -> str | None:
        """The `site/slug` that an address (as served) belongs to."""
        for name, base in self.bases.items():
            if url.startswith(base + "/"):
                path = url.removeprefix(base).split("?")[0]
                return next((key for key, known in self._paths(name) if known == path), None)
        return None

    def publish_next(self) -> Article | None:
        """Publish what waits next, an article or a change of one; None when all is out."""
        with self._lock:
            if not self._waiting:
                return None
            article = self._waiting.pop(0)
            article = dated(article, self.sites[article.site], self._now())
            if article.edits is None:
                self._published[article.key] = article
            else:
                old = self._published[article.edits]
                paragraphs = old.paragraphs + article.paragraphs
                self._published[old.key] = replace(
                    old, title=article.title, paragraphs=paragraphs, modified=self._now()
                )
            self._render(article.site)
            return article

    def _paths(self, site: str) -> list[tuple[str, str]]:
        return [
            (a.key, article_path(a, self.sites[site])) for a in self._published.values() if a.site == site
        ]

    def _render(self, site: str) -> None:
        articles = [article for article in self._published.values() if article.site == site]
        made = site_resources(self.sites[site], articles, self.bases[site], self._now(), self._environment)
        self._resources[site] = made

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._open())
        except (OSError, DemoError) as fault:
            self._fault = fault
            self._ready.set()
            return
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(asyncio.gather(*(runner.cleanup() for runner in self._runners)))
        self._loop.close()

    async def _open(self) -> None:
        for index, site in enumerate(self.sites.values()):
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", self._site_handler(site))
            self.bases[site.name] = await self._listen(app, f"127.0.0.{FIRST_HOST + index}")
            self._render(site.name)
        desk = web.Application()
        desk.router.add_post(DESK_PATH, self._receive)
        self.desk_url = await self._listen(desk, "127.0.0.1") + DESK_PATH

    async def _listen(self, app: web.Application, host: str) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, host, 0).start()
        except OSError:
            if host == "127.0.0.1":
                raise
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        address, port = runner.addresses[0][:2]
        return f"http://{address}:{port}"

    def _site_handler(self, site: Site) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            response = self._answer(site, request)
            agent = request.headers.get("User-Agent", "")
            self._hits.append(Hit(site.name, request.rel_url.raw_path, response.status, agent, self._now()))
            return response

        return handle

    def _answer(self, site: Site, request: web.Request) -> web.Response:
        resource = self._resources[site.name].get(request.rel_url.raw_path)
        if resource is None:
            return web.Response(status=404, text="<h1>404 Not Found</h1>", content_type="text/html")
        if resource.location is not None:
            return web.Response(status=301, headers={"Location": resource.location})
        headers = {
            "ETag": resource.etag,
            "Last-Modified": format_datetime(resource.last_modified.astimezone(UTC), usegmt=True),
            "Cache-Control": "max-age=5",
            "Content-Type": resource.content_type,
        }
        if unchanged(
            resource, request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        ):
            return web.Response(status=304, headers=headers)
        response = web.Response(body=resource.body, headers=headers)
        if not resource.content_type.endswith("gzip"):
            response.enable_compression()
        return response

    async def _receive(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.desk.put(
            Message({name.lower(): value for name, value in request.headers.items()}, json.loads(raw), raw)
        )
        return web.Response(status=204)


def unchanged(resource: Resource, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether a conditional request gets 304: the ETag decides, the date only without one (RFC 9110 section 13.2.2)."""
    if if_none_match is not None:
        given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in given or resource.etag in given
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return resource.last_modified.replace(microsecond=0) <= since


def main() -> None:
    """Serve until standard input closes; the first line of output is the sites' listings as JSON."""
    with Newsroom() as newsroom:
        places = {name: newsroom.listing_url(name) for name in newsroom.sites} | {"desk": newsroom.desk_url}
        sys.stdout.write(json.dumps(places) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
