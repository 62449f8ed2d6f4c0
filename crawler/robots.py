"""robots.txt by RFC 9309: what one answer permits, for how long, and what its absence means. Pure.

A host's rules are judged from the answer to `/robots.txt` (`judge`) and kept as `RobotsRules`, whose fields are
what a table row holds; `RobotsRules.allowed` then answers for each address.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from protego import Protego

from crawler.discover.markup import decode

PRODUCT = "borderwatch"
"""The product token that rules may name (RFC 9309 section 2.2.1)."""

LIFETIME = timedelta(hours=24)
"""A copy is used for no longer than this (section 2.4), unless the host can't be reached."""

UNREACHABLE_RETRY = timedelta(hours=1)
"""How soon an unreachable robots.txt is asked for again: it forbids everything until then."""

UNREACHABLE_LIMIT = timedelta(days=30)
"""After this long unreachable, it counts as absent (section 2.3.1.4)."""

MAX_BYTES = 512 * 1024
"""How much is read; crawlers must read at least 500 KiB (section 2.5)."""

MAX_REDIRECTS = 5
"""Redirects that are followed, over hosts too; behind more the file counts as absent (section 2.3.1.2)."""

MAX_CRAWL_DELAY_S = 300.0
"""A `Crawl-delay` above this counts as this: hosts that ask for hours mean crawlers of whole sites."""

Verdict = Literal["rules", "allow all", "disallow all"]


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What a host permits. `body` is the text of the last robots.txt that was had, if any."""

    verdict: Verdict
    fetched_at: datetime
    expires_at: datetime
    reason: str
    """Why, in a sentence for a person."""
    body: str = ""
    unreachable_since: datetime | None = None
    _parsed: list[Protego] = field(default_factory=list, repr=False, compare=False)

    def fresh(self, now: datetime) -> bool:
        """Whether these rules may still be used without asking again."""
        return self.fetched_at - LIFETIME < now < self.expires_at

    def allowed(self, url: str, agent: str = PRODUCT) -> bool:
        """Whether `agent` may fetch `url`; `/robots.txt` itself always may be."""
        if self.verdict == "disallow all":
            return url.split("://", 1)[-1].partition("/")[2] == "robots.txt"
        return self.verdict == "allow all" or self._rules().can_fetch(url, agent)

    def crawl_delay_s(self, agent: str = PRODUCT) -> float | None:
        """Seconds between requests that the host asks for (`Crawl-delay` or `Request-rate`), or None."""
        if self.verdict != "rules":
            return None
        rules = self._rules()
        delay = rules.crawl_delay(agent)
        rate = rules.request_rate(agent)
        if delay is None and rate is not None and rate.requests > 0:
            delay = rate.seconds / rate.requests
        return None if delay is None else min(float(delay), MAX_CRAWL_DELAY_S)

    def sitemaps(self) -> tuple[str, ...]:
        """The sitemaps that the file names, in its order (section 2.2.4 leaves them to sitemaps.org)."""
        if self.verdict != "rules":
            return ()
        return tuple(
            dict.fromkeys(url for url in self._rules().sitemaps if url.startswith(("http://", "https://")))
        )

    def _rules(self) -> Protego:
        if not self._parsed:
            self._parsed.append(Protego.parse(self.body))
        return self._parsed[0]


def judge(
    status: int | None,
    body: bytes,
    fetched_at: datetime,
    *,
    content_type: str | None = None,
    previous: RobotsRules | None = None,
) -> RobotsRules:
    """The rules that an answer to `/robots.txt` makes, behind its redirects.

    `status` is None where no answer came (DNS, connection, time limit). `previous` are the host's rules so far:
    while the file can't be reached, its last text goes on to hold, and the time since is counted from the first
    failure. Section numbers are RFC 9309's.
    """
    if status is not None and 200 <= status < 300:
        text = decode(body[:MAX_BYTES], content_type).text
        return RobotsRules("rules", fetched_at, fetched_at + LIFETIME, "robots.txt was read.", text)
    if (
        status is not None and 300 <= status < 500
    ):  # unavailable, section 2.3.1.3; redirects without end, 2.3.1.2
        what = "redirects without end" if status < 400 else f"answers {status}"
        return RobotsRules(
            "allow all", fetched_at, fetched_at + LIFETIME, f"robots.txt {what}: all is allowed."
        )
    what = "cannot be reached" if status is None else f"answers {status}"
    since = (previous.unreachable_since if previous else None) or fetched_at
    expires_at = fetched_at + UNREACHABLE_RETRY
    if previous is not None and previous.verdict == "rules":
        reason = f"robots.txt {what} since {since:%Y-%m-%d %H:%M} UTC; its last text holds."
        return replace(
            previous, fetched_at=fetched_at, expires_at=expires_at, reason=reason, unreachable_since=since
        )
    if fetched_at - since >= UNREACHABLE_LIMIT:
        reason = f"robots.txt {what} since {since:%Y-%m-%d}, for over 30 days: it counts as absent, all is allowed."
        return RobotsRules("allow all", fetched_at, fetched_at + LIFETIME, reason, unreachable_since=since)
    reason = f"robots.txt {what}: nothing may be fetched from the host until it answers."
    return RobotsRules("disallow all", fetched_at, expires_at, reason, unreachable_since=since)
