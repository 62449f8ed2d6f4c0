"""The check that every request which changes something passes: it came from a page of ours."""

from __future__ import annotations

from fastapi import HTTPException, Request

from web.access import BROWSER_COOKIE, SESSION_COOKIE, csrf_fits, origin_fits
from web.site import site_of, visitor_of

REFUSAL = "This request did not come from this page, or the page was open too long. Reload it and try again."


async def checked(request: Request) -> None:
    """Raises 403 unless the header `X-CSRF-Token` or the form field `csrf` fits the browser's cookie.

    Requests with a token of the API carry no cookie that another site could use, and need none.
    """
    visitor = visitor_of(request)
    if visitor is not None and visitor.by_token:
        return
    token = request.headers.get("x-csrf-token")
    if token is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf")
        token = field if isinstance(field, str) else None
    own = origin_fits(request.headers.get("origin"), request.headers.get("host")) and request.headers.get(
        "sec-fetch-site", "same-origin"
    ) in {"same-origin", "none"}
    if not own or not csrf_fits(site_of(request).key, csrf_cookie(request), token):
        raise HTTPException(403, REFUSAL)


def csrf_cookie(request: Request) -> str | None:
    """The cookie that a CSRF token belongs to: the session's, else the browser's."""
    return request.cookies.get(SESSION_COOKIE) or request.cookies.get(BROWSER_COOKIE)
