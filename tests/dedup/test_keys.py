"""Keys that mean the same in every language, and the sketch that carries them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.dedup.fingerprint import fingerprint
from jobs.dedup.keys import skeleton
from jobs.dedup.sketch import resemblance, unpack
from jobs.dedup.tokens import body, split_words, tokens
from tests.dedup import texts as t
from text.normalise import normalise


@pytest.mark.parametrize(
    ("latin", "arabic"),
    [
        ("Saravan", "سراوان"), ("Raisi", "رئیسی"), ("Mirjaveh", "میرجاوه"), ("Panjgur", "پنجگور"), ("Sharif", "شریف"), ("Shahbaz", "شهباز"),
        ("Bahawalpur", "بهاولپور"), ("Khuzdar", "خضدار"), ("Chabahar", "چابهار"), ("Ghalibaf", "غالیباف"), ("Karimvand", "کریموند"),
    ],
)  # fmt: skip
def test_names_meet_by_their_consonants(latin: str, arabic: str) -> None:
    assert skeleton(normalise(latin)) == skeleton(normalise(arabic))


def test_one_event_has_the_same_keys_in_three_languages() -> None:
    found = [set(fingerprint(*report, None, None).keys) for report in (t.STRIKE_EN, t.STRIKE_FA, t.STRIKE_UR)]
    shared = set.intersection(*found)
    assert {"p:saravan", "p:sistan-baluchestan", "k:strike", "k:killed", "c:pk", "w:thu"} <= shared


@pytest.mark.parametrize(
    ("text", "words"),
    [("1237ڈالر", ["1237", "ڈالر"]), ("100km away", ["100", "km", "away"]), ("٣٠٠ نفر", ["300", "نفر"])],
)
def test_digits_part_from_letters(text: str, words: list[str]) -> None:
    assert split_words(normalise(text)) == words


def test_furniture_is_left_out() -> None:
    wrapped = f"Share this:\nTwitter Facebook WhatsApp\n{t.GATE_EN[1]}\nSource link\nCheck Also\nMinister opens new road\nLeave a Reply"
    assert tokens(wrapped) == tokens(t.GATE_EN[1])
    assert body("Subscribe to read the full story") == ""


def test_a_fingerprint_does_not_depend_on_typing() -> None:
    one = fingerprint(*t.GATE_FA, "fa", None)
    arabic = tuple(part.replace("ی", "ي").replace("ک", "ك").replace("\u200c", "") for part in t.GATE_FA)
    other = fingerprint(arabic[0], arabic[1], "fa", None)
    assert (one.exact, one.minhash, one.sketch) == (other.exact, other.minhash, other.sketch)


@given(title=st.text(max_size=60), text=st.text(max_size=400))
def test_any_text_has_a_fingerprint_that_unpacks(title: str, text: str) -> None:
    found = fingerprint(title, text, None, None)
    sketch = unpack(found.sketch)
    assert sketch.length == min(found.words, 65_535)
    assert abs(sum(weight * weight for weight in sketch.words.values()) - (1 if sketch.words else 0)) < 1e-6
    assert resemblance(sketch.whole, sketch.whole) == (1.0 if sketch.whole else 0.0)
