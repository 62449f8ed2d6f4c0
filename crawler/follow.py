"""One address through its redirects: each hop passes robots.txt, its host's turn and the address check."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crawler.fetch import FetchError
from crawler.hops import (
    MAX_HOPS,
    PERMANENT,
    REDIRECTS,
    BadAddressError,
    Proxies,
    host_of_wire,
    next_hop,
    origin_of,
    retry_after_s,
    wire_url,
)
from crawler.hosts import Lanes, PostponedError
from crawler.robots import MAX_BYTES as ROBOTS_MAX_BYTES
from crawler.robots import MAX_REDIRECTS as ROBOTS_MAX_HOPS
from crawler.robots_cache import RobotsAnswer, RobotsCache, RobotsStore
from crawler.spiders.desk import Desk
from crawler.spiders.failures import Download, FetchFailedError
from crawler.storethread import StoreThread
from storage.model import Headers

PAUSING = frozenset({429, 503})
"""Statuses whose `Retry-After` is a wish of the whole host."""
FORM_ANSWER_MAX_BYTES = 1024 * 1024
TOO_MANY_PAUSE_S = 60.0
"""The pause after a 429 that names none."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where an address led. `permanent_url` is set where every redirect on the way was permanent."""

    download: Download
    permanent_url: str | None
    bytes_received: int


@dataclass(frozen=True, slots=True)
class Wish:
    """How to fetch: the headers to send, the source's proxy, limits, and whether robots.txt has a say."""

    headers: Headers
    proxy: str | None = None
    max_bytes: int = 0
    render: bool = False
    robots: bool = True
    max_hops: int = MAX_HOPS


class Follower:
    """Fetches addresses politely, through the desk."""

    def __init__(
        self,
        desk: Desk,
        lanes: Lanes,
        robots_store: RobotsStore,
        thread: StoreThread,
        *,
        base_headers: Headers,
        concurrency: int,
        timeout_s: float,
        wall: Callable[[], datetime],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._desk = desk
        self._lanes = lanes
        self._base_headers = base_headers
        self._slots = asyncio.Semaphore(concurrency)
        self._timeout_s = timeout_s
        self._wall = wall
        self._proxies = Proxies(os.environ if environment is None else environment)
        self.robots = RobotsCache(robots_store, thread, self._robots_txt, wall)

    async def follow(self, url: str, wish: Wish) -> Trail:
        """The answer behind the redirects of an address, whatever its status. Raises `FetchFailedError`."""
        try:
            here = wire_url(url)
        except BadAddressError as error:
            raise FetchFailedError(FetchError("url", str(error))) from error
        seen: set[str] = set()
        permanent, received = True, 0
        while True:
            if here in seen or len(seen) > wish.max_hops:
                raise FetchFailedError(
                    FetchError("redirect loop", f"{len(seen)} redirects, at last to {here}")
                )
            seen.add(here)
            download = await self._hop(here, wish)
            received += download.bytes_received
            location = download.header("location")
            if download.status not in REDIRECTS or location is None:
                moved = here if permanent and len(seen) > 1 else None
                return Trail(download, moved, received)
            permanent = permanent and download.status in PERMANENT
            try:
                here = next_hop(here, location)
            except BadAddressError as error:
                raise FetchFailedError(FetchError("redirect", str(error), download.status)) from error

    async def _hop(self, url: str, wish: Wish) -> Download:
        host = host_of_wire(url)
        try:
            proxy = self._proxies.for_url(url, wish.proxy)
        except BadAddressError as error:
            raise FetchFailedError(FetchError("proxy", str(error))) from error
        if wish.robots:
            await self._ask_robots(url, host, wish.proxy)
        try:
            async with self._lanes.turn(host), self._slots:
                download = await self._desk.fetch(
                    url,
                    headers=(*self._base_headers, *wish.headers),
                    proxy=proxy,
                    timeout_s=self._timeout_s,
                    max_bytes=wish.max_bytes,
                    render=wish.render,
                )
                self._heed(host, download)
                return download
        except PostponedError as error:
            raise FetchFailedError(FetchError("postponed", str(error), retry_after_s=error.wait_s)) from error

    async def post_form(self, url: str, form: Mapping[str, str]) -> Download:
        """Send a form, in the host's turn; redirects are not followed. Raises `FetchFailedError`."""
        try:
            here = wire_url(url)
            proxy = self._proxies.for_url(here, None)
        except BadAddressError as error:
            raise FetchFailedError(FetchError("url", str(error))) from error
        headers = (*self._base_headers, ("Content-Type", "application/x-www-form-urlencoded"))
        try:
            async with self._lanes.turn(host_of_wire(here)), self._slots:
                return await self._desk.fetch(
                    here,
                    headers=headers,
                    proxy=proxy,
                    timeout_s=self._timeout_s,
                    max_bytes=FORM_ANSWER_MAX_BYTES,
                    form=urlencode(form).encode("ascii"),
                )
        except PostponedError as error:
            raise FetchFailedError(FetchError("postponed", str(error), retry_after_s=error.wait_s)) from error

    def _heed(self, host: str, download: Download) -> None:
        """Take a host's wish for a pause, before its next request can start."""
        if download.status in PAUSING:
            pause_s = retry_after_s(download.header("retry-after"), self._wall())
            if pause_s is None and download.status == 429:
                pause_s = TOO_MANY_PAUSE_S
            if pause_s:
                self._lanes.pause(host, pause_s, "Retry-After")

    async def _ask_robots(self, url: str, host: str, proxy: str | None) -> None:
        known = await self.robots.rules(origin_of(url), proxy)
        self._lanes.raise_delay(host, known.rules.crawl_delay_s())
        if known.rules.allowed(url):
            return
        if known.error is not None:  # the host's own failure says more than what follows from it
            raise FetchFailedError(known.error)
        if known.rules.verdict == "rules":
            raise FetchFailedError(FetchError("robots", f"robots.txt disallows {url}"))
        raise FetchFailedError(FetchError("robots", known.rules.reason))

    async def _robots_txt(self, url: str, proxy: str | None) -> RobotsAnswer:
        wish = Wish((), proxy, ROBOTS_MAX_BYTES * 2, robots=False, max_hops=ROBOTS_MAX_HOPS)
        try:
            trail = await self.follow(url, wish)
        except FetchFailedError as failure:
            return _robots_failure(failure.error)
        download = trail.download
        return RobotsAnswer(download.status, download.body, download.header("content-type"))


def _robots_failure(error: FetchError) -> RobotsAnswer:
    if error.kind in {"redirect loop", "redirect"}:  # RFC 9309 section 2.3.1.2: counts as unavailable
        return RobotsAnswer(310, error=None)
    if error.kind == "too large":  # whatever it is, it is no robots.txt: as if it named nothing
        return RobotsAnswer(404, error=None)
    return RobotsAnswer(None, error=error)
