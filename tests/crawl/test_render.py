"""Rendered pages: the real browser, and the gateway that keeps it from non-public addresses."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crawler.spiders.gateway import Gateway
from crawler.spiders.netguard import Guard

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    reason="no Chromium on this machine (apt-get install chromium)",
)


@asynccontextmanager
async def gateway(allow: Iterable[str] = ()) -> AsyncIterator[Gateway]:
    opened = Gateway(Guard(allow))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close()


async def talk(opened: Gateway, request: str, *, known: bool = True) -> str:
    """What the gateway answers to a request head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.address.rsplit(":", 1)[1]))
    login = base64.b64encode(f"{opened.username}:{opened.password if known else 'guess'}".encode()).decode()
    writer.write(f"{request}Connection: keep-alive\r\nProxy-Authorization: Basic {login}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n") if (first := await reader.read(1)) else b""
        length = int(re.search(rb"Content-Length: (\d+)", head)[1]) if b"Content-Length" in head else 0
        body = await reader.readexactly(length)
    writer.close()
    return (first + head + body).decode("latin-1")


class TestGateway:
    async def test_it_lets_permitted_addresses_through(self, site: Any) -> None:
        async with gateway(["127.0.0.1/32"]) as opened:
            answer = await talk(
                opened, f"GET {site.url('/page/1?a=b')} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"
            )
        assert answer.startswith("HTTP/1.1 200")
        assert "/page/1" in answer
        assert "Connection: close" in answer
        assert site.paths() == ["/page/1?a=b"]
        assert "proxy-authorization" not in site.requests()[0]["headers"]

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "0x7f000001", "10.0.0.1", "[::1]", "169.254.169.254"]
    )
    async def test_it_refuses_others(self, site: Any, host: str) -> None:
        async with gateway() as opened:
            plain = await talk(opened, f"GET http://{host}:{site.port}/page/1 HTTP/1.1\r\n")
            tunnel = await talk(opened, f"CONNECT {host}:{site.port} HTTP/1.1\r\n")
        assert (plain, tunnel) == ("", "")
        assert site.log() == []

    async def test_it_serves_our_browser_alone(self, site: Any) -> None:
        async with gateway(["127.0.0.1/32"]) as opened:
            answer = await talk(opened, f"GET {site.url('/page/1')} HTTP/1.1\r\n", known=False)
        assert answer.startswith("HTTP/1.1 407")
        assert site.log() == []

    @pytest.mark.parametrize("request_head", ["nonsense\r\n", "GET / HTTP/1.1\r\n", "CONNECT x HTTP/1.1\r\n"])
    async def test_what_is_no_request_ends_quietly(self, request_head: str) -> None:
        async with gateway() as opened:
            assert not (await talk(opened, request_head)).startswith("HTTP/1.1 200")


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
class TestBrowser:
    async def test_scripts_have_run(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            capture = await c.capture(site.url("/scripted"), render=True)
            plain = await c.capture(site.url("/scripted"))
        assert b"written by a script" in capture.body
        assert b"written by a script" not in plain.body
        assert capture.header("content-type") == "text/html; charset=utf-8"
        agents = {row["headers"]["user-agent"] for row in site.requests(robots=True)}
        assert agents == {"borderwatch/1 (+test)"}

    async def test_redirects_pass_robots_and_the_guard(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.2": "User-agent: *\nDisallow: /page/\n"})
        async with crawl() as c:
            refused = await c.error(site.url(f"/redirect?to={site.other('/page/1')}"), render=True)
            followed = await c.capture(site.url("/redirect?to=/page/1"), render=True)
        assert refused.kind == "robots"
        assert followed.url == site.url("/page/1")

    async def test_nothing_inside_is_reached_by_a_script(self, site: Any, crawl: Any) -> None:
        """The page at 127.0.0.2 (permitted) asks 127.0.0.1 and localhost (not permitted) for more."""
        async with crawl(allow_networks=("127.0.0.2/32",)) as c:
            capture = await c.capture(site.other(f"/curious?port={site.port}"), render=True)
            inside = await c.error(site.url("/page/1"), render=True)
        assert b"nothing" in capture.body
        assert inside.kind == "address"
        assert {row["headers"]["host"].split(":")[0] for row in site.requests(robots=True)} == {"127.0.0.2"}

    async def test_a_page_that_never_ends_is_given_up(self, site: Any, crawl: Any) -> None:
        async with crawl(timeout_s=2.0) as c:
            error = await c.error(site.url("/hang"), render=True)
        assert error.kind == "timeout"
