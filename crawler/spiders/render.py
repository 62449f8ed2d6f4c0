"""Pages that need a real browser: Chromium through Playwright, behind the guarded gateway.

Off unless a source says `render = true`; needs the extra `browser` and a Chromium. What it brings is the page as
it stands after its scripts ran. A redirect is handed back as one, so that robots.txt and the host's turn hold for
its target as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from typing import Any

from crawler.fetch import FetchError
from crawler.spiders.failures import Download, FetchFailedError
from crawler.spiders.gateway import Gateway
from crawler.spiders.netguard import AddressRefusedError, Guard
from storage.model import Headers

AT_ONCE = 2
"""Pages open at the same time: each takes some 100 MB."""
SETTLE_MS = 2_000
"""How long a loaded page may go on fetching before it is taken as it is."""
_UNWANTED = frozenset({"image", "media", "font", "websocket", "manifest", "texttrack", "eventsource", "ping"})
_ARGUMENTS = (
    "--proxy-bypass-list=<-loopback>",  # loopback goes through the gateway too, which refuses it
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


class Renderer:
    """One browser for the crawler, started when first needed and again after a crash."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._gateway: Gateway | None = None
        self._driver: Any = None
        self._browser: Any = None
        self._starting = asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def render(
        self, url: str, *, headers: Headers, proxy: str | None, timeout_s: float, max_bytes: int
    ) -> Download:
        """The page at an address. Raises `FetchFailedError`."""
        if proxy is not None:
            raise FetchFailedError(
                FetchError("browser", "pages behind a proxy cannot be rendered; set render = false")
            )
        async with self._room:
            browser = await self._start()
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._page(browser, url, headers, max_bytes)
            except TimeoutError as error:
                detail = f"not rendered within {timeout_s:g} s"
                raise FetchFailedError(FetchError("timeout", detail)) from error

    async def _page(self, browser: Any, url: str, headers: Headers, max_bytes: int) -> Download:
        from playwright.async_api import Error  # noqa: PLC0415 - an optional dependency

        assert self._gateway is not None
        self._guard_literal(url)
        refused = len(self._gateway.refused)
        agent = next((value for name, value in headers if name == "User-Agent"), None)
        context = await browser.new_context(user_agent=agent, service_workers="block", accept_downloads=False)
        try:
            page = await context.new_page()
            await page.route("**/*", _only_what_counts)
            answer = await page.goto(url, wait_until="load")
            if answer is None:
                raise FetchFailedError(FetchError("browser", "the browser brought nothing"))
            if answer.request.redirected_from is not None:
                return Download(url, 302, (("Location", answer.url),), b"", (), 0)
            with suppress(Error):
                await page.wait_for_load_state("networkidle", timeout=SETTLE_MS)
            body = (await page.content()).encode("utf-8", "replace")
            if len(body) > max_bytes:
                raise FetchFailedError(FetchError("too large", f"larger than {max_bytes / 2**20:g} MB"))
            sent = tuple(
                (name, value)
                for name, value in (await answer.request.all_headers()).items()
                if name[0] != ":"
            )
            return Download(url, answer.status, _told(await answer.headers_array()), body, sent, len(body))
        except Error as error:
            if len(self._gateway.refused) > refused and "ERR_" in error.message:
                detail = f"{self._gateway.refused[-1]} is not a public address"
                raise FetchFailedError(FetchError("address", detail)) from error
            raise FetchFailedError(FetchError("browser", error.message.split("\n")[0][:300])) from error
        finally:
            with suppress(Error):
                await context.close()

    def _guard_literal(self, url: str) -> None:
        from urllib.parse import urlsplit  # noqa: PLC0415

        try:
            self._guard.refuse_literal(urlsplit(url).hostname or "")
        except AddressRefusedError as error:
            raise FetchFailedError(
                FetchError("address", f"{error.address} is not a public address")
            ) from error

    async def _start(self) -> Any:
        async with self._starting:
            if self._browser is not None and self._browser.is_connected():
                return self._browser
            await self._stop()
            try:
                from playwright.async_api import Error, async_playwright  # noqa: PLC0415
            except ImportError as error:
                detail = "rendering needs the extra: pip install 'borderwatch[browser]'"
                raise FetchFailedError(FetchError("browser", detail)) from error
            self._gateway = Gateway(self._guard)
            await self._gateway.start()
            self._driver = await async_playwright().start()
            try:
                self._browser = await self._driver.chromium.launch(
                    executable_path=next(filter(None, map(shutil.which, _CHROMIUMS)), None),
                    args=list(_ARGUMENTS),
                    chromium_sandbox=os.geteuid() != 0,  # Chromium's own sandbox does not run as root
                    proxy={
                        "server": self._gateway.address,
                        "username": self._gateway.username,
                        "password": self._gateway.password,
                    },
                )
            except Error as error:
                detail = "no Chromium could be started (install one, or run `playwright install chromium`)"
                raise FetchFailedError(FetchError("browser", detail)) from error
            return self._browser

    async def _stop(self) -> None:
        for part, method in ((self._browser, "close"), (self._driver, "stop"), (self._gateway, "close")):
            if part is not None:
                with suppress(Exception):
                    await getattr(part, method)()
        self._browser = self._driver = self._gateway = None

    async def close(self) -> None:
        """End the browser and its way out."""
        async with self._starting:
            await self._stop()


async def _only_what_counts(route: Any) -> None:
    """Let documents, scripts, styles and data through; leave out what a text does not need."""
    if route.request.resource_type in _UNWANTED or not route.request.url.startswith(("http://", "https://")):
        await route.abort()
    else:
        await route.continue_()


def _told(headers: list[dict[str, str]]) -> Headers:
    """The answer's headers, with the type of what was made of it."""
    changed = {"content-type", "content-encoding", "content-length", "transfer-encoding"}
    kept = [(header["name"], header["value"]) for header in headers if header["name"].lower() not in changed]
    return (*kept, ("Content-Type", "text/html; charset=utf-8"), ("X-Crawler-Rendered", "chromium"))
