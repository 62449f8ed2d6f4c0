"""From an address to what goes on the wire, and from a redirect to the next address. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # public in CPython, not in the stubs

import idna

from crawler.fetch import FetchError
from crawler.urls import is_fetchable

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
MAX_HOPS = 10
"""Redirects that are followed. Browsers follow 20; no news page in the corpus needed more than 4."""

MAX_RETRY_AFTER_S = 24 * 3600.0
"""A `Retry-After` counts as at most this: some send ten years, and a source is looked at once a day at least."""

_LEGAL = "!$&'()*+,;=:@/?%[]~-._|^`{}\"<>"
"""What stays as it was listed: all of ASCII that servers are sent by browsers in paths and queries."""


class BadAddressError(ValueError):
    """An address that cannot be requested; the text says why."""


def wire_url(url: str) -> str:
    """The listed address as it is requested: the fragment goes, and only what HTTP cannot carry is encoded.

    That is letters outside ASCII (UTF-8, percent-encoded; IDNA in the host), blanks and backslashes. Escapes,
    their case, dot segments, order and case of the rest stay as they are. Raises `BadAddressError`.
    """
    text = url.strip()
    if not text.isprintable() and any(ord(char) < 0x20 for char in text):
        raise BadAddressError("address holds control characters")
    try:
        parts = urlsplit(text)
        host, port, netloc = parts.hostname or "", parts.port, parts.netloc
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
            netloc = host if port is None else f"{host}:{port}"
    except (ValueError, idna.IDNAError) as error:
        raise BadAddressError(f"address is malformed: {error}") from error
    rest = text.partition("://")[2][len(parts.netloc) :].partition("#")[0]
    cleaned = f"{parts.scheme}://{netloc}{quote(rest if rest.startswith('/') else '/' + rest, safe=_LEGAL)}"
    if reason := is_fetchable(cleaned):
        raise BadAddressError(reason)
    return cleaned


def next_hop(url: str, location: str) -> str:
    """The address that a redirect from `url` leads to. Raises `BadAddressError`.

    Header bytes come as Latin-1; servers that send raw UTF-8 in `Location` mean UTF-8.
    """
    try:
        text = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = location
    try:
        return wire_url(urljoin(url, text.strip()))
    except ValueError as error:
        raise BadAddressError(f"redirect to {text[:200]!r}: {error}") from error


def host_of_wire(url: str) -> str:
    """The lower-case host of a wire address, without port: the unit of politeness."""
    return (urlsplit(url).hostname or "").rstrip(".")


def origin_of(url: str) -> str:
    """Scheme, host and port: what one robots.txt holds for (RFC 9309 section 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for (RFC 9110 section 10.2.3), within 0 and `MAX_RETRY_AFTER_S`."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


class Proxies:
    """Which proxy to use for what, by an environment (http_proxy, no_proxy, and the names of `env:NAME`)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is read here, once: reading the process's own takes a millisecond."""
        self._environment = dict(environment)
        self._by_scheme = {
            key[:-6].lower(): value
            for upper in (True, False)  # the lower-case name wins, as in curl
            for key, value in self._environment.items()
            if key.lower().endswith("_proxy") and value and key.isupper() == upper
        }

    def for_url(self, url: str, own: str | None) -> str | None:
        """The proxy for an address: the source's own (an address or `env:NAME`), else the environment's, else None.

        Raises `BadAddressError` where the source's own proxy is not set or of a kind that is not supported.
        """
        if own:
            name = own.removeprefix("env:")
            proxy = self._environment.get(name, "") if own.startswith("env:") else own
            if not proxy:
                raise BadAddressError(f"the proxy is to be read from ${name}, which is not set")
        else:
            if not self._by_scheme:
                return None
            parts = urlsplit(url)
            proxy = self._by_scheme.get(parts.scheme) or self._by_scheme.get("all") or ""
            if not proxy or proxy_bypass_environment(parts.netloc.rpartition("@")[2], self._by_scheme):
                return None
        if "://" not in proxy:
            proxy = f"http://{proxy}"
        if not proxy.startswith(("http://", "https://")):
            raise BadAddressError(
                f"proxies of the kind {proxy.split('://', 1)[0]}:// are not supported; use an HTTP proxy"
            )
        return proxy


def http_error(status: int, retry_after: float | None) -> FetchError:
    """The error for a status that is no success."""
    return FetchError("http", f"answered {status}", status, retry_after)
