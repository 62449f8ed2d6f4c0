"""Standard-Webhooks posts: signed JSON over HTTP, where only a 2xx counts as delivered.

See standardwebhooks.com (version 1.0.0): `webhook-id` is the alert's id over all tries, `webhook-timestamp` the try's
time in seconds, `webhook-signature` is `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from jobs.alerts.address import webhook_target
from jobs.alerts.clean import one_line
from jobs.alerts.content import webhook_body
from jobs.alerts.parcel import SENT, Outcome, Parcel, failure
from jobs.alerts.scrub import Scrubber
from jobs.config.channels import Channel

MAX_ANSWER_BYTES = 16 * 1024
"""Of an answer, only its beginning is read: it explains a refusal, and a gigabyte explains nothing more."""
PARALLEL = 16
KEEP_S = 1.5
"""Servers close idle connections after two seconds and more; a post on one that closes just then would count as failed."""
_PREFIX = "whsec_"


def secret_key(secret: str) -> bytes:
    """The key of a `whsec_…` secret (base64 with or without the prefix); raises ValueError."""
    text = secret.removeprefix(_PREFIX)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def secret_fault(secret: str) -> str | None:
    """Why a secret cannot sign, or None. Never holds the secret."""
    try:
        key = secret_key(secret)
    except (ValueError, binascii.Error):
        key = b""
    if not key:
        return (
            "a signing secret is base64, usually 24 to 64 random bytes: `openssl rand -base64 32` makes one"
        )
    return None


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret_key(secret), signed, hashlib.sha256).digest()).decode()


class WebhookSender:
    """Posts parcels to one address; redirects are not followed (they would carry the alert somewhere unconfigured)."""

    parallel = PARALLEL

    def __init__(self, channel: Channel, scrub: Scrubber) -> None:
        self._url = webhook_target(channel.address)
        self._secret = channel.signing_secret
        self._timeout_s = channel.timeout
        self._scrub = scrub
        self._session: aiohttp.ClientSession | None = None

    async def send(self, parcel: Parcel) -> Outcome:
        body = json.dumps(webhook_body(parcel.payload, parcel.decided), ensure_ascii=False).encode()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(parcel.alert_id, body)
        except TimeoutError:
            return failure(f"no answer within {self._timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            return failure(self._scrub(one_line(f"cannot be reached: {fault or type(fault).__name__}", 300)))

    async def _post(self, message_id: str, body: bytes) -> Outcome:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=PARALLEL, keepalive_timeout=KEEP_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        now = datetime.now(UTC)
        timestamp = int(now.timestamp())
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "borderwatch",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret:
            headers["webhook-signature"] = signature(self._secret, message_id, timestamp, body)
        async with self._session.post(
            self._url, data=body, headers=headers, allow_redirects=False, proxy=proxy_for(self._url)
        ) as answer:
            if 200 <= answer.status < 300:
                await _drain(answer)
                return SENT
            return await self._refused(answer, now)

    async def _refused(self, answer: aiohttp.ClientResponse, now: datetime) -> Outcome:
        said = b""
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(2.0):
                said = await answer.content.read(MAX_ANSWER_BYTES)
        answer.close()
        text = f"answered {answer.status} {_phrase(answer.status)}"
        if 300 <= answer.status < 400:
            text += ": redirects are not followed; configure the final address"
        elif said and b"\x00" not in said:
            text += ": " + one_line(said.decode("utf-8", "replace"), 160)
        return failure(
            self._scrub(text), status=answer.status, retry_after=answer.headers.get("retry-after"), now=now
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _drain(answer: aiohttp.ClientResponse) -> None:
    """The receiver has accepted: read a short answer, so that the connection serves again, and drop a long one."""
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        if answer.content_length is not None and answer.content_length <= MAX_ANSWER_BYTES:
            async with asyncio.timeout(0.5):
                await answer.content.read()
            return
    answer.close()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"


def proxy_for(url: str) -> str | None:
    """The proxy of the environment for a channel's address; this machine itself is never asked through one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_this_machine(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def is_this_machine(host: str) -> bool:
    """Whether a host name means this machine."""
    return host in {"localhost", "::1"} or host.endswith(".localhost") or host.startswith("127.")
