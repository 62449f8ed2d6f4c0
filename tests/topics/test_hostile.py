"""Bad input: a verdict, never a crash, and never more than linear time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.topics.explain import explain_article, render
from jobs.topics.loader import TopicSet, load_topics
from jobs.topics.match import match_article

_PIECES = [
    *(
        "Iran",
        "Pakistan",
        "border",
        "with",
        "Afghanistan",
        "ایران",
        "پاکستان",
        "مرز",
        "سرحد",
        "تفتان",
        "伊朗",
        "边境",
    ),
    *(
        " ",
        " ",
        ". ",
        "\n",
        ", ",
        "&amp;",
        "\u200c",
        "\ud800",
        "\x00",
        "۔",
        "'s",
        "’",
        "(",
        "strike",
        "of",
        "\u202e",
    ),
]


@given(
    st.lists(st.sampled_from(_PIECES), max_size=60).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=9).map("".join),
)
@settings(max_examples=100, deadline=None)
def test_any_mixture_gets_a_verdict_with_exact_quotes(border: TopicSet, text: str, title: str) -> None:
    for match in match_article(title, text, "xx", border):
        for evidence in match.evidence:
            field = title if evidence.field == "title" else text
            assert field[evidence.start : evidence.end] == evidence.quote


@given(st.text(max_size=200), st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_text_gets_a_verdict(border: TopicSet, text: str, title: str) -> None:
    match_article(title, text, None, border)


@pytest.mark.parametrize(
    "text", ["", "!!!…؟۔", "\ud800" * 50, "\x00" * 50, "\u202e\u202b", " " * 1000, "&" * 1000]
)
def test_texts_without_words_match_nothing(border: TopicSet, text: str) -> None:
    assert match_article(text, text, "fa", border) == ()
    assert "does not hold" in render(explain_article(text, text, None, border)[0])


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "Iran ",
            "Iran Pakistan ",
            "border Iran ",
            "Pakistan border with Afghanistan Iran ",
            "a ",
            "Iran. ",
            "، ",
        ),
        *(
            "ایران پاکستان ",
            "borders with Afghanistan, India, China, ",
            "strike Iran ",
            "伊朗",
            "سرحد ",
            "&amp;amp;",
        ),
    ],
)
def test_time_grows_with_the_length_only(border: TopicSet, piece: str) -> None:
    """Four times the text takes about four times as long; sixteen would be a quadratic pass."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        before = time.process_time()
        match_article("", text, None, border)
        return time.process_time() - before

    seconds(1000)
    # Half a second is what a busy machine adds now and then; a quadratic pass over 24,000 takes many.
    assert seconds(24_000) < 9 * seconds(6_000) + 0.5


@pytest.mark.slow
@pytest.mark.timeout(900)  # 40 s of CPU for a text made of nothing but terms
@pytest.mark.parametrize("piece", ["Iran Pakistan border Afghanistan ", "lorem ipsum ", "ایران کی سرحد۔ "])
def test_ten_megabytes(piece: str) -> None:
    topics = load_topics(["presets:iran-pakistan-border"], Path())
    match_article("", piece * (10_000_000 // len(piece)), None, topics)
