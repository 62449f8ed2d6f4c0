"""What a check changes about a source: the row's new columns, from the answers that servers give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from crawler.discover.listing import Listing, ListingError, parse_listing
from crawler.fetch import FetchError, SourceAnswer, SourceJob
from jobs.sourcestate import Checked, Rhythm, after_check
from storage.database import parse_stamp, stamp
from storage.model import Headers, Source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source("dawn", "feed", "https://news.example/feed")
RHYTHM = Rhythm(80.0)
FEED = (
    b'<rss version="2.0"><channel><ttl>30</ttl><item><title>A</title><link>https://news.example/a</link>'
    b"<pubDate>Tue, 24 Nov 2026 11:00:00 GMT</pubDate></item></channel></rss>"
)


def row(**changes: Any) -> dict[str, Any]:
    kept = {
        "state": "new", "state_since": stamp(NOW - timedelta(days=1)), "failures": 0, "rate_state": "{}", "moved_url": None,
        "moved_sightings": 0, "hub": None, "last_new": None,
    }  # fmt: skip
    return kept | changes


def check(kept: dict[str, Any], at: datetime = NOW, **answer: Any) -> tuple[dict[str, Any], str | None]:
    listing: Listing | None = answer.pop("listing", None)
    problem: ListingError | None = answer.pop("problem", None)
    address: str | None = answer.pop("address", None)
    given = SourceAnswer(SourceJob(SOURCE, url=address), fetched_at=at, **({"status": 200} | answer))
    dates = (
        tuple(entry.published.at if entry.published else None for entry in listing.entries) if listing else ()
    )
    checked = Checked(given, listing=listing, error=given.error, problem=problem, new_dates=dates)
    return after_check(kept, SOURCE, checked, at, RHYTHM, Random(1))


def wait_of(changes: dict[str, Any], at: datetime = NOW) -> timedelta:
    return parse_stamp(changes["next_check"]) - at


def test_a_good_answer_and_the_304_behind_it_keep_to_the_ttl() -> None:
    listing = parse_listing("feed", FEED, SOURCE.url, now=NOW)
    changes, told = check(row(), listing=listing, headers=(("ETag", '"1"'),))
    assert (changes["state"], told, changes["etag"], changes["failures"]) == ("ok", None, '"1"', 0)
    assert wait_of(changes) >= timedelta(minutes=30)
    later = NOW + timedelta(hours=1)
    again, _ = check(row() | changes, later, status=304)
    assert again["interval_s"] >= 1800
    assert "etag" not in again
    assert again["state_since"] == changes["state_since"]


def test_410_disables_the_source() -> None:
    changes, told = check(row(state="ok"), status=410, error=FetchError("http", "answered 410", 410))
    assert changes["state"] == "disabled"
    assert told is not None
    assert "gone for good and is no longer asked" in told
    assert wait_of(changes) > timedelta(days=365)


@pytest.mark.parametrize("headers", [(("Retry-After", str(10 * 365 * 86_400)),), ()])
def test_a_retry_after_of_ten_years_is_a_day(headers: Headers) -> None:
    error = FetchError("http", "answered 503", 503, retry_after_s=10 * 365 * 86_400.0)
    changes, told = check(row(), status=503, headers=headers, error=error)
    assert changes["state"] == "failing"
    assert told == "HTTP 503: its server has a fault of its own, which mostly passes."
    assert wait_of(changes) == timedelta(days=1)
    assert changes["not_before"] == changes["next_check"]


def test_failures_are_counted_and_told_and_forgotten() -> None:
    kept, waits = row(), []
    for number in range(12):
        at = NOW + timedelta(hours=number)
        changes, told = check(kept, at, status=None, error=FetchError("dns", "no such name"))
        kept |= changes
        waits.append(wait_of(changes, at))
    assert told is not None
    assert "its name does not resolve" in told.lower()
    assert (kept["failures"], kept["state_since"]) == (12, stamp(NOW))
    assert waits[0] < timedelta(minutes=7)
    assert waits[-1] == timedelta(days=1)
    changes, told = check(kept, NOW + timedelta(hours=13), status=304)
    assert (changes["state"], changes["failures"], changes["error"], told) == ("ok", 0, None, None)


def test_html_in_place_of_a_feed_is_a_failure_with_its_sentence() -> None:
    with pytest.raises(ListingError) as caught:
        parse_listing("feed", b"<!doctype html><title>News</title>", SOURCE.url, now=NOW)
    changes, told = check(row(state="ok"), problem=caught.value)
    assert (changes["state"], changes["error"]) == ("failing", told)
    assert told is not None
    assert "instead of a feed" in told


def test_three_sightings_move_the_source() -> None:
    kept = row(state="ok")
    for number in range(1, 4):
        changes, _ = check(kept, status=304, permanent_url="https://new.example/feed")
        kept |= changes
        assert kept["moved_sightings"] == number
    assert (
        kept["error"]
        == "It has moved for good: asked at https://new.example/feed from now on. Correct its address in the configuration."
    )
    after, _ = check(kept, status=304, address="https://new.example/feed")
    assert (after["moved_url"], after["moved_sightings"]) == ("https://new.example/feed", 3)
    assert after["error"] == kept["error"]
