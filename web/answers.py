"""A short memory of answers: ETags, 304, compression, and one answer for all who ask the same while nothing changed.

Plain ASGI, so that event streams pass through unbuffered and an answer that is still true costs no thread.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.site import Site


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, as long as the stored data and the quarter minute are the same."""

    version: tuple[int, int]
    own: int
    """How often something had been written through this page by then: a person sees at once what they did."""
    at: float
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    zipped: bytes | None
    etag: str


MAX_KEPT = 256
MAX_KEPT_BYTES = 400_000
KEEP_S = 15.0
STALE_S = 2.0
MIN_ZIPPED_BYTES = 600
ZIP_LEVEL = 5
"""A page of 30 stories (70 KB): level 5 takes 1.1 ms for 11 KB, level 9 3.4 ms for 10.8 KB (measured)."""


class AnswerMemory:
    """Gives pages an ETag and compresses them, answers 304, and keeps answers while nothing was written."""

    def __init__(self, app: ASGIApp, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.site = site
        self.clock = clock
        self.kept: OrderedDict[tuple[object, ...], Kept] = OrderedDict()
        self.renewals: set[asyncio.Task[Kept | None]] = set()
        self.under_way: dict[tuple[object, ...], asyncio.Future[Kept | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if (
            scope["type"] != "http"
            or scope["method"] not in {"GET", "HEAD"}
            or scope["path"].startswith(("/static/", "/login", "/csrf", "/events"))
        ):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = scope["state"].get("visitor")
        key = (
            headers.get("host"),
            scope["path"],
            scope.get("query_string", b""),
            headers.get("hx-request"),
            visitor and (visitor.name, visitor.role),
        )
        version = (self.site.hub.version, int(self.clock() / KEEP_S))
        kept = self.kept.get(key)
        if kept is not None and kept.version == version:
            self.kept.move_to_end(key)
        elif kept is not None and kept.own == self.site.hub.own and self.clock() - kept.at < STALE_S:
            # While a crawl writes all the time, readers get what was true a moment ago, and one request makes it anew.
            if (key, version) not in self.under_way:
                renewal = asyncio.create_task(self._ask_once((key, version), dict(scope), _nothing, _nowhere))
                self.renewals.add(renewal)
                renewal.add_done_callback(self.renewals.discard)
        else:
            kept = await self._ask_once((key, version), scope, receive, send)
            if kept is None:
                return
        await _answer(kept, headers)(scope, receive, send)

    async def _ask_once(
        self, wanted: tuple[tuple[object, ...], tuple[int, int]], scope: Scope, receive: Receive, send: Send
    ) -> Kept | None:
        """The application's answer. Readers who ask for the same meanwhile get it too: a change of the data brings all at once."""
        key, version = wanted
        if not self.site.remember_answers:
            return await self._ask(scope, receive, send, version)
        under_way = self.under_way.get(wanted)
        if under_way is not None and (kept := await asyncio.shield(under_way)) is not None:
            return kept
        future = self.under_way[wanted] = asyncio.get_running_loop().create_future()
        kept = None
        try:
            kept = await self._ask(scope, receive, send, version)
        finally:
            self.under_way.pop(wanted, None)
            if not future.done():
                future.set_result(kept)
        if (
            kept is not None
            and kept.status == 200
            and len(kept.body) <= MAX_KEPT_BYTES
            and not _is_private(kept)
        ):
            self.kept[key] = kept
            if len(self.kept) > MAX_KEPT:
                self.kept.popitem(last=False)
        return kept

    async def _ask(self, scope: Scope, receive: Receive, send: Send, version: tuple[int, int]) -> Kept | None:
        """The application's answer, or None where it is a stream, which was passed on."""
        start: Message = {}
        body = bytearray()
        streaming = False
        own = self.site.hub.own

        async def collect(message: Message) -> None:
            nonlocal start, streaming
            if message["type"] == "http.response.start":
                start = message
                streaming = not any(name == b"content-length" for name, _ in message["headers"])
                if streaming:
                    await send(message)
            elif streaming:
                await send(message)
            else:
                body.extend(message.get("body", b""))

        await self.app({**scope, "method": "GET"}, receive, collect)  # the server leaves out a HEAD's body
        if streaming or not start:
            return None
        plain = bytes(body)
        names = MutableHeaders(raw=list(start["headers"]))
        etag = names.get("etag") or f'W/"{hashlib.blake2b(plain, digest_size=10).hexdigest()}"'
        compressible = (
            len(plain) >= MIN_ZIPPED_BYTES
            and names.get("content-type", "").split(";")[0] in _TEXTS
            and "content-encoding" not in names
        )
        zipped = gzip.compress(plain, ZIP_LEVEL, mtime=0) if compressible else None
        return Kept(
            version,
            own,
            self.clock(),
            start["status"],
            tuple(pair for pair in names.raw if pair[0] not in {b"content-length", b"etag"}),
            plain,
            zipped,
            etag,
        )


_TEXTS = frozenset(
    {
        "text/html",
        "application/json",
        "text/plain",
        "text/csv",
        "application/atom+xml",
        "application/feed+json",
        "application/xml",
        "image/svg+xml",
    }
)


async def _nothing() -> Message:
    """What a renewal receives: it has no reader who could leave."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message: Message) -> None:
    """Where a renewal's stream would go: only what is no stream is ever kept, and so renewed."""
    del message


def _is_private(kept: Kept) -> bool:
    return any(name == b"cache-control" and b"no-store" in value for name, value in kept.headers)


def _answer(kept: Kept, asked: Headers) -> Response:
    head = MutableHeaders(raw=list(kept.headers))
    head["Vary"] = "Accept-Encoding, HX-Request, Cookie, Authorization"
    head.setdefault("Cache-Control", "private, no-cache")
    if kept.status == 200:
        head["ETag"] = kept.etag
        if _has_it(kept, head, asked):
            return _raw(304, head, b"")
    if kept.zipped is not None and "gzip" in asked.get("accept-encoding", ""):
        head["Content-Encoding"] = "gzip"
        return _raw(kept.status, head, kept.zipped)
    return _raw(kept.status, head, kept.body)


def _has_it(kept: Kept, head: MutableHeaders, asked: Headers) -> bool:
    """Whether the reader has this answer already (RFC 9110 section 13.2.2: If-None-Match wins)."""
    tags = asked.get("if-none-match")
    if tags is not None:
        wanted = {one.strip().removeprefix("W/") for one in tags.split(",")}
        return kept.etag.removeprefix("W/") in wanted or "*" in wanted
    since = asked.get("if-modified-since")
    return since is not None and since == head.get("last-modified")


def _raw(status: int, head: MutableHeaders, body: bytes) -> Response:
    response = Response(body, status)
    response.raw_headers = [
        *head.raw,
        *([(b"content-length", str(len(body)).encode())] if status != 304 else []),
    ]
    return response
