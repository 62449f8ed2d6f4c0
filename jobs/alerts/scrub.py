"""Keeping secrets out of errors, logs and the database."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MIN_SECRET = 6
"""Shorter pieces of an address (`api`, `v1`, a port) would blot out ordinary words."""
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.\-]*://)[^\s/@]+@")
HIDDEN = "***"


class Scrubber:
    """Replaces what is secret in a text. Knows whole addresses and their parts: user, password, path and query."""

    def __init__(self, addresses: Iterable[str], secrets: Iterable[str] = ()) -> None:
        found: set[str] = {secret for secret in secrets if secret}
        for address in addresses:
            found |= _parts(address)
        longest_first = sorted((piece for piece in found if len(piece) >= MIN_SECRET), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without secrets, and without any user:password@ of an address."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)


def _parts(address: str) -> set[str]:
    pieces = {address, address.removeprefix("webhook+")}
    try:
        url = urlsplit(address)
        host = url.hostname or ""
        # In `tgram://TOKEN/chat` and `slack://A/B/C` the host is a part of the secret; in `https://host/` it is none.
        opaque_host = "." not in host and host != "localhost" and ":" not in host
        pieces |= {url.username or "", url.password or "", url.path.strip("/"), url.query}
        pieces |= set(url.path.split("/")) | {value for _, value in parse_qsl(url.query)}
        if opaque_host:
            pieces |= {host, url.netloc.rpartition("@")[2], url.netloc}
    except ValueError:
        pass
    pieces |= {unquote(piece) for piece in pieces} | {quote(piece, safe="") for piece in pieces}
    return {piece for piece in pieces if len(piece) >= MIN_SECRET}


class ScrubFilter(logging.Filter):
    """A filter for handlers: the finished line loses its secrets, arguments and traceback included."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__()
        self.scrub = scrub

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = self.scrub(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info:  # another handler may have put the text there already
            text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            record.exc_text = self.scrub(text)
        return True
