"""Stories as a pure function of links: no order of links or nodes matters, caps and rulings bind, ties go by rules."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.dedup.partition import MAX_SPAN_S, Cluster, Link, Node, partition
from jobs.dedup.rebuild import assign, connected

LINK = st.builds(
    Link,
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["same_text", "same_story"]),
    st.sampled_from([0.4, 0.5, 0.6, 0.9]),
).filter(lambda link: link.a != link.b)


def nodes(count: int = 12, step_s: int = 3600) -> dict[int, Node]:
    return {
        number: Node(number, f"https://{number:02}", number * step_s, (number * step_s, f"{number:02}"))
        for number in range(1, count + 1)
    }


def shape(clusters: list[Cluster]) -> object:
    return [(cluster.members, dict(cluster.originals), cluster.capped) for cluster in clusters]


@given(links=st.lists(LINK, max_size=25), seed=st.integers(0, 1000), bound=st.booleans())
def test_no_order_matters(links: list[Link], seed: int, bound: bool) -> None:
    rng = random.Random(seed)
    some = nodes(step_s=MAX_SPAN_S // 5 if bound else 3600)
    splits = [(frozenset({1, 2}), frozenset({3}))] if bound else []
    mixed = rng.sample(links, len(links))
    turned = [Link(link.b, link.a, link.relation, link.score) for link in mixed]
    shuffled = dict(rng.sample(list(some.items()), len(some)))
    # A pair that two comparisons judged differently cannot be: the table keeps one link a pair.
    unique = {
        tuple(sorted((link.a, link.b))): link
        for link in sorted(turned, key=lambda link: (link.relation, link.score))
    }
    same = {
        tuple(sorted((link.a, link.b))): link
        for link in sorted(links, key=lambda link: (link.relation, link.score))
    }
    assert shape(partition(shuffled, unique.values(), splits)) == shape(
        partition(some, same.values(), splits)
    )


@given(links=st.lists(LINK, max_size=20))
def test_without_caps_stories_are_what_links_connect(links: list[Link]) -> None:
    found = sorted(sorted(cluster.members) for cluster in partition(nodes(), links, []))
    assert found == sorted(connected(nodes(), links))


def test_a_split_keeps_copies_apart_too() -> None:
    links = [Link(1, 2, "same_text", 1.0), Link(2, 3, "same_text", 1.0)]
    found = partition(nodes(3), links, [(frozenset({1}), frozenset({3}))])
    assert [cluster.members for cluster in found] == [(1, 2), (3,)]


def test_the_span_is_capped_and_says_so() -> None:
    links = [Link(number, number + 1, "same_story", 0.5 + number / 100) for number in range(1, 12)]
    found = partition(nodes(step_s=2 * 86_400), links, [])
    assert max(len(cluster.members) for cluster in found) == 6
    assert "spans at most 10 days" in (found[0].capped or "")


@pytest.mark.parametrize(
    ("old", "kept"),
    [({1: 7, 2: 7, 3: 7}, {0: 7}), ({1: 9, 2: 9, 3: 4}, {0: 9, 1: 4}), ({1: 9, 2: 8}, {0: 8}), ({}, {})],
    ids=["stays", "each", "oldest", "new"],
)
def test_story_ids_go_where_most_members_are(old: dict[int, int], kept: dict[int, int]) -> None:
    clusters = [Cluster((1, 2), {}, None), Cluster((3,), {}, None)]
    assert assign(clusters, old) == kept
