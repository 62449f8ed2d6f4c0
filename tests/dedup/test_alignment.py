"""Word alignment against a plain dynamic programme, and the stretch that one text copies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.dedup.alignment import common_words, copied

WORDS = st.lists(st.sampled_from("abcdefg"), max_size=40)


def plain(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for word in a:
        before = row[:]
        for index, other in enumerate(b):
            row[index + 1] = before[index] + 1 if word == other else max(before[index + 1], row[index])
    return row[-1]


@given(a=WORDS, b=WORDS)
def test_common_words_is_the_longest_common_subsequence(a: list[str], b: list[str]) -> None:
    assert common_words(a, b) == plain(a, b)


@given(a=WORDS, b=WORDS)
def test_the_stretch_is_symmetric_and_within_bounds(a: list[str], b: list[str]) -> None:
    one = copied(a, b)
    assert one == copied(b, a)
    assert 0 <= one.share <= 1
    assert 0 <= one.kept <= one.cover <= 1


def test_swapped_words_count_as_covered() -> None:
    a = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    b = ["one", "two", "three", "FOUR", "five", "six", "SEVEN", "eight", "nine", "ten"]
    found = copied(a, b)
    assert (found.share, found.cover, found.kept) == (1.0, 1.0, 0.8)


def test_what_stands_around_only_lowers_the_share() -> None:
    text = [f"w{number}" for number in range(40)]
    wrapped = ["share", "this", *text[:30], "leave", "a", "reply", "and", "more", "news", "from", "elsewhere"]
    found = copied(text, wrapped)
    assert (found.share, found.cover, found.kept) == (0.75, 1.0, 1.0)


def test_nothing_in_common() -> None:
    assert copied(["a"], ["b"]).words == ()
    assert copied([], ["b"]).share == 0
