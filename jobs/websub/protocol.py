"""The subscriber's side of WebSub, as pure functions. Section numbers are those of the W3C Recommendation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from storage.subscriptions import Subscription

LEASE_S = 10 * 24 * 3600
"""The lease that is asked for; hubs may give another."""
MIN_LEASE_S, MAX_LEASE_S = 300.0, 30 * 24 * 3600.0
"""Bounds on what a hub gives: a shorter one would be renewed without end, a longer one is renewed each month anyway."""
RENEW_AT = 2 / 3
"""Part of the lease after which it is renewed, so that a hub that is away for days loses nothing."""
ANSWER_WAIT = timedelta(hours=1)
"""How long a hub may take to verify a subscription before it is asked again."""
MAX_BACKOFF = timedelta(days=1)
ALGORITHMS = ("sha512", "sha384", "sha256", "sha1")
MAX_CHALLENGE_CHARS = 2_000


def token(key: bytes, source: str) -> str:
    """The part of the callback address that no one can guess (section 4: it should be unique and unguessable)."""
    return hmac.new(key, f"callback {source}".encode(), hashlib.sha256).hexdigest()[:32]


def secret(key: bytes, source: str) -> str:
    """The secret that signs this source's pushes (section 5.1: shorter than 200 bytes). Derived, so stored nowhere."""
    return hmac.new(key, f"secret {source}".encode(), hashlib.sha256).hexdigest()


def request_form(subscription: Subscription, callback: str, key: bytes) -> dict[str, str]:
    """What is posted to the hub to subscribe or to renew (section 5.1)."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": subscription.topic,
        "hub.callback": f"{callback.rstrip('/')}/{token(key, subscription.source)}",
        "hub.secret": secret(key, subscription.source),
        "hub.lease_seconds": str(LEASE_S),
    }


def is_live(subscription: Subscription, now: datetime) -> bool:
    """Whether the hub has confirmed it and the lease runs."""
    return subscription.lease_until is not None and now < subscription.lease_until


def is_due(subscription: Subscription, now: datetime) -> bool:
    """Whether the hub is to be asked now: never yet, about to run out, unanswered, or failed a while ago."""
    since = subscription.asked_at
    if since is None:
        return True
    if subscription.state == "live" and subscription.lease_until is not None:
        return now >= since + (subscription.lease_until - since) * RENEW_AT
    doublings = min(max(subscription.failures - 1, 0), 10)
    return now >= since + min(ANSWER_WAIT * int(2**doublings), MAX_BACKOFF)


def asked(subscription: Subscription, now: datetime, fault: str | None) -> Subscription:
    """After the hub was asked. `fault` says why it did not take the request (section 5.3: anything but 2xx)."""
    if fault is None:
        return replace(
            subscription, state="asked", asked_at=now, failures=subscription.failures + 1, reason=None
        )
    return replace(
        subscription, state="refused", asked_at=now, failures=subscription.failures + 1, reason=fault[:300]
    )


def verify(
    subscription: Subscription, query: Mapping[str, str], now: datetime
) -> tuple[Subscription, str | None]:
    """A hub's verification request (section 5.3): the new state, and the challenge to echo; None means 404.

    Only what we asked for is confirmed: our topic, and a subscription (we never ask to end one).
    """
    if query.get("hub.topic") != subscription.topic:
        return subscription, None
    mode = query.get("hub.mode")
    if mode == "denied":  # section 5.2
        reason = query.get("hub.reason", "")[:200] or "the hub denied it"
        return replace(subscription, state="refused", lease_until=None, reason=reason), None
    challenge = query.get("hub.challenge", "")
    if mode != "subscribe" or subscription.asked_at is None or not 0 < len(challenge) <= MAX_CHALLENGE_CHARS:
        return subscription, None
    lease = query.get("hub.lease_seconds", "")
    given_s = float(lease) if lease.isascii() and lease.isdigit() and len(lease) < 12 else float(LEASE_S)
    lease_s = min(max(given_s, MIN_LEASE_S), MAX_LEASE_S)
    until = now + timedelta(seconds=lease_s)
    live = replace(subscription, state="live", asked_at=now, lease_until=until, failures=0, reason=None)
    return live, challenge


def is_signed(body: bytes, header: str | None, shared_secret: str) -> bool:
    """Whether a push carries our secret's signature: `X-Hub-Signature: method=hex` (section 7.1)."""
    method, _, signature = (header or "").partition("=")
    if method not in ALGORITHMS or not signature.isascii():
        return False
    expected = hmac.new(shared_secret.encode(), body, method).hexdigest()
    return hmac.compare_digest(expected, signature.strip().lower())
