"""States of sources with their sentences, moves, silences, and what the operator is told."""

from __future__ import annotations

import typing
from datetime import UTC, datetime, timedelta

import pytest

from crawler.fetch import ErrorKind
from jobs.health import (
    Health,
    Move,
    SourceNow,
    failure_sentence,
    follow_move,
    judge_source,
    known_problems,
    network_sentence,
    notices,
    silence,
)
from jobs.schedule import RateState, new_state, update

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEW = Health("new", NOW - timedelta(days=1))


def quiet(per_day: float, days_quiet: float) -> RateState:
    """A source that published evenly for 20 days and then stopped; it was checked every three hours all the time."""
    gap = timedelta(days=1 / per_day)
    stopped = NOW - timedelta(days=days_quiet)
    dates = [stopped - gap * n for n in range(max(2, round(20 * per_day)))]
    state, now = update(new_state(), dates, stopped), stopped
    while now < NOW:
        now += timedelta(hours=3)
        state = update(state, [], now)
    return state


@pytest.mark.parametrize("kind", typing.get_args(ErrorKind))
def test_every_kind_of_failure_has_its_own_sentence(kind: str) -> None:
    sentence = failure_sentence(kind, "some detail", status=503 if kind == "http" else None)
    assert len(sentence) > 40
    assert sentence.endswith(".")
    assert sentence[0].isupper()


def test_the_sentences_differ_and_tell_what_to_do() -> None:
    kinds = ("certificate", "dns", "tls", "timeout", "refused")
    sentences = {failure_sentence(kind, "") for kind in kinds}
    assert len(sentences) == len(kinds)
    assert "its certificate is not valid" in failure_sentence("certificate", "expired").lower()
    assert "(expired)" in failure_sentence("certificate", "expired")
    assert failure_sentence("http", "answered 404", status=404).startswith(
        "HTTP 404: the address no longer exists"
    )
    assert "too frequent" in failure_sentence("http", "", status=429)
    assert "fault of its own" in failure_sentence("http", "", status=502)


def test_states_keep_their_since() -> None:
    state = quiet(10, 0.05)
    ok = judge_source(NEW, state, NOW)
    assert (ok.state, ok.since, ok.sentence) == ("ok", NOW, None)
    failing = judge_source(ok, state, NOW + timedelta(hours=1), failure="HTTP 503: …")
    still = judge_source(failing, state, NOW + timedelta(hours=2), failure="Timeout …")
    assert (still.state, still.since, still.sentence) == ("failing", NOW + timedelta(hours=1), "Timeout …")
    assert judge_source(still, state, NOW + timedelta(hours=3)).state == "ok"


def test_410_disables_and_says_so() -> None:
    gone = judge_source(NEW, new_state(), NOW, failure=failure_sentence("http", "", status=410), gone=True)
    assert gone.state == "disabled"
    assert gone.sentence is not None
    assert "gone for good and is no longer asked" in gone.sentence


@pytest.mark.parametrize(
    ("per_day", "days", "silent"),
    [(50, 0.5, False), (50, 3, True), (5, 1, False), (5, 4, True), (0.3, 10, False), (0.3, 60, True)],
)
def test_silence_is_judged_by_the_own_rhythm(per_day: float, days: float, silent: bool) -> None:
    sentence = silence(quiet(per_day, days), NOW)
    assert (sentence is not None) == silent
    if sentence:
        assert "has listed nothing new since" in sentence


def test_a_source_with_long_gaps_is_given_longer() -> None:
    weekly = [NOW - timedelta(days=day, minutes=n) for day in (3, 10, 17) for n in range(20)]
    assert silence(update(new_state(), weekly, NOW - timedelta(hours=1)), NOW) is None


def test_a_source_that_never_listed_anything() -> None:
    state = update(new_state(), [], NOW)
    assert silence(state, NOW, added=NOW - timedelta(days=3)) is None
    assert "has listed nothing in the 20 days since it was added" in (
        silence(state, NOW, added=NOW - timedelta(days=20)) or ""
    )


def test_three_sightings_settle_a_move() -> None:
    move, told = Move(), None
    for _ in range(2):
        move, told = follow_move(move, "http://a.example/feed", "https://a.example/feed")
        assert (move.settled, told) == (False, None)
    move, told = follow_move(move, "http://a.example/feed", "https://a.example/feed")
    assert move.settled
    assert (
        told
        == "It has moved for good: asked at https://a.example/feed from now on. Correct its address in the configuration."
    )
    assert follow_move(move, "https://a.example/feed", None) == (move, None)
    onward, _ = follow_move(move, "https://a.example/feed", "https://b.example/feed")
    assert (onward.url, onward.sightings) == ("https://b.example/feed", 1)


def test_moves_that_are_taken_back_or_go_to_plain_http() -> None:
    seen = Move("https://b.example/", 2)
    assert follow_move(seen, "https://a.example/", None) == (Move(), None)
    assert follow_move(seen, "https://a.example/", "https://c.example/")[0] == Move("https://c.example/", 1)
    assert follow_move(Move(), "https://a.example/", "http://a.example/") == (Move(), None)


def now_of(name: str, state: str = "ok", failures: int = 0) -> SourceNow:
    return SourceNow(
        name, state, NOW - timedelta(hours=2), failures, "It did not answer." if state != "ok" else None
    )  # type: ignore[arg-type]


def test_a_problem_and_its_recovery_are_told_once() -> None:
    healthy = [now_of(f"s{n}") for n in range(10)]
    first, told = notices([*healthy, now_of("x", "failing", 1)], frozenset(), NOW)
    assert first == ()
    second, told = notices([*healthy, now_of("x", "failing", 3)], told, NOW)
    assert [notice.title for notice in second] == ["x is failing"]
    assert "since 2026-11-24 10:00 UTC (2 hours): It did not answer." in second[0].lines[0]
    assert notices([*healthy, now_of("x", "failing", 9)], told, NOW)[0] == ()
    third, told = notices([*healthy, now_of("x")], told, NOW)
    assert [notice.title for notice in third] == ["x works again"]
    assert notices([*healthy, now_of("x")], told, NOW)[0] == ()


def test_many_problems_are_one_notice() -> None:
    sources = [now_of(f"s{n}") for n in range(20)] + [now_of(f"x{n}", "silent") for n in range(5)]
    made, told = notices(sources, frozenset(), NOW)
    assert [(notice.title, len(notice.lines)) for notice in made] == [("5 sources have problems", 5)]
    assert notices(sources, told, NOW)[0] == ()


def test_when_most_break_at_once_it_is_our_network() -> None:
    sources = [now_of("a")] + [now_of(f"x{n}", "failing", 3) for n in range(9)]
    made, told = notices(sources, frozenset(), NOW)
    assert [notice.title for notice in made] == ["Many sources fail at once"]
    assert made[0].lines[0].startswith("9 of 10 sources fail at once: look at this machine's network")
    assert notices(sources, told, NOW)[0] == ()
    back, told = notices([now_of("a")] + [now_of(f"x{n}") for n in range(9)], told, NOW)
    assert [notice.title for notice in back] == ["The sources answer again"]
    assert told == frozenset()
    assert network_sentence(3, 3) is None


def test_what_is_older_than_the_service_counts_as_told() -> None:
    sources = [now_of(f"s{n}") for n in range(8)] + [now_of("x", "disabled")]
    told = known_problems(sources)
    assert notices(sources, told, NOW)[0] == ()
