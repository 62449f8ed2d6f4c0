"""What every request passes first: the Host check, the security headers, and who asks. Plain ASGI: nothing is buffered."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
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
