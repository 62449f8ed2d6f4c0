"""The verdict on two texts, by kinds of copy and of near-copy."""

from __future__ import annotations

import random

import pytest

from jobs.dedup.verify import compare, prepare
from tests.dedup import texts as t
from tests.dedup.copies import respin

VOCABULARY = sorted({word.lower() for report in t.COPIED for word in report[1].split() if word.isalpha()})
GATE = t.GATE_EN


def judge(a: tuple[str, str], b: tuple[str, str], days: float | None = None) -> str:
    one, other = prepare(*a), prepare(*b)
    verdict = compare(one, other, days)
    assert compare(other, one, days) == verdict, "symmetric"
    assert 0 <= verdict.score <= 1
    return verdict.relation


@pytest.mark.parametrize(
    ("changed", "relation"),
    [
        (GATE, "same_text"),
        (("Another title on the gate at Taftan", GATE[1]), "same_text"),
        ((GATE[0], "QUETTA: (Reuters) - " + GATE[1]), "same_text"),
        ((GATE[0], GATE[1].split(". ", 1)[1]), "same_text"),
        ((GATE[0], GATE[1][: len(GATE[1]) * 6 // 10]), "same_text"),
        ((GATE[0], f"Share this:\nTwitter Facebook\n{GATE[1]}\nSource link\nAbout Admin\nCheck Also\nOther news of today\nLeave a Reply"), "same_text"),
        ((GATE[0], GATE[1].replace("three hundred", "four hundred").replace("Monday", "Tuesday") + " It may reopen on Friday."), "same_text"),
        (t.FISHERMEN_EN, "other"),
        (t.GATE_UR, "other"),
        (("", ""), "other"),
        ((GATE[0], ""), "other"),
    ],
    ids=["same", "title", "byline", "no lede", "cut", "wrapped", "edited", "else", "other language", "empty", "title only"],
)  # fmt: skip
def test_kinds_of_copy(changed: tuple[str, str], relation: str) -> None:
    assert judge(GATE, changed) == relation


@pytest.mark.parametrize("report", t.COPIED, ids=[report[0][:12] for report in t.COPIED])
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_respun(report: tuple[str, str], rate: float, seed: int) -> None:
    copy = respin(
        report[1],
        t.LANGUAGES[report],
        rate,
        VOCABULARY,
        random.Random(seed),
        wrapped=True,
        kept=1.0,
        other_lede=False,
    )
    assert judge(report, (report[0], copy)) == "same_text"


@pytest.mark.parametrize(
    ("a", "b", "days", "relation"),
    [
        (t.rates("Sunday", "97350", "104200", "26480", "8125000"), t.rates("Monday", "98100", "105450", "26710", "8190000"), None, "template"),
        (t.weather("Tuesday", 31, 14, 72), t.weather("Wednesday", 29, 12, 95), None, "template"),
        (t.tally("Sunday", 41, 3, 17), t.tally("Monday", 58, 5, 22), 1.0, "template"),
        (t.tally("Sunday", 41, 3, 17), t.tally("Sunday", 41, 3, 17), 1.0, "same_text"),
        ((t.GATE_EN[0], t.COOKIES), (t.FISHERMEN_EN[0], t.COOKIES), None, "template"),
        ((t.GATE_EN[0], t.COOKIES), (t.GATE_EN[0], t.COOKIES), None, "same_text"),
        (t.STRIKE_EN, t.STRIKE_EN_OTHER, None, "other"),
    ],
    ids=["rates", "weather", "tally", "same tally", "notice", "notice of one page", "two reports"],
)  # fmt: skip
def test_forms_and_notices(a: tuple[str, str], b: tuple[str, str], days: float | None, relation: str) -> None:
    assert judge(a, b, days) == relation


def test_a_corrected_number_is_an_edit_at_once_and_another_event_days_later() -> None:
    other = (
        t.STRIKE_EN[0],
        t.STRIKE_EN[1]
        .replace("nine", "seven")
        .replace("three women", "two women")
        .replace("four children", "five children")
        .replace("four mud", "six mud"),
    )
    assert judge(t.STRIKE_EN, other, 0.1) == "same_text"
    assert judge(t.STRIKE_EN, other, 7.0) == "template"
