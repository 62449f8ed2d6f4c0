"""Marks never change a text, and nothing that reorders its neighbours is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.marks import clean, difference, paragraphs, pieces, quote_pieces

SPANS = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)


@given(st.text(max_size=50), SPANS, SPANS)
def test_pieces_hold_the_whole_text(
    text: str, evidence: list[tuple[int, int]], words: list[tuple[int, int]]
) -> None:
    assert "".join(piece.text for piece in pieces(text, evidence, words)) == clean(text)


@given(st.text(max_size=80))
def test_clean_leaves_no_control(text: str) -> None:
    assert not any(
        char in clean(text) for char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b"
    )
    clean(text).encode()


def test_words_are_marked_inside_evidence() -> None:
    found = pieces("a strike near Saravan today", [(2, 21)], [(14, 21)])
    assert [(piece.text, piece.mark) for piece in found] == [
        ("a ", 0),
        ("strike near ", 1),
        ("Saravan", 2),
        (" today", 0),
    ]


def test_a_quote_knows_where_it_stands() -> None:
    found = quote_pieces("near Saravan", 100, [(105, 112)])
    assert [piece.text for piece in found if piece.mark] == ["Saravan"]


def test_paragraphs_split_at_lines_and_keep_marks() -> None:
    found = paragraphs("one two\n\nthree four", [(9, 14)], [])
    assert [[piece.text for piece in line] for line in found] == [["one two"], ["three", " four"]]
    assert found[1][0].mark == 1


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("same", "same", {"same"}),
        ("two were hurt", "three were hurt", {"removed", "added"}),
        ("a\nb\nc\nd\ne", "a\nb\nc\nd\ne\nf", {"same", "skipped", "added"}),
        ("", "new text", {"added"}),
    ],
)
def test_difference(old: str, new: str, kinds: set[str]) -> None:
    assert {line.kind for line in difference(old, new)} == kinds


def test_difference_by_word_marks_only_what_changed() -> None:
    removed, added = difference("two guards were hurt", "three guards were hurt")
    assert [piece.text for piece in removed.pieces if piece.mark] == ["two"]
    assert [piece.text for piece in added.pieces if piece.mark] == ["three"]


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert clean("x" * 300, 10) == "x" * 9 + "…"
