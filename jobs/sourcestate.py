"""What a check of a source changes about it: pure, from the stored row and the answer to the new columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from crawler.discover.listing import Listing, ListingError
from crawler.fetch import FetchError, SourceAnswer
from jobs.schedule import Bounds, Outcome, RateState, from_json, next_check, pooled_profile, read_times, solve_k, update
from jobs.schedule.rates import FLAT, Profile
from storage.database import Row, parse_stamp, stamp
from storage.model import Source


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the sources together decide about each: the budget's `k`, and the hours at which news is published."""

    k: float
    profile: Profile = FLAT


def rhythm_of(known: Sequence[tuple[Source, Row]], requests_per_day: float) -> Rhythm:
    """The rhythm of all configured sources, from their stored states."""
    states = [(from_json(row["rate_state"]), bounds_of(source)) for source, row in known]
    profile = pooled_profile(state for state, _ in states)
    return Rhythm(solve_k([(from_json(row["rate_state"], profile), bounds_of(source)) for source, row in known], requests_per_day), profile)


def bounds_of(source: Source) -> Bounds:
    """The configured bounds of a source's interval."""
    return Bounds(source.min_interval_s, source.max_interval_s)


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: the answer, what was read out of it, or why nothing was. `new_dates` are those of new entries."""

    answer: SourceAnswer
    listing: Listing | None = None
    error: FetchError | None = None
    problem: ListingError | None = None
    new_dates: tuple[datetime | None, ...] = ()
    digest: str | None = None


def learned(row: Row, checked: Checked, now: datetime, rhythm: Rhythm) -> RateState:
    """The source's rate after a check that answered."""
    state = from_json(row["rate_state"], rhythm.profile)
    window = len(checked.listing.entries) if checked.listing is not None else None
    return update(state, list(checked.new_dates), now, window=window, prior=rhythm.profile)


def after_check(row: Row, source: Source, checked: Checked, now: datetime, rhythm: Rhythm, rng: Random) -> tuple[dict[str, Any], str | None]:
    """The new values of a source's columns, and the sentence for a person where the check failed."""
    answer = checked.answer
    failed = checked.error is not None or checked.problem is not None
    sentence = checked.error.detail if checked.error else str(checked.problem) if checked.problem else None
    failures = row["failures"] + 1 if failed else 0
    times = read_times(answer.status or 0, answer.headers, now, ttl_s=checked.listing.ttl_s if checked.listing else None)
    state = from_json(row["rate_state"], rhythm.profile) if failed else learned(row, checked, now, rhythm)
    decision = next_check(state, Outcome("failed" if failed else "answered", failures, times), now, bounds_of(source), rhythm.k, rng)
    changes: dict[str, Any] = {
        "last_check": stamp(now), "failures": failures, "rate_state": state.to_json(), "interval_s": decision.interval_s,
        "next_check": stamp(decision.next_check or now), "not_before": stamp(decision.hold_until) if decision.hold_until else None,
        "state": "failing" if failed else "ok", "error": sentence, "error_kind": checked.error.kind if checked.error else None,
    }  # fmt: skip
    if not failed:
        changes |= {"last_success": stamp(now), "first_crawl_done": 1}
        if answer.status != 304:
            changes |= {"etag": answer.header("etag"), "last_modified": answer.header("last-modified"), "body_digest": checked.digest}
        if checked.new_dates:
            changes["last_new"] = stamp(now)
    return changes, sentence
