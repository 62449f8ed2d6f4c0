"""The out-feeds that the service writes: Atom, JSON Feed and CSV of each topic, with conditional requests."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.pages import problem, render
from web.site import site_of

router = APIRouter(include_in_schema=False)
FOLDER = "feeds"
MEDIA_TYPES = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".xml": "application/atom+xml; charset=utf-8",
    ".json": "application/feed+json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


@router.get("/feeds/")
def feeds_page(request: Request) -> Response:
    """The feeds that there are."""
    folder = site_of(request).data_dir / FOLDER
    found = (
        sorted(path.name for path in folder.iterdir() if path.suffix in MEDIA_TYPES)
        if folder.is_dir()
        else []
    )
    return render(request, "feeds.html", page="Feeds", feeds=found)


@router.get("/feeds/{name}")
def feed(request: Request, name: str) -> Response:
    """One feed; 304 where the reader has it already (RFC 9110 section 13)."""
    path = site_of(request).data_dir / FOLDER / name
    if not _NAME.fullmatch(name) or path.suffix not in MEDIA_TYPES or not path.is_file():
        return problem(
            request,
            404,
            "There is no such feed",
            f"No feed is called {name[:80]}. /feeds/ lists those there are.",
        )
    return conditional(request, path)


def conditional(request: Request, path: Path) -> Response:
    """A file with its validators, or 304. If-None-Match wins over If-Modified-Since."""
    body = path.read_bytes()
    modified = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    headers = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Cache-Control": "private, max-age=60",
        "Content-Type": MEDIA_TYPES[path.suffix],
    }
    wanted = request.headers.get("if-none-match")
    since = request.headers.get("if-modified-since")
    if wanted is None and since is not None and _not_newer(modified, since):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)


def _not_newer(modified: datetime, since: str) -> bool:
    try:
        return modified <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
