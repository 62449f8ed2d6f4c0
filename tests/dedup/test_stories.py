"""Placing articles in a real database: copies, reports of one event, leaders, late knowledge, bad input."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from storage import stories as store
from tests.dedup import texts as t
from tests.dedup.conftest import MONDAY, Desk
from tests.dedup.copies import respin

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
VOCABULARY = sorted({word.lower() for report in t.COPIED for word in report[1].split() if word.isalpha()})


def test_a_copy_joins_its_original_and_says_why(desk: Desk) -> None:
    first = desk.add(t.GATE_EN, "dawn.example/1")
    copy = desk.add(
        ("Trucks stuck at border", "ISLAMABAD: " + t.GATE_EN[1] + "\nRead more"),
        "blog.example/1",
        MONDAY + HOUR,
    )
    assert first.is_new_story
    assert first.why == "first report"
    assert (copy.relation, copy.duplicate_of, copy.story_id) == (
        "same_text",
        desk.ids["dawn.example/1"],
        first.story_id,
    )
    assert copy.why.startswith("same_text 0.9") or copy.why.startswith("same_text 1.00")
    assert copy.why.endswith(f"with {desk.ids['dawn.example/1']}")
    assert copy.copy_of_published is not None
    assert copy.copy_of_published.at == MONDAY


def test_the_original_leads_though_it_is_fetched_after_its_copies(desk: Desk) -> None:
    desk.add(t.GATE_EN, "blog.example/1", MONDAY + 5 * HOUR, source="blog", rank=0)
    desk.add(t.GATE_EN, "blog.example/2", MONDAY + 6 * HOUR, source="blog", rank=0)
    original = desk.add(t.GATE_EN, "wire.example/1", MONDAY, seen=MONDAY + 9 * HOUR, source="wire", rank=90)
    assert original.duplicate_of is None
    assert desk.lead_of("blog.example/1") == "wire.example/1"
    assert desk.original_of("blog.example/1") == desk.original_of("blog.example/2") == "wire.example/1"


def test_rank_settles_who_leads_at_one_time(desk: Desk) -> None:
    desk.add(t.GATE_EN, "a.example/1", source="aggregator", rank=5)
    desk.add(t.GATE_EN, "z.example/1", source="agency", rank=95)
    assert desk.original_of("a.example/1") == "z.example/1"


@pytest.mark.parametrize(
    "date", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)], ids=["epoch", "future"]
)
def test_a_date_that_cannot_be_does_not_lead(desk: Desk, date: datetime) -> None:
    desk.add(t.GATE_EN, "wire.example/1")
    desk.add(t.GATE_EN, "spam.example/1", date, seen=MONDAY + HOUR)
    assert desk.original_of("spam.example/1") == "wire.example/1"
    assert store.story(desk.db, desk.story_of("wire.example/1"))["first_at"] == "2026-03-02T08:00:00.000Z"  # type: ignore[index]


@pytest.mark.parametrize("report", t.COPIED, ids=[report[0][:20] for report in t.COPIED])
@pytest.mark.parametrize("rate", [0.05, 0.12, 0.18, 0.24, 0.28, 0.30])
def test_respun_copies_join_at_every_rate(desk: Desk, report: tuple[str, str], rate: float) -> None:
    rng = random.Random(f"{rate}")
    desk.add(report, "wire.example/1")
    for other in t.COPIED:
        if other is not report:
            desk.add(other, f"other.example/{other[0][:9]}", MONDAY + HOUR)
    language = t.LANGUAGES[report]
    copy = respin(report[1], language, rate, VOCABULARY, rng, wrapped=True, kept=1.0, other_lede=False)
    placed = desk.add((report[0], copy), "spam.example/1", MONDAY + 3 * HOUR)
    assert placed.duplicate_of == desk.ids["wire.example/1"], placed


def test_a_respun_copy_joins_months_later(desk: Desk) -> None:
    desk.add(t.GATE_EN, "wire.example/1")
    copy = respin(
        t.GATE_EN[1], "en", 0.15, VOCABULARY, random.Random(1), wrapped=True, kept=1.0, other_lede=False
    )
    assert (
        desk.add(("Hundreds of trucks wait", copy), "spam.example/1", MONDAY + 200 * DAY).duplicate_of
        == desk.ids["wire.example/1"]
    )


def test_reports_in_three_languages_are_one_story(desk: Desk) -> None:
    for number, report in enumerate((t.STRIKE_EN, t.STRIKE_FA, t.STRIKE_UR, t.STRIKE_EN_OTHER)):
        desk.add(
            report,
            f"s{number}.example/1",
            MONDAY + number * HOUR,
            source=f"s{number}",
            language=("en", "fa", "ur", "en")[number],
        )
    desk.add(t.GATE_EN, "gate.example/1", language="en")
    desk.add(t.GUARDS_EN, "guards.example/1", language="en")
    assert frozenset(f"s{number}.example/1" for number in range(4)) in desk.stories()
    row = store.story(desk.db, desk.story_of("s0.example/1"))
    assert row is not None
    assert (row["languages"], row["articles"], row["texts"], row["sources"]) == (
        ["en", "fa", "ur"],
        4,
        4,
        ["s0", "s1", "s2", "s3"],
    )


def test_two_attacks_a_week_apart_are_two_stories(desk: Desk) -> None:
    second = (
        "Seven killed in another strike near Saravan",
        (
            "At least seven people, including two women, were killed early on Thursday when missiles hit a village near Saravan in Iran's "
            "Sistan and Baluchestan province, the deputy governor, Alireza Karimvand, said. Pakistan's foreign ministry said that it had "
            "targeted militants. It was the second strike in eight days."
        ),
    )
    desk.add(t.STRIKE_EN, "a.example/1")
    desk.add(t.STRIKE_EN_OTHER, "a.example/2", MONDAY + 10 * HOUR)
    desk.add(second, "b.example/1", MONDAY + 7 * DAY)
    assert desk.stories() == {frozenset({"a.example/1", "a.example/2"}), frozenset({"b.example/1"})}


def test_bulletins_of_two_days_stay_apart(desk: Desk) -> None:
    bulletins = [
        t.rates("Sunday", "97350", "104200", "26480", "8125000"), t.rates("Monday", "98100", "105450", "26710", "8190000"),
        t.weather("Tuesday", 31, 14, 72), t.weather("Wednesday", 29, 12, 95),
        t.tally("Sunday", 41, 3, 17), t.tally("Monday", 58, 5, 22),
    ]  # fmt: skip
    for number, bulletin in enumerate(bulletins):
        desk.add(bulletin, f"b.example/{number}", MONDAY + number % 2 * DAY)
    assert len(desk.stories()) == len(bulletins)


def test_late_knowledge_merges_stories(desk: Desk) -> None:
    # The two halves share nothing; the whole text arrives last and is the same text as both.
    sentences = t.FISHERMEN_EN[1].split(". ")
    first = (t.FISHERMEN_EN[0], ". ".join(sentences[:2]))
    second = (t.FISHERMEN_EN[0], ". ".join(sentences[3:]))
    one = desk.add(("Boat drifts", first[1]), "a.example/1")
    other = desk.add(("Jackets promised", second[1]), "b.example/1", MONDAY + HOUR)
    assert one.story_id != other.story_id
    whole = desk.add(t.FISHERMEN_EN, "c.example/1", MONDAY - HOUR, seen=MONDAY + 3 * HOUR)
    assert whole.merged == (other.story_id,)
    assert len(desk.stories()) == 1
    assert store.story(desk.db, other.story_id)["merged_into"] == one.story_id  # type: ignore[index]
    assert store.living_story(desk.db, other.story_id)["lead_article"] == desk.ids["c.example/1"]  # type: ignore[index]


def test_the_same_notice_on_many_hosts_swallows_nothing(desk: Desk) -> None:
    titles = [
        "Wheat harvest begins in Sindh",
        "New bridge for Zabol",
        t.FISHERMEN_EN[0],
        "Museum shows coins of Harappa",
        t.GUARDS_EN[0],
        "باران در گیلان",
    ]
    for number, title in enumerate(titles):
        desk.add((title, t.COOKIES), f"h{number}.example/1")
    assert len(desk.stories()) == len(titles)


def test_one_page_on_many_hosts_is_one_story_of_copies(desk: Desk) -> None:
    for number in range(60):
        desk.add(
            t.GATE_EN, f"h{number:02}.example/1", MONDAY + number * timedelta(minutes=1), source=f"h{number}"
        )
    row = store.story(desk.db, desk.story_of("h00.example/1"))
    assert row is not None
    assert (row["articles"], row["texts"], row["capped"]) == (60, 1, None)


@pytest.mark.parametrize(
    "report",
    [
        ("", ""),
        ("x", ""),
        ("", "Ten words are not much to tell a text by."),
        ("👩‍👩‍👧", "\u200c\u200c"),
        ("a" * 5000, "ا " * 5000),
    ],
)
def test_odd_texts_stand_alone(desk: Desk, report: tuple[str, str]) -> None:
    desk.add(t.GATE_EN, "a.example/1")
    assert desk.add(report, "odd.example/1").is_new_story
    desk.add(report, "odd.example/2")


def test_placing_again_changes_nothing(desk: Desk) -> None:
    for number, report in enumerate((t.STRIKE_EN, t.STRIKE_EN_OTHER, t.STRIKE_FA, t.GATE_EN)):
        desk.add(report, f"s{number}.example/1", MONDAY + number * HOUR)
    before = desk.stories()
    rows = desk.db.conn.execute("SELECT count(*) FROM stories").fetchone()
    for number, report in enumerate((t.STRIKE_EN, t.STRIKE_EN_OTHER, t.STRIKE_FA, t.GATE_EN)):
        desk.add(report, f"s{number}.example/1", MONDAY + number * HOUR)
    assert desk.stories() == before
    assert desk.db.conn.execute("SELECT count(*) FROM stories").fetchone() == rows


def test_a_revision_stays_in_its_story_and_its_old_words_still_find_copies(desk: Desk) -> None:
    placed = desk.add(t.GATE_EN, "dawn.example/1")
    changed = (
        t.GATE_EN[0],
        t.GATE_EN[1].replace("three hundred", "four hundred") + " The gate opened on Wednesday evening.",
    )
    assert desk.add(changed, "dawn.example/1", capture=2).story_id == placed.story_id
    rewritten = ("Taftan gate opens", t.FISHERMEN_EN[1])
    assert desk.add(rewritten, "dawn.example/1", capture=3).story_id == placed.story_id
    assert desk.add(t.GATE_EN, "blog.example/1", MONDAY + HOUR).story_id == placed.story_id


def test_a_reread_article_leaves_a_story_it_was_in_by_mistake(desk: Desk) -> None:
    desk.add(t.GATE_EN, "a.example/1")
    wrong = desk.add(t.GATE_EN, "b.example/1", MONDAY + HOUR)
    assert wrong.duplicate_of is not None
    right = desk.add(t.FISHERMEN_EN, "b.example/1", MONDAY + HOUR)
    assert right.duplicate_of is None
    assert right.split_off, "it was told about as part of the other story, so nobody is told again"
    assert len(desk.stories()) == 2


def test_a_story_has_a_cap_with_a_visible_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.dedup.partition.MAX_TEXTS", 3)
    reports = [(t.STRIKE_EN[0], f"{t.STRIKE_EN[1]}") for _ in range(1)] + [
        t.STRIKE_EN_OTHER,
        t.STRIKE_FA,
        t.STRIKE_UR,
    ]
    for number, report in enumerate(reports):
        desk.add(
            report, f"s{number}.example/1", MONDAY + number * HOUR, language=("en", "en", "fa", "ur")[number]
        )
    assert len(desk.stories()) == 2
    reasons = [row[0] for row in desk.db.conn.execute("SELECT capped FROM stories WHERE articles > 0")]
    assert any(reason and "at most 3 different texts" in reason for reason in reasons)
