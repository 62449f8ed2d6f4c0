"""The shipped topic on labelled texts: how often it is right, that it proves itself, and that spelling does not matter."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.topics.evaluate import Verdict, rates
from jobs.topics.loader import TopicSet
from jobs.topics.match import match_article

_ARABIC = {chr(code) for code in range(0x0620, 0x0700) if unicodedata.category(chr(code)) == "Lo"}
_KEYS = str.maketrans("یک", "يك")

VARIANTS: dict[str, Callable[[str], str]] = {
    "Arabic yeh and kaf": lambda text: text.translate(_KEYS),
    "without ZWNJ": lambda text: text.replace("\u200c", ""),
    "ZWNJ as a space": lambda text: text.replace("\u200c", " "),
    "with harakat": lambda text: "".join(char + "\u064e" if char in _ARABIC else char for char in text),
    "with tatweel": lambda text: "".join(char + "ـ" if char in "ستنپ" else char for char in text),
    "in capitals": str.upper,
    "as entities": lambda text: "".join(f"&#{ord(char)};" if char.isalpha() else char for char in text),
    "with soft hyphens": lambda text: "".join(char + "\u00ad" if char.isalpha() else char for char in text),
    "with bidi controls": lambda text: "\u202b" + text.replace(" ", "\u200f \u200e") + "\u202c",
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "Persian digits": lambda text: text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
}


def _verdicts(texts: list[dict[str, Any]], topics: TopicSet) -> list[Verdict]:
    return [
        Verdict(
            one["id"], one["lang"], one["label"], bool(match_article(one["title"], one["text"], None, topics))
        )
        for one in texts
    ]


@pytest.fixture(scope="session")
def development_texts(shared_dir: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (shared_dir / "border" / "dev.jsonl").read_text("utf-8").splitlines()
    ]


def test_texts_written_for_the_tests(border: TopicSet, written_texts: list[dict[str, Any]]) -> None:
    verdicts = _verdicts(written_texts, border)
    precision, recall, f1 = rates(verdicts)
    wrong = [one.id for one in verdicts if one.label != one.predicted]
    assert f1 >= 0.97, (precision, recall, wrong)
    for language in ("en", "fa", "ur", "ar"):
        assert rates(one for one in verdicts if one.language == language)[2] >= 0.95, (language, wrong)


@pytest.mark.shared
def test_development_texts(border: TopicSet, development_texts: list[dict[str, Any]]) -> None:
    verdicts = _verdicts(development_texts, border)
    wrong = [one.id for one in verdicts if one.label != one.predicted]
    assert rates(verdicts)[2] >= 0.97, wrong


def _assert_proved(one: dict[str, Any], topics: TopicSet) -> None:
    for match in match_article(one["title"], one["text"], one["lang"], topics):
        assert match.evidence
        assert match.rules
        assert match.concepts
        for evidence in match.evidence:
            stored = one[evidence.field]
            assert stored[evidence.start : evidence.end] == evidence.quote
            assert evidence.quote.strip() == evidence.quote
            assert evidence.marks
            assert all(evidence.start <= start < end <= evidence.end for start, end in evidence.marks)


@pytest.fixture(scope="session")
def verdicts_as_written(border: TopicSet, written_texts: list[dict[str, Any]]) -> dict[str, bool]:
    return {one.id: one.predicted for one in _verdicts(written_texts, border)}


def test_every_match_quotes_the_stored_text(border: TopicSet, written_texts: list[dict[str, Any]]) -> None:
    for one in written_texts:
        _assert_proved(one, border)


@pytest.mark.parametrize("variant", VARIANTS)
def test_spelling_changes_no_verdict_and_quotes_stay_exact(
    border: TopicSet,
    written_texts: list[dict[str, Any]],
    verdicts_as_written: dict[str, bool],
    variant: str,
) -> None:
    change = VARIANTS[variant]
    changed = [
        {**one, "title": change(one["title"]), "text": change(one["text"])} for one in written_texts[::2]
    ]
    now = {one.id: one.predicted for one in _verdicts(changed, border)}
    assert now == {identity: verdicts_as_written[identity] for identity in now}
    for one in changed[::3]:
        _assert_proved(one, border)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_spelling_changes_no_verdict_of_the_development_texts(
    border: TopicSet, development_texts: list[dict[str, Any]], variant: str
) -> None:
    positives = [one for one in development_texts if one["label"]]
    _assert_same_verdicts(positives, VARIANTS[variant], border)
    for one in positives:
        _assert_proved(one, border)


def _assert_same_verdicts(
    texts: list[dict[str, Any]], change: Callable[[str], str], topics: TopicSet
) -> None:
    changed = [
        one["id"]
        for one in texts
        if bool(match_article(one["title"], one["text"], None, topics))
        != bool(match_article(change(one["title"]), change(one["text"]), None, topics))
    ]
    assert changed == []


def test_places_come_with_coordinates(border: TopicSet) -> None:
    (match,) = match_article(
        "", "Trucks were held at Taftan, on the border with Iran, and near Mirjaveh.", "en", border
    )
    found = {place.id: (place.lat, place.lon) for place in match.places}
    assert found["taftan-town"] == (28.96, 61.58)
    assert found["mirjaveh"] == (29.02, 61.45)
    assert "Iran" in match.concepts


def test_a_claimed_language_decides_nothing(border: TopicSet) -> None:
    text = "مرز ایران و پاکستان بسته شد"
    assert match_article("", text, "zh", border) == match_article("", text, "fa", border) != ()


def test_a_mention_late_in_a_long_text_is_found_and_quoted_shortly(border: TopicSet) -> None:
    padding = "مقامی لوگوں نے بتایا کہ موسم خوشگوار رہا اور بازار کھلے رہے۔ " * 150
    text = padding + "وہ بلوچستان میں ایران کی سرحد سے داخل ہوئے تھے۔ " + padding
    (match,) = match_article("", text, "ur", border)
    assert match.evidence[0].quote == "وہ بلوچستان میں ایران کی سرحد سے داخل ہوئے تھے۔"


def test_a_long_sentence_is_cut_around_its_words(border: TopicSet) -> None:
    text = "word " * 300 + "the Iran–Pakistan border was closed " + "word " * 300
    (match,) = match_article("", text, "en", border)
    evidence = match.evidence[0]
    assert len(evidence.quote) <= 340
    assert "Iran–Pakistan border" in evidence.quote
    assert text[evidence.start : evidence.end] == evidence.quote
