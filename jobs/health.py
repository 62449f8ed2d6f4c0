"""How a source is, in words: states with their reason and since when, moves, and what the operator is told. Pure.

A source never dies silently and never for good: a failure names what a person can do, a source that answers but
brings nothing is judged against its own rhythm, a 410 disables it and says so, and each problem and each recovery
is told once — or together, where so many break at once that it is this machine's network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from jobs.alerts.notices import Notice
from jobs.schedule.policy import spoken
from jobs.schedule.profiles import DAY_S
from jobs.schedule.rates import RateState
from storage.model import SourceState

TELL_AFTER_FAILURES = 3
"""Failures in a row before the operator hears of them: one or two mend themselves within a quarter of an hour."""

MOVE_SIGHTINGS = 3
"""Checks that must see the same permanent redirect before the source is asked at its new address."""

SILENT_EXPECTED = 12.0
"""Entries that should have come by the source's rhythm before it counts as silent: by chance alone once in
e^12 = 160,000 gaps, if it published at random; weekends and feast days are why the next two limits stand beside it."""

SILENT_LEAST_S = DAY_S
SILENT_GAPS = 3.0
"""A silence must also be so many times longer than the longest gap that was seen in the last weeks."""

SILENT_NEVER_S = 14 * DAY_S
"""A source that answers but has listed nothing at all for so long."""

NETWORK_FEWEST = 4
NETWORK_SHARE = 0.5
"""So many sources failing at once, and at least this share of all, point to this machine's network."""

GROUP_FROM = 4
"""So many problems in one round are told in one notice."""

_ADVICE = {
    "url": "its address cannot be fetched: correct it in the configuration",
    "address": "it leads to a non-public address; if that is meant, allow the network in `allow_networks`",
    "dns": "its name does not resolve: the site has moved or its name has lapsed; look for its new address",
    "refused": "its server refuses the connection: it is down, or blocks this network (then a `proxy` may help)",
    "timeout": "it did not answer in time: it is slow, down, or drops requests from abroad (then a `proxy` may help)",
    "tls": "no encrypted connection could be made: its server offers only outdated encryption, or something between breaks in",
    "certificate": "its certificate is not valid (expired, or for another name): its operators must renew it; see in a browser whether the site has moved",
    "protocol": "what answers is not a web server: check the address and its port",
    "incomplete": "the connection broke off in the middle: its server or the line to it is overloaded",
    "encoding": "its answer cannot be unpacked as it says: its server is misconfigured",
    "too large": "its answer is larger than any feed should be: look for a smaller feed of the site",
    "redirect": "it redirects to nowhere: look for its new address",
    "redirect loop": "it redirects in a circle: sites do that to robots without cookies; look for another address or its sitemap",
    "robots": "its robots.txt does not let robots in: ask the publisher, or use another of its feeds",
    "postponed": "it asks for a longer pause; it is asked again when that is over",
    "proxy": "the configured proxy fails: check that it runs and lets this machine in",
    "browser": "the browser that renders its pages failed: install it as docs/crawling.md says, or take `render` away",
    "shutdown": "the crawl was ended before its turn came; the next one asks it",
    "crawler": "the crawler itself failed on it: please report this with the log",
}
"""What a person can do about each kind of fetch error (`crawler.fetch.ErrorKind`), behind `NAME: `."""

_STATUS_ADVICE = {
    401: "it asks for a password: public feeds do not; look for another address",
    403: "it refuses robots or this network: a `proxy`, or another of its feeds, may be let in",
    404: "the address no longer exists: `borderwatch sources check` with the site's address looks for its feed",
    410: "it is gone for good and is no longer asked: remove it, or give its new address",
    429: "it finds us too frequent: it is asked more rarely; raise its `min_interval` if this stays",
    451: "it may not be shown here for legal reasons: a `proxy` elsewhere may be let in",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A source's state, since when, and why in a sentence (None for ok and new)."""

    state: SourceState
    since: datetime
    sentence: str | None = None


def failure_sentence(kind: str, detail: str, *, status: int | None = None) -> str:
    """What failed and what a person can do about it, from a fetch error's kind, detail and HTTP status.

    Unknown kinds are told as they are. Listing errors are sentences already and need none of this.
    """
    if kind == "http" and status is not None:
        advice = _STATUS_ADVICE.get(status)
        if advice is None:
            advice = (
                "its server has a fault of its own, which mostly passes"
                if status >= 500
                else "its server does not accept the request: check the address in a browser"
            )
        return f"HTTP {status}: {advice}."
    advice = _ADVICE.get(kind, "it failed")
    shown = " ".join(detail.split())[:200].rstrip(".")
    return f"{advice[0].upper()}{advice[1:]}{f' ({shown})' if shown else ''}."


def judge_source(
    before: Health,
    rate: RateState,
    now: datetime,
    *,
    failure: str | None = None,
    gone: bool = False,
    added: datetime | None = None,
) -> Health:
    """The state after a check. `failure` is its sentence; `gone` stands for 410; `added` is when it was configured.

    `since` stays while the state stays; the sentence is always the latest.
    """
    if gone:
        state: SourceState = "disabled"
        sentence: str | None = failure or f"HTTP 410: {_STATUS_ADVICE[410]}."
    elif failure is not None:
        state, sentence = "failing", failure
    else:
        sentence = silence(rate, now, added=added)
        state = "ok" if sentence is None else "silent"
    return Health(state, before.since if before.state == state else now, sentence)


def silence(rate: RateState, now: datetime, *, added: datetime | None = None) -> str | None:
    """Why a source that answers counts as silent, or None.

    Judged against its own rhythm: the entries that were to be expected since its last one, by its rate and its
    hours, and the longest gap that it had before.
    """
    now_s = now.timestamp()
    if rate.last_new_s is None:
        if added is None or now_s - added.timestamp() < SILENT_NEVER_S:
            return None
        days = round((now_s - added.timestamp()) / DAY_S)
        return f"It answers, but has listed nothing in the {days} days since it was added: see whether it is the right address."
    quiet_s = now_s - rate.last_new_s
    if quiet_s < max(SILENT_LEAST_S, SILENT_GAPS * rate.longest_gap_s):
        return None
    # The rate fades while nothing comes; what was expected is judged by the rate as it was at the last entry.
    fade = 0.5 ** (quiet_s / (14 * DAY_S))
    entries = rate.entries / fade
    days_before = max(0.1, (rate.days - (1.0 - fade) * 14.0 / math.log(2.0)) / fade)
    usual = (entries + 0.5) / (days_before + 0.5)
    expected = usual * quiet_s / DAY_S
    if expected < SILENT_EXPECTED:
        return None
    last = datetime.fromtimestamp(rate.last_new_s, UTC)
    return (
        f"It answers, but has listed nothing new since {last:%Y-%m-%d %H:%M} UTC, where about {expected:,.0f} entries "
        "were to be expected: see on its site whether the feed has moved or been given up."
    )


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect as seen so far; `settled` once the source is asked at `url`."""

    url: str | None = None
    sightings: int = 0

    @property
    def settled(self) -> bool:
        return self.url is not None and self.sightings >= MOVE_SIGHTINGS

    @property
    def sentence(self) -> str | None:
        """What a person is told for as long as the configuration names the old address, or None."""
        if not self.settled:
            return None
        return f"It has moved for good: asked at {self.url} from now on. Correct its address in the configuration."


def follow_move(before: Move, asked_url: str, permanent_url: str | None) -> tuple[Move, str | None]:
    """The move after a check that asked at `asked_url`, and the sentence where it has just been settled.

    One sighting may be a mishap of the server; three checks that agree are an announcement (301 and 308,
    RFC 9110 sections 15.4.2 and 15.4.9). A move from https to http is not followed.
    """
    if permanent_url is None or permanent_url == asked_url:
        # At the new address there is nothing to see; at the old one the redirect was taken back.
        return (before, None) if before.settled and asked_url == before.url else (Move(), None)
    if urlsplit(asked_url).scheme == "https" and urlsplit(permanent_url).scheme == "http":
        return Move(), None
    again = permanent_url == before.url and not before.settled
    after = Move(permanent_url, before.sightings + 1 if again else 1)
    return after, after.sentence


@dataclass(frozen=True, slots=True)
class SourceNow:
    """What the judgement of all sources needs of one."""

    name: str
    state: SourceState
    since: datetime
    failures: int = 0
    sentence: str | None = None

    @property
    def problem(self) -> str | None:
        """Its state where that is worth telling, else None."""
        if self.state == "failing":
            return "failing" if self.failures >= TELL_AFTER_FAILURES else None
        return self.state if self.state in {"silent", "disabled"} else None


Told = frozenset[tuple[str, str]]
"""Names and states of the problems that the operator knows; `("", "network")` for this machine's network."""

_NETWORK = ("", "network")


def network_sentence(failing: int, total: int) -> str | None:
    """The sentence for so many sources failing at once that it must be our side, or None."""
    if failing < NETWORK_FEWEST or failing <= NETWORK_SHARE * total:
        return None
    return f"{failing} of {total} sources fail at once: look at this machine's network, its DNS and its proxy first."


def known_problems(sources: Iterable[SourceNow]) -> Told:
    """What counts as told when a service starts: the problems that are older than it."""
    return frozenset((source.name, source.problem) for source in sources if source.problem)


def notices(sources: Sequence[SourceNow], told: Told, now: datetime) -> tuple[tuple[Notice, ...], Told]:
    """What the operator is told now, and what is then known: each problem and each recovery once.

    Where the network is the likely cause, that is told instead, and single sources are neither reported as
    failing nor as recovered until it is over.
    """
    active = [source for source in sources if source.state != "disabled"]
    failing = [source for source in active if source.state == "failing"]
    network = network_sentence(len(failing), len(active))
    if network is not None:
        if _NETWORK in told:
            return (), told
        return (Notice("sources:network", "Many sources fail at once", (network,)),), told | {_NETWORK}
    made: list[Notice] = []
    known = set(told)
    if _NETWORK in told:
        known.discard(_NETWORK)
        made.append(
            Notice("sources:network over", "The sources answer again", ("Most sources answer again.",))
        )
    problems = {source.name: source.problem for source in sources}
    fresh = [source for source in sources if source.problem and (source.name, source.problem) not in known]
    over = [(name, state) for name, state in sorted(known) if problems.get(name, state) != state]
    for name, state in over:
        known.discard((name, state))
    known |= {(source.name, source.problem) for source in fresh if source.problem}
    made += _grouped("problem", [(s.name, f"{s.name} is {s.problem}", _line(s, now)) for s in fresh])
    mended = [
        (name, f"{name} works again", f"{name} was {state} and works again.")
        for name, state in over
        if problems[name] is None
    ]
    made += _grouped("recovery", mended)
    return tuple(made), frozenset(known)


def _line(source: SourceNow, now: datetime) -> str:
    lasting = spoken(max(0.0, (now - source.since).total_seconds()))
    return f"{source.name} is {source.problem} since {source.since:%Y-%m-%d %H:%M} UTC ({lasting}): {source.sentence or 'no reason was given.'}"


def _grouped(what: str, items: list[tuple[str, str, str]]) -> list[Notice]:
    """One notice an item, or one for all where they are many; the key names the sources, so that none is lost."""
    if len(items) < GROUP_FROM:
        return [Notice(f"source:{name}:{title}", title, (line,)) for name, title, line in items]
    plural = {"problem": "sources have problems", "recovery": "sources work again"}[what]
    key = f"sources:{what}:" + ",".join(sorted(name for name, _, _ in items))
    return [Notice(key[:500], f"{len(items)} {plural}", tuple(line for _, _, line in items))]
