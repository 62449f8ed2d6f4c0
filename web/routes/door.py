"""Login, logout, the CSRF token, live events, and whether the page is up."""

from __future__ import annotations

import math
import sqlite3
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from storage.database import explain, open_database
from storage.users import close_session, find_user, open_session
from web.access import (
    BROWSER_COOKIE,
    SESSION_COOKIE,
    csrf_token,
    digest,
    new_secret,
    password_fits,
    safe_next,
)
from web.csrf import checked, csrf_cookie
from web.live import MAX_LISTENERS
from web.pages import problem, render
from web.site import Site, site_of, visitor_of

router = APIRouter(include_in_schema=False)


def _secure(request: Request) -> bool:
    base = site_of(request).options.base_url
    return request.url.scheme == "https" or bool(base and base.startswith("https://"))


def _with_token(request: Request) -> tuple[str, str | None]:
    """The CSRF token of this browser, and the new cookie where it had none."""
    cookie = csrf_cookie(request)
    fresh = None if cookie else new_secret()
    return csrf_token(site_of(request).key, cookie or fresh or ""), fresh


def _set_browser_cookie(response: Response, fresh: str | None, *, secure: bool) -> None:
    if fresh:
        response.set_cookie(
            BROWSER_COOKIE, fresh, httponly=True, samesite="strict", secure=secure, max_age=7 * 86400
        )
    response.headers["Cache-Control"] = "no-store"


@router.get("/csrf")
def csrf(request: Request) -> Response:
    """The token that scripts of the page send with what they change; other sites cannot read this answer."""
    token, fresh = _with_token(request)
    response = JSONResponse({"csrf": token})
    _set_browser_cookie(response, fresh, secure=_secure(request))
    return response


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form."""
    token, fresh = _with_token(request)
    response = render(
        request, "login.html", page="Log in", csrf=token, next=safe_next(next), fault="", typed_name=""
    )
    _set_browser_cookie(response, fresh, secure=_secure(request))
    return response


@router.post("/login", dependencies=[Depends(checked)])
def login(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Let a person in; five failures in five minutes by name or address make them wait."""
    site = site_of(request)
    keys = (f"name:{name.lower()}", f"address:{request.client.host if request.client else ''}")
    wait = site.throttle.wait_s(keys)
    if wait > 0:
        return _again(
            request,
            name,
            next,
            429,
            f"Too many tries. Wait {math.ceil(wait / 60)} min, then try again.",
            {"Retry-After": str(math.ceil(wait))},
        )
    with site.pool.lease() as db:
        user = find_user(db, name)
    if not password_fits(user.password if user else None, password) or user is None:
        site.throttle.failed(keys)
        return _again(request, name, next, 401, "Name or password is wrong.", {})
    site.throttle.succeeded(keys)
    secret = new_secret()
    _keep_session(site, secret, user.name)
    response = RedirectResponse(safe_next(next), 303)
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        httponly=True,
        samesite="lax",
        secure=_secure(request),
        max_age=int(site.options.session_length),
        path="/",
    )
    response.delete_cookie(BROWSER_COOKIE)
    return response


def _keep_session(site: Site, secret: str, user: str) -> None:
    now = site.clock()
    try:
        db = open_database(site.database)
        try:
            open_session(db, digest(secret), user, now, now + timedelta(seconds=site.options.session_length))
        finally:
            db.conn.close()
    except sqlite3.Error as fault:
        raise explain(fault, site.database) from fault


def _again(
    request: Request, name: str, target: str, status: int, fault: str, headers: dict[str, str]
) -> Response:
    token, fresh = _with_token(request)
    response = render(
        request,
        "login.html",
        status=status,
        headers=headers,
        page="Log in",
        csrf=token,
        next=safe_next(target),
        fault=fault,
        typed_name=name,
    )
    _set_browser_cookie(response, fresh, secure=_secure(request))
    return response


@router.post("/logout", dependencies=[Depends(checked)])
def logout(request: Request) -> Response:
    """End the session; its cookie is worth nothing afterwards."""
    site = site_of(request)
    visitor = visitor_of(request)
    if visitor is not None and visitor.session is not None:
        db = open_database(site.database)
        try:
            close_session(db, visitor.session)
        finally:
            db.conn.close()
    # A script's request would follow a redirect itself, and the page would stay where it is.
    by_script = request.headers.get("hx-request")
    response = (
        Response(status_code=204, headers={"HX-Redirect": "/login"})
        if by_script
        else RedirectResponse("/login", 303)
    )
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/events")
async def events(request: Request) -> Response:
    """The stream of news (server-sent events)."""
    hub = site_of(request).hub
    if hub.listeners >= MAX_LISTENERS:
        return problem(
            request,
            503,
            "Too many open pages",
            "Too many pages listen already; this one does without live updates.",
        )
    return StreamingResponse(
        hub.listen(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/health")
def health(request: Request) -> Response:
    """Whether the page and its database answer, for a supervisor."""
    with site_of(request).pool.lease() as db:
        db.conn.execute("SELECT 1").fetchone()
    return JSONResponse({"ok": True})
