"""What is handed to a channel, and what comes back: the shapes between the deliverer and its senders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol

MAX_RETRY_AFTER_S = 24 * 3600.0
"""A receiver that asks for more than a day's silence gets a day: the alert would be stale anyway."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for one channel."""

    alert_id: str
    kind: str
    payload: dict[str, Any]
    decided: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a receiver did with a parcel. `error` is one sentence without secrets.

    `scope` says whom a failure concerns: the whole channel (it cannot be reached, it is overloaded, it refuses
    our password), or this message alone (it was refused, and the next may not be).
    """

    sent: bool
    error: str | None = None
    scope: Literal["channel", "message"] = "channel"
    retry_after_s: float | None = None


SENT = Outcome(sent=True)


class Sender(Protocol):
    """Brings parcels to one channel. Never raises for what the receiver does."""

    parallel: int
    """How many parcels it may carry at once."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one parcel and say what became of it, within the channel's time limit."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...


def failure(
    error: str, *, status: int | None = None, retry_after: str | None = None, now: datetime | None = None
) -> Outcome:
    """A failed try; an HTTP status says whom it concerns (400, 413, 415, 422 the message, everything else the channel)."""
    scope: Literal["channel", "message"] = (
        "message" if status in {400, 406, 409, 411, 413, 414, 415, 422, 431} else "channel"
    )
    return Outcome(False, error, scope, parse_retry_after(retry_after, now or datetime.now(UTC)))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 section 10.2.3: seconds or a date), at most a day; None if unreadable."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
