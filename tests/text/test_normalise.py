"""The normaliser: folding twice changes nothing, every offset maps back, spellings of one word meet."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text.normalise import normalise, normalise_with_map, word_spans, words
from text.tokens import TOKEN, tokens

_ALPHABET = st.one_of(
    st.characters(),
    st.sampled_from("ایيىئكکةهہھۀپاكستان‌‍ـًَُِّْٰ۱۲٣٤۔،؟«»’“”–—­\u202b\u202c\ufeff&;#ampquotİıßǆﷲﻻﬁ"),
    st.sampled_from(
        ["&nbsp;", "&amp;", "&amp;amp;", "&#x06cc;", "&#1740;", "&zwnj;", "&shy;", "&lt;", "&fjlig;"]
    ),
    st.integers(0xD800, 0xDFFF).map(chr),
)
_TEXT = st.lists(_ALPHABET, max_size=60).map("".join)


@given(_TEXT)
@settings(max_examples=80)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(_TEXT)
@settings(max_examples=80)
def test_every_offset_maps_back(text: str) -> None:
    folded = normalise_with_map(text)
    assert folded.text == normalise(text)
    previous = 0
    for index in range(len(folded.text)):
        start, end = folded.start(index), folded.end(index + 1)
        assert 0 <= start < end <= len(text)
        assert start >= previous
        previous = start
        assert folded.text[index] in normalise(text[start:end])
    assert folded.end(0) == 0
    assert folded.start(len(folded.text)) == len(text)


@given(_TEXT, _TEXT)
def test_folding_is_local(left: str, right: str) -> None:
    """What stands beside a text does not change how it folds, unless an entity spans the seam."""
    if "&" not in left:
        assert normalise(left + right) == normalise(left) + normalise(right)


def test_every_code_point_folds_to_something_stable() -> None:
    every = "".join(chr(code) for code in range(0x10000))
    assert normalise(normalise(every)) == normalise(every)


@pytest.mark.parametrize(
    "spellings",
    [
        ("پاکستان", "پاكستان", "پاکـستان", "پاک‌ستان", "پَاکِستَان", "پاک­ستان", "\u202bپاکستان\u202c"),
        ("ایران", "ايران", "ایـــران", "اِیران", "\u200fایران", "&#1575;یران"),
        ("بلوچی", "بلوچي", "بلوچى", "بلوچۍ"),
        ("مرزهای", "مرز‌های", "مرزهاي", "مرز\u200dهای"),
        ("منطقه", "منطقة", "منطقۀ", "منطقهٔ", "منطقہ"),
        ("بھارت", "بهارت", "بہارت"),
        ("آزاد", "ازاد", "أزاد", "ٱزاد", "ا\u0653زاد"),
        ("مسئول", "مسیول", "مسي\u0654ول"),
        ("۹۰۹", "٩٠٩", "909", "９０９"),
        (
            "Iran–Pakistan",
            "IRAN—PAKISTAN",
            "iran-pakistan",
            "Iran&ndash;Pakistan",
            "Iran‑Pakistan",
            "Ｉran−pakistan",
        ),
        ("Iran's", "IRAN’S", "iran&rsquo;s", "Iran&#39;s"),
        ("Baluchestān", "baluchestan", "Baluche\u00adstan", "Balu\u200bchestan"),
        ("sınır", "SINIR", "sinir", "Sınır"),
        ("Straße", "STRASSE", "strasse"),
        ("пограничный", "ПОГРАНИЧНЫЙ", "пограничныи\u0306"),
        ("“x”", '"x"', "«x»", "&quot;x&quot;", "&amp;quot;x&amp;quot;"),
        ("क़", "क़"),
    ],
)
def test_spellings_of_one_word_meet(spellings: tuple[str, ...]) -> None:
    assert {normalise(spelling) for spelling in spellings} == {normalise(spellings[0])}


@pytest.mark.parametrize(
    ("left", "right"),
    [("لڑکی", "لڑکے"), ("میں", "مین"), ("بار", "باڑ"), ("пол", "бол"), ("ni", "mi"), ("कि", "की")],
)
def test_other_words_stay_apart(left: str, right: str) -> None:
    assert normalise(left) != normalise(right)


def test_offsets_reach_over_joiners_marks_and_entities() -> None:
    text = "نزدیک مَرْز‌های&nbsp;پاك&shy;ستان است"
    folded = normalise_with_map(text)
    at = folded.text.index("مرزهای پاکستان")
    start, end = folded.start(at), folded.end(at + len("مرزهای پاکستان"))
    assert text[start:end] == "مَرْز‌های&nbsp;پاك&shy;ستان"


def test_words_part_at_apostrophes_and_han_characters_stand_alone() -> None:
    assert words(normalise("Iran’s N-25 «مرز‌های» 909کم 边境地区 हिन्दी_x")) == [
        *("iran", "s", "n", "25", "مرزهای", "909کم", "边", "境", "地", "区", "हिन्दी", "x"),
    ]
    folded = normalise("l'Iran, 边境")
    assert [folded[start:end] for start, end in word_spans(folded)] == words(folded)


@pytest.mark.parametrize("text", ["", "\x00\x00", "\ud800\udfff\ud800", "&" * 50, "&amp;" * 50, "...,,,!!"])
def test_odd_input_is_folded(text: str) -> None:
    folded = normalise_with_map(text)
    assert normalise(folded.text) == folded.text
    assert "\x00" not in folded.text
    folded.text.encode()


@pytest.mark.parametrize("piece", ["a", "&amp;", "&", "&amp", "َ", "&#12", "ﷺ", "\ud800"])
def test_long_texts_take_linear_time(piece: str) -> None:
    """160 kB against 40 kB: a quadratic pass would take 16 times as long."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = 9.9
        for _ in range(2):
            before = time.process_time()
            normalise_with_map(text).start(1)
            best = min(best, time.process_time() - before)
        return best

    assert seconds(160_000) < 10 * seconds(40_000) + 0.05


@given(_TEXT)
@settings(max_examples=80)
def test_tokens_are_the_words_and_parting_marks_of_the_folded_text(text: str) -> None:
    assert tokens(text) == TOKEN.findall(normalise(text))
