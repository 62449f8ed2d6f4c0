"""The readable difference between two readings of a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.dedup.revisions import Change, difference, render


def test_sentences_that_went_and_came() -> None:
    old = "The gate is shut. Some 300 lorries wait. Customs gave no date."
    new = "The gate is shut.\nSome 400 lorries wait. Customs gave no date. It may open on Friday."
    changes = difference(old, new)
    assert changes == (
        Change("removed", "Some 300 lorries wait."), Change("added", "Some 400 lorries wait."), Change("added", "It may open on Friday."),
    )  # fmt: skip
    assert render(changes).splitlines()[0] == "- Some 300 lorries wait."


def test_persian_and_urdu_sentences_end_too() -> None:
    assert difference("گیٹ بند ہے۔ ٹرک کھڑے ہیں۔", "گیٹ کھل گیا۔ ٹرک کھڑے ہیں۔") == (
        Change("removed", "گیٹ بند ہے۔"),
        Change("added", "گیٹ کھل گیا۔"),
    )


@given(st.text(max_size=200))
def test_the_same_text_has_no_difference(text: str) -> None:
    assert difference(text, text) == ()
