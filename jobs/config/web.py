"""What `[web]` may say: where the analyst's page listens, by which names it answers, how it shows times."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from jobs.config.fields import Duration, Options

_HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]+")


def _bind(value: str) -> str:
    if value == "localhost":
        return value
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        raise ValueError('give an address to listen on, such as "127.0.0.1" or "0.0.0.0"') from None


def _host_name(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(
            'give a host name without scheme, port or path, such as "watch.example.org" or "*.example.org"'
        )
    return value.lower()


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('give the address people use, such as "https://watch.example.org"')
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('give a zone of the IANA list, such as "Asia/Karachi"') from None
    return value


class WebOptions(Options):
    """The analyst's page."""

    enabled: bool = Field(True, description="`borderwatch run` serves the page too.")
    host: Annotated[str, AfterValidator(_bind)] = Field(
        "127.0.0.1",
        description="Address to listen on. Any other than loopback needs users (`borderwatch users add`).",
    )
    port: int = Field(
        8470, ge=0, le=65535, description="Port to listen on; 0 takes a free one and prints it."
    )
    base_url: Annotated[str, AfterValidator(_base_url)] | None = Field(
        None, description="Address that people use, for links in alerts and feeds; needed behind a proxy."
    )
    allowed_hosts: tuple[Annotated[str, AfterValidator(_host_name)], ...] = Field(
        (),
        description="Further names the page answers to, against DNS rebinding; loopback and base_url's name always count.",
    )
    title: str = Field(
        "borderwatch", min_length=1, max_length=60, description="Name shown on the page and in the tab."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Karachi", description="Zone in which days begin, for the timeline and the groups of the list."
    )
    session_length: Duration = Field(14 * 86400.0, description="How long a login lasts.")

    def loopback(self) -> bool:
        """Whether only this machine can reach the page, by the address and by the names it answers to."""
        names = {self.host, *self.allowed_hosts}
        if self.base_url:
            names.add(urlsplit(self.base_url).hostname or "")
        return all(is_loopback_name(name) for name in names)


def is_loopback_name(name: str) -> bool:
    """True for `localhost` and literal loopback addresses (RFC 6761 section 6.3, 127.0.0.0/8, ::1)."""
    bare = name.strip("[]").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
