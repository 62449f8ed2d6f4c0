"""What every request passes: the Host check, the visitor, security headers, and a short memory of answers.

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
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storage.model import BorderwatchError
from storage.users import count_users, find_token, session_user
from web.access import LOCAL, SESSION_COOKIE, Visitor, digest, host_fits
from web.pages import unreadable
from web.site import Site

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", PAGE_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
OPEN_PATHS = ("/static/", "/login", "/csrf", "/health", "/favicon.ico")


class HostGuard:
    """Refuses names that are not this page's (421), and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in HEADERS if pair[0] not in present),
                ]
            await send(message)

        if not host_fits(self.site.options, Headers(scope=scope).get("host")):
            refusal = PlainTextResponse(
                "This page does not answer to that name. Add it to web.allowed_hosts if it should.\n", 421
            )
            await refusal(scope, receive, send_safely)
            return
        await self.app(scope, receive, send_safely)


class VisitorGuard:
    """Finds out who asks; sends browsers to the login and programs a 401 where nobody may look unnamed."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/static/"):
            await self.app(scope, receive, send)
            return
        try:
            visitor = await self._visitor(scope)
        except BorderwatchError as fault:
            # Nobody is let in on a database that cannot say who they are.
            await unreadable(Request(scope, receive), fault)(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor
        if visitor is None and not path.startswith(OPEN_PATHS):
            await self._refusal(scope)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _visitor(self, scope: Scope) -> Visitor | None:
        headers = Headers(scope=scope)
        bearer = _token_of(scope, headers)
        cookie = cookie_of(headers, SESSION_COOKIE)
        if bearer is None and cookie is None and self.site.open_to_all():
            return LOCAL
        return await run_in_threadpool(self._look_up, bearer, cookie)

    def _look_up(self, bearer: str | None, cookie: str | None) -> Visitor | None:
        with self.site.pool.lease() as db:
            if bearer is not None:
                token = find_token(db, digest(bearer))
                return Visitor(token.name, token.role, by_token=True) if token else None
            if count_users(db) == 0 and self.site.options.loopback():
                self.site.remember_users(0)
                return LOCAL
            self.site.remember_users(1)
            if cookie is not None:
                user = session_user(db, digest(cookie), self.site.clock())
                if user is not None:
                    return Visitor(user.name, user.role, session=digest(cookie))
        return None

    @staticmethod
    def _refusal(scope: Scope) -> Response:
        path = scope["path"]
        if path.startswith(("/api/", "/feeds/", "/events", "/do/")):
            return JSONResponse(
                {"detail": "Log in, or send a token as `Authorization: Bearer …`."},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        query = scope.get("query_string", b"").decode("latin-1")
        return RedirectResponse("/login?next=" + quote(path + ("?" + query if query else ""), safe=""), 303)


def _token_of(scope: Scope, headers: Headers) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    if scope["path"].startswith("/feeds/"):  # feed readers cannot send headers
        for pair in scope.get("query_string", b"").decode("latin-1").split("&"):
            name, _, token = pair.partition("=")
            if name == "token" and token:
                return str(token)
    return None


def cookie_of(headers: Headers, name: str) -> str | None:
    """The cookie of that name, or None."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return str(morsel.value) if morsel else None


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
