"""The `[websub]` table: where hubs push to."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from jobs.config.fields import Options


def _callback(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('give the public address that hubs reach, such as "https://news.example.org/websub"')
    return value.rstrip("/")


class WebsubOptions(Options):
    """WebSub: feeds that name a hub are pushed instead of polled. Off without `callback`."""

    callback: Annotated[str, AfterValidator(_callback)] | None = Field(
        None,
        description="Public address that hubs reach; a reverse proxy leads it to `host` and `port`. Polling goes on, but rarely.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on for hubs.")
    port: int = Field(
        8471, ge=0, le=65535, description="Port to listen on for hubs; 0 takes a free one and logs it."
    )
