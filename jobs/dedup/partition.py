"""Linked articles to stories: a pure function of the links, so that the order of arrival cannot matter.

Links are taken strongest first (a person's, then copies, then reports of one event by score; ties by address) and
each joins the two groups it touches, unless that would break a rule: a person keeps articles apart, a story holds at
most `MAX_TEXTS` different texts, and its texts span at most `MAX_SPAN_S`. Where no rule binds, that is simply what
links connect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MAX_TEXTS: Final = 300
"""Different texts in one story. The most reported events of a border have some forty; more is a chain of errors."""
MAX_SPAN_S: Final = 10 * 86_400
"""Days between the first and the last text of a story that reports of one event may add up to."""
_ORDER: Final = {"person": 0, "same_text": 1, "same_story": 2}


@dataclass(frozen=True, slots=True)
class Node:
    """An article: its address settles ties, `precedence` who leads (smallest first)."""

    id: int
    key: str
    at_s: int
    precedence: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What a comparison of two articles found, or a person said."""

    a: int
    b: int
    relation: str
    score: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """The members of one story, the leader of each member's text, and why it could not grow (None: it could)."""

    members: tuple[int, ...]
    originals: Mapping[int, int]
    capped: str | None


@dataclass(slots=True)
class _Group:
    members: list[int]
    texts: int
    first_s: int
    last_s: int
    sides: frozenset[tuple[int, int]]
    capped: str | None = None


def partition(
    nodes: Mapping[int, Node], links: Iterable[Link], splits: Sequence[tuple[frozenset[int], frozenset[int]]]
) -> list[Cluster]:
    """The stories of these articles, each cluster's members by precedence, clusters by their leaders'."""
    ordered = sorted(links, key=lambda link: _link_order(link, nodes))
    texts = _copies(nodes, ordered, splits)
    groups = _text_groups(nodes, texts, splits)
    group_of = {member: group for group in groups for member in group.members}
    for link in ordered:
        one, other = group_of[link.a], group_of[link.b]
        if one is other:
            continue
        reason = _refusal(one, other, link)
        if reason is not None:
            if reason != _APART:
                one.capped = other.capped = reason
            continue
        if len(one.members) < len(other.members):
            one, other = other, one
        _merge(one, other)
        for member in other.members:
            group_of[member] = one
    living = {id(group): group for group in group_of.values()}
    clusters = [_cluster(group, nodes, texts) for group in living.values()]
    return sorted(clusters, key=lambda cluster: nodes[cluster.members[0]].precedence)


_APART: Final = "a person keeps them apart"


def _link_order(link: Link, nodes: Mapping[int, Node]) -> tuple[int, float, str, str]:
    first, second = sorted((nodes[link.a].key, nodes[link.b].key))
    return _ORDER[link.relation], -link.score, first, second


def _copies(
    nodes: Mapping[int, Node],
    ordered: Sequence[Link],
    splits: Sequence[tuple[frozenset[int], frozenset[int]]],
) -> dict[int, int]:
    """The leader of each article's text: copies follow their original, unless a person keeps them apart."""
    root = {node: node for node in nodes}
    sides = {node: sides_of(node, splits) for node in nodes}

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for link in ordered:
        if link.relation != "same_text":
            continue
        one, other = find(link.a), find(link.b)
        if one == other or _clash(sides[one], sides[other]):
            continue
        first, second = sorted((one, other), key=lambda node: nodes[node].precedence)
        root[second] = first
        sides[first] |= sides[second]
    return {node: find(node) for node in nodes}


def _text_groups(
    nodes: Mapping[int, Node],
    texts: Mapping[int, int],
    splits: Sequence[tuple[frozenset[int], frozenset[int]]],
) -> list[_Group]:
    by_text: dict[int, list[int]] = {}
    for node, leader in texts.items():
        by_text.setdefault(leader, []).append(node)
    groups = []
    for members in by_text.values():
        first = min(nodes[member].at_s for member in members)
        sides = frozenset().union(*(sides_of(member, splits) for member in members))
        groups.append(_Group(members, 1, first, first, sides))
    return groups


def sides_of(
    node: int, splits: Sequence[tuple[frozenset[int], frozenset[int]]]
) -> frozenset[tuple[int, int]]:
    """On which side of which split an article stands."""
    return frozenset(
        (index, side) for index, both in enumerate(splits) for side in (0, 1) if node in both[side]
    )


def _clash(one: frozenset[tuple[int, int]], other: frozenset[tuple[int, int]]) -> bool:
    return any((index, 1 - side) in other for index, side in one)


def _refusal(one: _Group, other: _Group, link: Link) -> str | None:
    if _clash(one.sides, other.sides):
        return _APART
    if link.relation == "person":
        return None
    return cap_reason(
        one.texts + other.texts, max(one.last_s, other.last_s) - min(one.first_s, other.first_s)
    )


def cap_reason(texts: int, span_s: int) -> str | None:
    """Why a story of so many texts over so long a time is not built, or None."""
    if texts > MAX_TEXTS:
        return f"a story holds at most {MAX_TEXTS} different texts: further reports stand apart"
    if span_s > MAX_SPAN_S:
        return f"a story spans at most {MAX_SPAN_S // 86_400} days: later reports stand apart"
    return None


def _merge(one: _Group, other: _Group) -> None:
    one.members += other.members
    one.texts += other.texts
    one.first_s = min(one.first_s, other.first_s)
    one.last_s = max(one.last_s, other.last_s)
    one.sides |= other.sides
    one.capped = one.capped or other.capped


def _cluster(group: _Group, nodes: Mapping[int, Node], texts: Mapping[int, int]) -> Cluster:
    members = tuple(sorted(group.members, key=lambda member: nodes[member].precedence))
    return Cluster(members, {member: texts[member] for member in members}, group.capped)
