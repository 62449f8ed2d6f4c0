"""The only way out: a Scrapy download handler over aiohttp whose every socket passes the address guard.

Scrapy's own handlers either resolve in the reactor, where literal addresses and proxies pass by a resolver's check,
or hide the connector. This one is small and gives what they do not: the check at connect, a limit on the
unpacked body while it is read, a time limit on the whole answer, and headers as they stood on the wire.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import cache
from typing import ClassVar, NoReturn

import aiohttp
from aiohttp import ClientTimeout
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from yarl import URL

from crawler.fetch import ErrorKind, FetchError
from crawler.spiders.failures import Download, FetchFailedError
from crawler.spiders.netguard import AddressRefusedError, Guard, refusals
from crawler.spiders.render import Renderer
from crawler.spiders.resolve import Resolver
from crawler.spiders.unpack import BadEncodingError, Body, TooLargeError

DNS_CACHE_S = 600
CONNECT_TIMEOUT_S = 10.0
RENDER_FACTOR = 2
"""A browser may take so many times longer than a plain fetch: it loads what the page needs as well."""
KEEPALIVE_S = 5.0
"""Feeds and pages of one host follow one another within a second or so; longer only holds sockets, and a pass over a
thousand hosts would run into the limit on open files."""
HEADER_BYTES = 64 * 1024
"""Longest header line that is read; content security policies of 20 KB exist, aiohttp's default is 8 KB."""
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})


class GuardedHandler:
    """Scrapy's download handler for http and https."""

    lazy: ClassVar[bool] = False

    def __init__(self, crawler: Crawler) -> None:
        self.guard = Guard(crawler.settings.getlist("BORDERWATCH_ALLOW_NETWORKS"))
        self._limit_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._timeout_s = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        verify = crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
        self._tls = tls_context(verify=verify)
        self._renderer: Renderer | None = None
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GuardedHandler:
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """Scrapy's interface: the `Download` is left in `request.meta["download"]`."""
        # A task of its own can be cancelled without Scrapy, which waits for ever for a cancelled request.
        ticket = request.meta["ticket"]
        task = asyncio.ensure_future(self._render(request) if ticket.render else self._download(request))
        ticket.running.append(task)
        try:
            download = await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                task.cancel()
                raise
            raise FetchFailedError(FetchError("shutdown", "the download was ended")) from None
        request.meta["download"] = download
        return Response(request.url, status=download.status, body=download.body, request=request)

    async def _render(self, request: Request) -> Download:
        if self._renderer is None:
            self._renderer = Renderer(self.guard)
        return await self._renderer.render(
            request.url,
            headers=request.meta["ticket"].headers,
            proxy=request.meta.get("proxy"),
            timeout_s=RENDER_FACTOR * request.meta.get("download_timeout", self._timeout_s),
            max_bytes=request.meta.get("download_maxsize", self._limit_bytes),
        )

    async def _download(self, request: Request) -> Download:
        proxy: str | None = request.meta.get("proxy")
        timeout_s: float = request.meta.get("download_timeout", self._timeout_s)
        limit_bytes: int = request.meta.get("download_maxsize", self._limit_bytes)
        refused: list[str] = []
        token = refusals.set(refused)
        try:
            url = URL(request.url, encoded=True)
            if proxy:
                self.guard.refuse_literal(url.raw_host or "")
            async with self._session(proxied=bool(proxy)).request(
                request.method,
                url,
                headers=request.meta["ticket"].headers,
                data=request.meta["ticket"].form,
                proxy=proxy,
                allow_redirects=False,
                timeout=ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S),
            ) as response:
                return await _read(request.url, response, limit_bytes)
        except FetchFailedError:
            raise
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            _explain(error, refused, timeout_s, proxied=bool(proxy))
        finally:
            refusals.reset(token)

    def _session(self, *, proxied: bool) -> aiohttp.ClientSession:
        # A proxy may stand anywhere, so its connections are made by a connector of their own.
        session = self._sessions.get(proxied)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=0,  # the engine limits
                ssl=self._tls,
                resolver=Resolver(),
                ttl_dns_cache=DNS_CACHE_S,
                keepalive_timeout=KEEPALIVE_S,
                socket_factory=None if proxied else self.guard.open_socket,
            )
            session = self._sessions[proxied] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                max_line_size=HEADER_BYTES,
                max_field_size=HEADER_BYTES,
            )
        return session

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        if self._renderer is not None:
            await self._renderer.close()


@cache  # reading the machine's certificates takes 20 ms
def tls_context(*, verify: bool) -> ssl.SSLContext:
    """TLS 1.2 and later; old renegotiation is allowed, as some ministries' servers still need it."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _read(url: str, response: aiohttp.ClientResponse, limit_bytes: int) -> Download:
    headers = tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in response.raw_headers)
    length = response.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > limit_bytes:
        _too_large(limit_bytes)
    broken: str | None = None
    try:
        body = Body(response.headers.get("Content-Encoding", ""), limit_bytes)
        async for chunk in response.content.iter_any():
            for step, _ in enumerate(body.feed(chunk)):
                if step:  # a chunk that unpacks to megabytes: let others run in between
                    await asyncio.sleep(0)
    except aiohttp.ClientPayloadError as error:
        broken = str(error)
    except TooLargeError:
        _too_large(limit_bytes)
    except BadEncodingError as error:
        raise FetchFailedError(FetchError("encoding", str(error), response.status)) from error
    content, whole = body.finish()
    if (broken or not whole) and not looks_complete(content):
        detail = broken or "the packed body is cut off"
        raise FetchFailedError(
            FetchError("incomplete", f"{detail} after {body.received} bytes", response.status)
        )
    sent = tuple(
        (str(key), str(value))
        for key, value in response.request_info.headers.items()
        if key.lower() not in _SECRET
    )
    return Download(url, response.status, headers, content, sent, body.received)


def looks_complete(body: bytes) -> bool:
    """Whether a body ends as a document ends. Servers that close badly behind a whole page are common."""
    tail = body[-200:].rstrip().lower()
    return tail.endswith((b"</html>", b"</rss>", b"</feed>", b"</urlset>", b"</sitemapindex>", b"</rdf:rdf>"))


def _too_large(limit_bytes: int) -> NoReturn:
    raise FetchFailedError(FetchError("too large", f"larger than {limit_bytes / 2**20:g} MB"))


_KINDS: tuple[tuple[type[BaseException], ErrorKind], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorCertificateError, "certificate"),
    (aiohttp.ClientSSLError, "tls"),
    (ssl.SSLError, "tls"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientProxyConnectionError, "proxy"),
    (aiohttp.ClientHttpProxyError, "proxy"),
    (aiohttp.ServerDisconnectedError, "incomplete"),
    (aiohttp.ClientConnectorError, "refused"),
    (aiohttp.ClientConnectionResetError, "incomplete"),
    (ConnectionResetError, "incomplete"),
    (aiohttp.ClientPayloadError, "incomplete"),
    (aiohttp.ClientResponseError, "protocol"),
    (aiohttp.InvalidURL, "url"),
    (ValueError, "url"),
)


def _explain(error: Exception, refused: list[str], timeout_s: float, *, proxied: bool) -> NoReturn:
    if isinstance(error, AddressRefusedError):
        refused = [error.address]
    if refused:
        detail = f"{', '.join(sorted(set(refused)))} is not a public address"
        raise FetchFailedError(FetchError("address", detail)) from error
    kind: ErrorKind = next((kind for kinds, kind in _KINDS if isinstance(error, kinds)), "refused")
    if kind == "dns" and proxied:
        kind = "proxy"
    detail = _in_words(error)
    if kind == "timeout":
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        detail = (
            f"no connection within {CONNECT_TIMEOUT_S:g} s"
            if connecting
            else f"no whole answer within {timeout_s:g} s"
        )
    raise FetchFailedError(FetchError(kind, detail[:300])) from error


def _in_words(error: Exception) -> str:
    """What a library's error says, without its own dressing."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        return f"{error.host}: {getattr(cause, 'verify_message', '') or cause}"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        # asyncio puts the address where the system's words belong
        words = os.strerror(cause.errno) if cause.errno and cause.errno > 0 else ""
        gai = isinstance(error, aiohttp.ClientConnectorDNSError)
        return f"{error.host}: {cause.strerror or cause if gai or not words else words}"
    if isinstance(error, aiohttp.ClientResponseError):
        return error.message.split("\n")[0].rstrip(": ")
    return str(error) or type(error).__name__
