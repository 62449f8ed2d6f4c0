"""What `borderwatch.toml` may say: one model a table. `docs/configuration.md` is generated from here."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from jobs.config.channels import Channel
from jobs.config.fields import Duration, Options
from jobs.config.web import WebOptions
from jobs.config.websub import WebsubOptions
from storage.model import Source, SourceKind

KINDS: tuple[SourceKind, ...] = ("feed", "sitemap", "section", "telegram")


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError('give a network such as "127.0.0.0/8" or "10.1.0.0/16"') from None


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("give an address that begins with http:// or https://")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as fault:
        raise ValueError(f"not a regular expression: {fault}") from None
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('give a zone of the IANA list, such as "Asia/Karachi"') from None
    return value


def _env_reference(value: str) -> str:
    if not value.startswith("env:"):
        raise ValueError(
            'name an environment variable, as "env:PROXY_URL", so that no secret stands in the file'
        )
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Service(Options):
    """How the service behaves, towards the web and on this machine."""

    contact: str | None = Field(
        None,
        description="An address where publishers reach you; goes into the User-Agent. Required before public sources are crawled.",
        pattern=r"^[^\x00-\x1f\x7f]{3,200}$",  # it goes into a header
    )
    allow_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (), description="CIDRs of non-public networks that may be fetched, for tests and intranets."
    )
    workers: int = Field(2, ge=1, le=64, description="Reading processes.")
    host_delay: Duration = Field(
        1.0, description="Between two requests to one host; robots' Crawl-delay may raise it; 0 for tests."
    )
    alert_window: Duration = Field(
        48 * 3600.0,
        description="What was published longer ago when it is first read alerts nobody (also at a source's first crawl).",
    )
    read_timeout: Duration = Field(
        20.0, description="A page that takes longer to read is tried once more and then set aside."
    )
    requests_per_day: int = Field(
        24_000,
        ge=24,
        description="Budget of listing requests that the adaptive schedule spreads over all sources.",
    )
    tick: Duration = Field(5.0, description="How often the service looks for sources that are due.")
    heartbeat_url: str | None = Field(
        None, description='Pinged after each healthy round (healthchecks-style); "env:NAME" reads a secret.'
    )
    data_dir: Path | None = Field(
        None,
        description="Where database and archive live; the option --data-dir and $BORDERWATCH_DATA_DIR win.",
    )
    log_format: Annotated[str, Field(pattern="^(console|json)$")] = Field(
        "console", description='"console" or "json".'
    )


class SourceOptions(Options):
    """One publisher endpoint: exactly one of `feed`, `sitemap`, `section`, `telegram`."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.\-: ()&'/+]+$", description="Unique name.")
    feed: HttpUrl | None = Field(None, description="Address of an RSS, Atom or JSON feed.")
    sitemap: HttpUrl | None = Field(None, description="Address of a news sitemap or sitemap index (.gz too).")
    section: HttpUrl | None = Field(None, description="Address of a page that links to articles.")
    telegram: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{4,64}$")] | None = Field(
        None, description="Name of a public Telegram channel."
    )
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(None, description="ISO 3166 code.")
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = Field(
        None, description="ISO 639 code; a hint."
    )
    enabled: bool = Field(True, description="false keeps the source in the file without crawling it.")
    min_interval: Duration = Field(300.0, description="Lower bound of the adaptive interval.")
    max_interval: Duration = Field(6 * 3600.0, description="Upper bound of the adaptive interval.")
    rank: int = Field(
        50,
        ge=0,
        le=100,
        description="Trust, 0 (aggregator) to 100 (wire service): settles who leads a story.",
    )
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="IANA zone for dates without an offset."
    )
    link_pattern: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None, description="For hard section pages: a regular expression that article addresses match."
    )
    folder: str | None = Field(None, description="Group, kept in OPML.")
    proxy: Annotated[str, AfterValidator(_env_reference)] | None = Field(
        None, description='Proxy for this source alone, as "env:NAME".'
    )
    full_text: bool = Field(False, description="Its entries carry the full text: no page is fetched.")
    render: bool = Field(False, description="Fetch pages through a real browser (extra dependency).")
    backfill: Duration = Field(
        0.0, description="At the first crawl, go back through the older pages of the listing by so much."
    )
    notes: str = Field("", description="For people.")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of feed, sitemap, section, telegram ({' and '.join(given) or 'none'} given)"
            )
        if self.min_interval > self.max_interval:
            raise ValueError("min_interval is greater than max_interval")
        return self

    def source(self) -> Source:
        """The record that everything else works with."""
        kind = next(kind for kind in KINDS if getattr(self, kind))
        address = getattr(self, kind)
        url = f"https://t.me/s/{address}" if kind == "telegram" else address
        return Source(
            name=self.name, kind=kind, url=url, country=self.country, language=self.language, folder=self.folder,
            rank=self.rank, timezone=self.timezone, enabled=self.enabled, min_interval_s=self.min_interval,
            max_interval_s=self.max_interval, link_pattern=self.link_pattern, proxy=self.proxy,
            full_text=self.full_text or kind == "telegram", render=self.render, notes=self.notes,
        )  # fmt: skip


class Include(Options):
    """Other files that belong to the configuration; names are relative to the file that names them."""

    sources: tuple[str, ...] = Field(
        (), description='Files of [[sources]], or shipped lists such as "presets:iran".'
    )
    topics: tuple[str, ...] = Field(
        ("presets:iran-pakistan-border",),
        description='Topic files, or shipped topics such as "presets:iran-pakistan-border".',
    )


class SourceFile(Options):
    """A file of sources that `include` names."""

    sources: tuple[SourceOptions, ...] = Field((), description="The sources.")


class ConfigFile(Options):
    """The whole of `borderwatch.toml`."""

    data_dir: Path | None = Field(
        None, description="Where database and archive live (also accepted in [service])."
    )
    service: Service = Field(Service(), description="The service.")
    sources: tuple[SourceOptions, ...] = Field((), description="What is watched.")
    include: Include = Field(Include(), description="Other files.")
    channels: tuple[Channel, ...] = Field((), description="Where alerts go.")
    web: WebOptions = Field(WebOptions(), description="The analyst's page.")
    websub: WebsubOptions = Field(WebsubOptions(), description="Feeds that push.")


class Config(Options):
    """A configuration that was loaded and checked: what `include` names is joined in."""

    path: Path | None = None
    base_dir: Path
    service: Service = Service()
    sources: tuple[SourceOptions, ...] = ()
    topics: tuple[str, ...] = ("presets:iran-pakistan-border",)
    channels: tuple[Channel, ...] = ()
    web: WebOptions = WebOptions()
    websub: WebsubOptions = WebsubOptions()
    data_dir: Path | None = None

    @cached_property
    def source_records(self) -> tuple[Source, ...]:
        """Every configured source, enabled or not."""
        return tuple(options.source() for options in self.sources)

    def source(self, name: str) -> Source | None:
        """The configured source of that name."""
        return next((source for source in self.source_records if source.name == name), None)
