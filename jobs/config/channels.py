"""`[[channels]]`: where alerts go, to whom, and in what rhythm."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from jobs.config.fields import Duration, Options, parse_duration_s

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ENV_PREFIX = "env:"


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` messages in any `per_s` seconds."""

    count: int
    per_s: float

    def __str__(self) -> str:
        return f"{self.count}/{self.per_s:g}s"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which nothing is sent; `end` may lie on the next day."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    found = (
        re.fullmatch(r"\s*(\d{1,6})\s*(?:/|in|per)\s*([\d.]*\s*[a-z]+)\s*", value)
        if isinstance(value, str)
        else None
    )
    if not found or int(found[1]) < 1:
        raise ValueError('give a number of messages and a time, such as "10/10m" or "1/s"')
    unit = found[2].replace(" ", "")
    per_s = parse_duration_s(unit if unit[0].isdigit() else f"1{unit}")
    if per_s <= 0:
        raise ValueError('give a number of messages and a time, such as "10/10m" or "1/s"')
    return Rate(int(found[1]), per_s)


def _clock(value: object) -> time:
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0, tzinfo=None)
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value.strip()) if isinstance(value, str) else None
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError('give a local time such as "07:00"')
    return time(int(found[1]), int(found[2]))


def _quiet(value: object) -> QuietHours:
    if isinstance(value, QuietHours):
        return value
    start, dash, end = value.replace("–", "-").partition("-") if isinstance(value, str) else ("", "", "")
    if not dash:
        raise ValueError('give two local times, such as "22:00-06:30"')
    hours = QuietHours(_clock(start), _clock(end))
    if hours.start == hours.end:
        raise ValueError("quiet hours begin and end at the same time: nothing would ever be sent")
    return hours


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('give a zone of the IANA list, such as "Asia/Karachi"') from None
    return value


def resolve_secret(value: str) -> str:
    """What `env:NAME` stands for, or the value itself; raises ValueError where the variable is not set."""
    if not value.startswith(ENV_PREFIX):
        return value
    name = value.removeprefix(ENV_PREFIX)
    found = os.environ.get(name, "").strip()
    if not found:
        raise ValueError(f"the environment variable {name or '(no name)'} is not set or is empty")
    return found


def _url(value: str) -> str:
    # Apprise takes half a second to import, so that only a configuration which needs it pays.
    from jobs.alerts.address import address_fault  # noqa: PLC0415

    if fault := address_fault(resolve_secret(value)):
        raise ValueError(fault)
    return value


def _secret(value: str) -> str:
    from jobs.alerts.webhook import secret_fault  # noqa: PLC0415 - aiohttp, for the same reason

    if fault := secret_fault(resolve_secret(value)):
        raise ValueError(fault)
    return value


Clock = Annotated[
    time, BeforeValidator(_clock), PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str)
]
RateField = Annotated[Rate, BeforeValidator(_rate), PlainSerializer(str, return_type=str)]
QuietField = Annotated[QuietHours, BeforeValidator(_quiet), PlainSerializer(str, return_type=str)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


class Channel(Options):
    """One place where alerts go. Filters that are not given let everything through."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[\w.\- ]+$", description="Unique name.")
    url: Annotated[str, AfterValidator(_url)] = Field(
        repr=False,
        description='An Apprise URL, `webhook+https://…` for a Standard-Webhooks POST, or `terminal://`; "env:NAME" reads a secret.',
    )
    secret: Annotated[str, AfterValidator(_secret)] | None = Field(
        None,
        repr=False,
        description='Signs webhook posts: "env:NAME" or "whsec_…" (base64), see standardwebhooks.com.',
    )
    enabled: bool = Field(True, description="false keeps the channel in the file without using it.")
    topics: tuple[str, ...] = Field((), description="Topics it hears of; none means all.")
    mode: Literal["instant", "digest"] = Field("instant", description="Each alert at once, or collected.")
    digest_at: Clock = Field(time(7, 0), description="Local time of the digest.")
    digest_weekday: (
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None
    ) = Field(None, description="Day of a weekly digest; daily without it.")
    digest_empty: bool = Field(False, description="Send a digest that has nothing to say, too.")
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="IANA zone of the reader.")
    quiet_hours: QuietField | None = Field(
        None,
        description='Local times without messages, such as "22:00-06:30"; what comes is kept for afterwards.',
    )
    burst: RateField | Literal["off"] | None = Field(
        None,
        description='More than this becomes one summary, such as "10/10m". Default: "30/10m", and "off" for webhooks and the terminal.',
    )
    rate_limit: RateField | None = Field(
        None,
        description='Pace of the messages, such as "1/s". Default: "5/5s", and none for webhooks and the terminal.',
    )
    updates: bool = Field(
        False, description="Also tell when a story grows strongly or gets its third independent source."
    )
    countries: tuple[Country, ...] = Field((), description="Only sources of these countries (ISO 3166).")
    languages: tuple[Language, ...] = Field((), description="Only articles in these languages (ISO 639).")
    places: tuple[str, ...] = Field(
        (), description="Only matches that name one of these places (gazetteer id, or name in any language)."
    )
    min_score: float | None = Field(None, description="Lowest score of a match.")
    min_sources: int = Field(
        1,
        ge=1,
        le=100,
        description="Independent sources that a story needs; it is told when it reaches them.",
    )
    sources: tuple[str, ...] = Field((), description="Only these sources.")
    exclude_sources: tuple[str, ...] = Field((), description="Never these sources.")
    template: Path | None = Field(
        None, description="Jinja2 file for the text of an alert, relative to the configuration."
    )
    template_html: Path | None = Field(None, description="Jinja2 file for its HTML (e-mail).")
    language: Language = Field(
        "en", description="The reader's language: place names are given in it beside the original."
    )
    operator: bool = Field(
        False, description="Also gets notices about this machine: dead sources and channels, a full disk."
    )
    retry_for: Duration = Field(
        3 * 86400.0,
        description="An alert that cannot be delivered for so long is dead (until `alerts retry`).",
    )
    timeout: Duration = Field(20.0, description="Longest time for one message.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        if self.secret and not self.is_webhook:
            faults.append("secret signs webhook posts only; this channel's url is none")
        if self.mode == "instant" and (self.digest_weekday or self.digest_empty):
            faults.append('digest_weekday and digest_empty belong to mode = "digest"')
        if both := sorted(set(self.sources) & set(self.exclude_sources)):
            faults.append(f"{', '.join(both)}: both in sources and in exclude_sources")
        if not 0.5 <= self.timeout <= 300:
            faults.append("timeout lies between 0.5 s and 5 minutes")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def address(self) -> str:
        """The address with its secret, resolved. Never log it."""
        return resolve_secret(self.url)

    @property
    def signing_secret(self) -> str | None:
        """The secret that signs webhook posts, resolved. Never log it."""
        return resolve_secret(self.secret) if self.secret else None

    @property
    def is_webhook(self) -> bool:
        """Whether it takes Standard-Webhooks posts."""
        return self.address.startswith("webhook+")

    @property
    def is_terminal(self) -> bool:
        """Whether it prints to this terminal."""
        return self.address.startswith("terminal:")

    @property
    def burst_rate(self) -> Rate | None:
        """The burst rule that holds. 30 in 10 minutes is more than a person reads; programs want every alert."""
        if self.burst is None:
            return None if self.is_webhook or self.is_terminal else Rate(30, 600.0)
        return None if self.burst == "off" else self.burst

    @property
    def pace(self) -> Rate | None:
        """The rate limit that holds: five in five seconds for chat and mail services, which block who is faster."""
        if self.rate_limit is None:
            return None if self.is_webhook or self.is_terminal else Rate(5, 5.0)
        return self.rate_limit
