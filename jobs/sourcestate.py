"""What a check of a source changes about it: pure, from the stored row and the answer to the new columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crawler.discover.listing import Listing, ListingError
from crawler.fetch import FetchError, SourceAnswer
from jobs.health import Health, Move, failure_sentence, follow_move, judge_source
from jobs.schedule import (
    Bounds,
    Outcome,
    RateState,
    from_json,
    next_check,
    pooled_profile,
    read_times,
    solve_k,
    update,
)
from jobs.schedule.profiles import FLAT, Profile
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
    return Rhythm(
        solve_k(
            [(from_json(row["rate_state"], profile), bounds_of(source)) for source, row in known],
            requests_per_day,
        ),
        profile,
    )


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
    listing = checked.listing
    if listing is None:
        return update(state, list(checked.new_dates), now, prior=rhythm.profile)
    return update(
        state, list(checked.new_dates), now, window=len(listing.entries), ttl_s=listing.ttl_s,
        skip_hours=listing.skip_hours, skip_days=listing.skip_days, prior=rhythm.profile,
    )  # fmt: skip


GONE_RETRY = timedelta(days=3650)
"""A source that is gone (410) is disabled: not asked again unless a person names it."""


def _sentence(checked: Checked) -> str | None:
    """What failed and what a person can do, or None."""
    if checked.error is not None:
        return failure_sentence(checked.error.kind, checked.error.detail, status=checked.error.status)
    return str(checked.problem) if checked.problem else None


def after_check(
    row: Row, source: Source, checked: Checked, now: datetime, rhythm: Rhythm, rng: Random
) -> tuple[dict[str, Any], str | None]:
    """The new values of a source's columns, and the sentence for a person where the check failed."""
    answer = checked.answer
    failed = checked.error is not None or checked.problem is not None
    sentence = _sentence(checked)
    failures = row["failures"] + 1 if failed else 0
    times = read_times(answer.status or 0, answer.headers, now)
    if checked.error is not None and times.retry_after_s is None:
        times = replace(times, retry_after_s=checked.error.retry_after_s)
    gone = checked.error is not None and checked.error.status == 410
    state = from_json(row["rate_state"], rhythm.profile) if failed else learned(row, checked, now, rhythm)
    outcome = Outcome(
        "gone" if gone else "failed" if failed else "answered", failures, times, pushed=bool(row["hub"])
    )
    decision = next_check(state, outcome, now, bounds_of(source), rhythm.k, rng)
    since = parse_stamp(row["state_since"])
    # A source that never listed anything has been in its state since it was added.
    health = judge_source(
        Health(row["state"], since),
        state,
        now,
        failure=sentence,
        gone=gone,
        added=None if row["last_new"] else since,
    )
    move, _ = follow_move(
        Move(row["moved_url"], row["moved_sightings"]), answer.job.address, answer.permanent_url
    )
    changes: dict[str, Any] = {
        "last_check": stamp(now), "failures": failures, "rate_state": state.to_json(), "interval_s": decision.interval_s,
        "next_check": stamp(decision.next_check or now + GONE_RETRY), "not_before": stamp(decision.hold_until) if decision.hold_until else None,
        "state": health.state, "state_since": stamp(health.since), "error": health.sentence or move.sentence,
        "error_kind": checked.error.kind if checked.error else None, "moved_url": move.url, "moved_sightings": move.sightings,
    }  # fmt: skip
    if not failed:
        changes |= {"last_success": stamp(now), "first_crawl_done": 1}
        if answer.status != 304:
            changes |= {
                "etag": answer.header("etag"),
                "last_modified": answer.header("last-modified"),
                "body_digest": checked.digest,
            }
        if checked.new_dates:
            changes["last_new"] = stamp(now)
    return changes, sentence
