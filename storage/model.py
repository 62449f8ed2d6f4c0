"""The frozen records that every room passes around.

Shapes only: nothing here reads, writes or decides. A change is a new record (`dataclasses.replace`). Times are
aware datetimes in UTC; a publication date keeps the publisher's own offset and its provenance beside it
(`Published`). Units are in the names: `_s` seconds, `_ms` milliseconds, `_bytes` bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

Headers = tuple[tuple[str, str], ...]
"""HTTP headers in the order of the wire, names as received."""

SourceKind = Literal["feed", "sitemap", "section", "telegram"]
SourceState = Literal["new", "ok", "silent", "failing", "disabled"]
Field = Literal["title", "text"]
Relation = Literal["same_url", "same_text", "same_story", "different"]


class BorderwatchError(Exception):
    """Something a person can act on: the message names the thing and the remedy."""

    exit_code = 1


class UsageError(BorderwatchError):
    """Wrong use or configuration (exit code 2)."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Published:
    """When an article was published, how exactly that is known, and who said so.

    `at` is UTC. `offset_minutes` is the publisher's own UTC offset where it gives one. With precision `day` only
    the date counts: `at` is then midnight of that local day, taken as UTC. `provenance` names where the date
    stood: `json-ld`, `meta`, `time-tag`, `url`, `text`, `feed`, `sitemap`, `listing`, `telegram`, `archive`.
    """

    at: datetime
    provenance: str
    precision: Literal["second", "minute", "day"] = "second"
    offset_minutes: int | None = None

    def isoformat(self) -> str:
        """ISO 8601: the bare day, or the time in the publisher's own offset (`Z` for UTC or an unknown one)."""
        if self.precision == "day":
            return self.at.date().isoformat()
        if not self.offset_minutes:
            return self.at.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        zone = timezone(timedelta(minutes=self.offset_minutes))
        return self.at.astimezone(zone).isoformat(timespec="seconds")

    def latest(self) -> datetime:
        """The last instant the date may mean: a date without a time counts to the end of its day."""
        if self.precision == "day":
            return self.at + timedelta(days=1) - timedelta(seconds=1)
        return self.at


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that a source lists: address, title and date as given there."""

    url: str
    title: str | None = None
    published: Published | None = None
    updated: datetime | None = None
    summary: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    content_html: str | None = None
    """The full text, where the listing itself carries it (feeds with content, Telegram messages)."""
    guid: str | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """The bytes and headers that one fetch brought, at one time: a WARC response record.

    `url` is the address the bytes came from (the WARC's target URI, behind any redirect); `listed_url` the one
    that was asked for. `body` is decoded from its transfer and content encodings.
    """

    url: str
    fetched_at: datetime
    status: int
    headers: Headers
    body: bytes
    source: str
    listed_url: str
    request_headers: Headers = ()
    id: int | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class HostProfile:
    """What a host's earlier pages teach about reading the next one.

    `repeated` holds the 64-bit hashes of normalised lines that recur over different pages of the host, which are
    boilerplate wherever they stand; `timezone` is the source's IANA zone, for dates without an offset.
    """

    host: str
    repeated: frozenset[int] = frozenset()
    timezone: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote that proves a match: `getattr(article, field)[start:end] == quote`, in code points."""

    field: Field
    start: int
    end: int
    quote: str
    marks: tuple[tuple[int, int], ...] = ()
    """The matched words inside the quote, as offsets in the field, for highlighting."""


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """A gazetteer place that a match names; coordinates in degrees (WGS 84)."""

    id: str
    name: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A topic holds for an article: score against the topic's threshold, the rules that fired, evidence."""

    topic: str
    score: float
    threshold: float
    rules: tuple[str, ...]
    """The rules that fired, in words."""
    evidence: tuple[Evidence, ...]
    concepts: tuple[str, ...] = ()
    """Canonical names of the concepts that took part."""
    places: tuple[PlaceRef, ...] = ()
    topic_version: str = ""
    """Hash of the topic file and gazetteer that judged."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Exact hash and MinHash signature of an article's normalised text.

    `exact` is a 64-bit hash of the normalised text; `minhash` the packed signature (little-endian uint32s);
    `head` the same over the first words; `keys` the language-neutral story keys (places, groups, numbers, names).
    """

    exact: int
    minhash: bytes
    head: bytes
    words: int
    keys: tuple[str, ...] = ()
    sketch: bytes = b""
    """The weightiest words and the keys as hashes with weights, which stories are compared by (jobs/dedup/sketch.py)."""
    terms: tuple[str, ...] = ()
    """The weightiest words, heaviest first: the candidates' index is made of them."""
    table: str = ""
    """The version of the frequency table that weighed."""


@dataclass(frozen=True, slots=True)
class Article:
    """What reading a capture found. `text` has paragraphs separated by newlines."""

    url: str
    canonical_url: str
    title: str
    text: str
    published: Published | None
    language: str | None
    authors: tuple[str, ...] = ()
    site_name: str | None = None
    image: str | None = None
    modified: datetime | None = None
    boilerplate: tuple[int, ...] = ()
    """64-bit hashes of the page's lines, which feed the host's profile."""


@dataclass(frozen=True, slots=True)
class NotAnArticle:
    """The page was read and is no article: why (`video`, `listing`, `paywall`, `error page`, `too short` …)."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ArticleReading:
    """One article of a capture with everything that pure code can say about it."""

    article: Article
    fingerprint: Fingerprint
    matches: tuple[Match, ...]
    indexed: tuple[str, str] = ("", "")
    """Normalised title and text, for the search index (normalising costs more than indexing)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one capture brought: articles (several for channel pages), or the reason for none."""

    articles: tuple[ArticleReading, ...] = ()
    nothing: NotAnArticle | None = None
    cpu_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request sends back (RFC 9110 section 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """The last answer to an origin's /robots.txt.

    `status` is None where none came. `body` is the last text that was had, also by an earlier answer;
    `unreachable_since` the first of the failures since then.
    """

    origin: str
    fetched_at: datetime
    status: int | None
    body: str | None = None
    error: str | None = None
    unreachable_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A host may not be asked before a time, and why (`delay`, `Retry-After`)."""

    host: str
    not_before: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A configured publisher endpoint. `url` is the feed, sitemap or section address (or t.me/s/NAME)."""

    name: str
    kind: SourceKind
    url: str
    country: str | None = None
    language: str | None = None
    folder: str | None = None
    rank: int = 50
    """Trust, 0 (aggregator) to 100 (wire service): settles who leads a story."""
    timezone: str | None = None
    enabled: bool = True
    min_interval_s: float = 300.0
    max_interval_s: float = 6 * 3600.0
    link_pattern: str | None = None
    proxy: str | None = None
    full_text: bool = False
    """Its entries carry the full text: no page is fetched."""
    render: bool = False
    notes: str = ""
    backfill_s: float = 0.0
    """How far a first crawl goes back through older pages of the listing."""


def now_utc() -> datetime:
    """The clock of the acting code; deciding code gets its times as arguments."""
    return datetime.now(UTC)
