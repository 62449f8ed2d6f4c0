"""What the crawler is asked and what it answers: frozen jobs, answers and errors.

A job is submitted to `crawler.engine.Engine`; every job gets exactly one answer. Nothing here fetches or decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from storage.model import Capture, Headers, Source, Validators

ErrorKind = Literal[
    "url",  # not an address that can be fetched (scheme, host, port)
    "address",  # resolves to, or is, a non-public address
    "dns",  # the name does not resolve
    "refused",  # the host refuses the connection, or cannot be reached
    "timeout",  # nothing, or not everything, came in time
    "tls",  # the encrypted connection could not be made
    "certificate",  # the certificate is expired, for another name, or of an unknown issuer
    "protocol",  # what came is not HTTP
    "incomplete",  # the connection broke off before the end of the body
    "encoding",  # the body does not unpack as its Content-Encoding says
    "too large",  # larger than the limit, packed or unpacked
    "http",  # an HTTP status that is no success
    "redirect",  # a redirect to nowhere
    "redirect loop",  # too many redirects, or round and round
    "robots",  # robots.txt disallows it, or could not be fetched (RFC 9309 section 2.3.1.4)
    "postponed",  # the host asked for a pause that lasts longer than a job may wait
    "proxy",  # the configured proxy fails, or is not usable
    "browser",  # a page that is to be rendered was not: no browser, or it failed
    "crawler",  # the crawler itself failed on it
    "shutdown",  # the crawler was closed before its turn came
]


@dataclass(frozen=True, slots=True)
class FetchError:
    """Why a job brought nothing. `detail` says it in a few words for a log; `retry_after_s` is the host's wish."""

    kind: ErrorKind
    detail: str
    status: int | None = None
    retry_after_s: float | None = None


NOTHING_KNOWN = Validators()


@dataclass(frozen=True, slots=True)
class SourceJob:
    """Fetch a source's listing, conditionally where validators are known.

    `url` is another address than the source's own (a moved source, an older page of the listing). `max_children`
    caps the sitemaps that are followed from a sitemap index.
    """

    source: Source
    validators: Validators = NOTHING_KNOWN
    url: str | None = None
    max_children: int = 5
    page: int = 0
    """How many older pages of the listing a first crawl has gone back; 0 is the listing itself."""

    @property
    def address(self) -> str:
        return self.url or self.source.url


@dataclass(frozen=True, slots=True)
class PageJob:
    """Fetch the page of an entry, at the address as listed.

    `proxy` is the source's own proxy: an address, or `env:NAME` of the variable that holds it. `render` asks for
    a real browser.
    """

    entry_id: int
    url: str
    source: str
    proxy: str | None = None
    first_crawl: bool = False
    render: bool = False


Job: TypeAlias = SourceJob | PageJob


@dataclass(frozen=True, slots=True)
class ChildListing:
    """One sitemap behind a sitemap index: address, headers and decoded body."""

    url: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """A listing's bytes, decoded from transfer and content encodings; `status` 304 has no body and no error.

    `permanent_url` is the target where every redirect on the way was permanent (301 or 308). `children` are the
    sitemaps behind a sitemap index; `child_errors` the ones that could not be fetched, by address.
    `bytes_received` counts body bytes on the wire, `duration_s` from the first request to the last byte.
    """

    job: SourceJob
    status: int | None
    fetched_at: datetime
    headers: Headers = ()
    body: bytes = b""
    final_url: str = ""
    permanent_url: str | None = None
    error: FetchError | None = None
    children: tuple[ChildListing, ...] = ()
    child_errors: tuple[tuple[str, FetchError], ...] = ()
    duration_s: float = 0.0
    bytes_received: int = 0

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """The capture of a page, or the error: exactly one of them is None. Only status 200 makes a capture."""

    job: PageJob
    capture: Capture | None
    error: FetchError | None = None
    permanent_url: str | None = None
    duration_s: float = 0.0
    bytes_received: int = 0


Answer: TypeAlias = SourceAnswer | PageAnswer
