"""Sentence spans: what ends a sentence, what does not, and that nothing is lost."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.sentences import sentences


@pytest.mark.parametrize(
    "expected",
    [
        ["Iran closed the gate.", "Pakistan protested!", "Why?"],
        ["Gen. A. B. Khan met Dr. Smith on Jan. 5 near Mt. Taftan.", "He left."],
        ["The U.S. Embassy said 2.5 tons, i.e. all of it, were seized.", "More follows…", "Later."],
        ["It has a 909 km border.", "It was 2019.", "The end."],
        ["“They crossed.”", "He said so."],
        ["Am 12. Mai schoss die Garde z. B. in Taftan.", "Dann war Ruhe."],
        ["На ул. Ленина 5 тыс. человек.", "Граница закрыта."],
        ["مرز بسته شد.", "آیا باز می‌شود؟", "بله!"],
        ["سرحد بند ہے۔", "تفتان میں قافلہ رکا۔", "کیوں؟"],
        ["伊朗和巴基斯坦互相空袭。", "边境关闭。"],
        ["A headline without a stop", "A second line."],
        ["1. First point", "2. Second point"],
    ],
)
def test_sentences_of_the_border_press(expected: list[str]) -> None:
    for joiner in (" ", "\n"):
        if joiner == " " and any(one[-1] not in ".!?…؟۔。”" for one in expected):
            continue
        text = joiner.join(expected)
        assert [text[start:end] for start, end in sentences(text)] == expected


def test_urdu_and_chinese_stops_need_no_space() -> None:
    text = "سرحد بند ہے۔تفتان کھلا ہے۔边境。关闭"
    assert [text[start:end] for start, end in sentences(text)] == [
        "سرحد بند ہے۔",
        "تفتان کھلا ہے۔",
        "边境。",
        "关闭",
    ]


@given(st.text(alphabet=st.sampled_from("ab .!?۔؟\n”\"'1\ud800۹A")))
def test_every_visible_character_lies_in_one_sentence(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))


@pytest.mark.parametrize("piece", [".", ". ", "a.", "\n", "a ", "”", ".”", "1. A", "U.S.A. ", "۔", " "])
def test_long_texts_take_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        before = time.process_time()
        sentences(text)
        return time.process_time() - before

    assert seconds(80_000) < 12 * seconds(20_000) + 0.1
