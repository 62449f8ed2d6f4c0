"""Working out whole components anew: after a link was lost, where a cap or a person's ruling binds, or on undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.dedup.partition import Cluster, Link, Node, partition
from jobs.dedup.precedence import precedence, story_time_s
from jobs.dedup.totals import refresh
from storage import stories as store
from storage.database import Database, Row

LARGEST_COMPONENT: Final = 1500
"""Articles that are worked out at once (0.3 s). More are one chain of errors; what comes then stands alone."""


def rebuild(db: Database, components: Sequence[int], now: datetime) -> None:
    """Part these components' members into stories by the links that hold, and write what changed."""
    members = {row["article_id"]: row for row in store.members_of_components(db, components)}
    facts = {row["id"]: row for row in store.article_facts(db, list(members))}
    nodes = {
        article: Node(article, row["canonical_url"], story_time_s(row), precedence(row))
        for article, row in facts.items()
    }
    links = [
        Link(row["a"], row["b"], row["relation"], row["score"])
        for row in store.links_of_components(db, components)
        if row["a"] in nodes and row["b"] in nodes
    ]
    splits = [
        (frozenset(row["left_articles"]), frozenset(row["right_articles"]))
        for row in store.splits_touching(db, components)
    ]
    component = {article: min(group) for group in connected(nodes, links) for article in group}
    store.set_components(
        db, [(to, article) for article, to in component.items() if members[article]["component"] != to]
    )
    clusters = partition(nodes, links, splits)
    old = {article: row["story_id"] for article, row in members.items()}
    kept = assign(clusters, old)
    ties = _ties(
        {article: index for index, cluster in enumerate(clusters) for article in cluster.members}, links
    )
    written = []
    for index, cluster in enumerate(clusters):
        story = kept.get(index)
        if story is None:
            # What comes out of a story that may have been told about is not told again; a person's split says otherwise itself.
            story = store.new_story(db, now, split_from=old[cluster.members[0]], quiet=True)
        for article in cluster.members:
            _move(db, members[article], story, cluster, ties, component[article], nodes[article].at_s, now)
        store.revive(db, story)
        written.append((story, cluster))
    for story, cluster in written:  # only now has everybody moved
        refresh(db, story, lead=cluster.members[0], capped=cluster.capped)
    _close_empty(db, set(old.values()))


def connected(nodes: Iterable[int], links: Iterable[Link]) -> list[list[int]]:
    """What the links connect, whatever rules keep apart."""
    near: dict[int, list[int]] = {node: [] for node in nodes}
    for link in links:
        near[link.a].append(link.b)
        near[link.b].append(link.a)
    groups = []
    seen: set[int] = set()
    for start in near:
        if start in seen:
            continue
        group, waiting = [], [start]
        seen.add(start)
        while waiting:
            node = waiting.pop()
            group.append(node)
            fresh = set(near[node]) - seen
            seen |= fresh
            waiting += fresh
        groups.append(sorted(group))
    return groups


def assign(clusters: Sequence[Cluster], old: Mapping[int, int]) -> dict[int, int]:
    """Which cluster (by index) keeps which story id: a story goes where most of its members are, ties to the earlier cluster.

    A cluster that several stories go to keeps the oldest of them; one that none goes to gets a new id.
    """
    votes: dict[int, Counter[int]] = {}
    for index, cluster in enumerate(clusters):
        for article in cluster.members:
            if article in old:
                votes.setdefault(old[article], Counter())[index] += 1
    kept: dict[int, int] = {}
    for story in sorted(votes):
        index = min(votes[story], key=lambda one: (-votes[story][one], one))
        kept.setdefault(index, story)
    return kept


@dataclass(frozen=True, slots=True)
class _Ties:
    """By article, within its story: the strongest link (relation, other article, score) and the best score as a copy."""

    strongest: Mapping[int, tuple[str, int, float]]
    copied: Mapping[int, float]


def _ties(cluster_of: Mapping[int, int], links: Iterable[Link]) -> _Ties:
    strongest: dict[int, tuple[str, int, float]] = {}
    copied: dict[int, float] = {}
    for link in links:
        if cluster_of[link.a] != cluster_of[link.b]:
            continue
        copy = link.relation == "same_text"
        for one, other in ((link.a, link.b), (link.b, link.a)):
            known = strongest.get(one)
            if known is None or (copy, link.score) > (known[0] == "same_text", known[2]):
                strongest[one] = (link.relation, other, link.score)
            if copy:
                copied[one] = max(copied.get(one, 0.0), link.score)
    return _Ties(strongest, copied)


def _move(
    db: Database,
    row: Row,
    story: int,
    cluster: Cluster,
    ties: _Ties,
    component: int,
    at_s: int,
    now: datetime,
) -> None:
    """Write where one article stands now; its reason stays where the article it names is still in the story."""
    article = row["article_id"]
    original = cluster.originals[article]
    if row["story_id"] != story:
        store.move_member(db, article, story)
    if row["original"] != original:
        store.set_original(db, article, original)
    if row["with_article"] is not None and row["with_article"] not in cluster.originals:
        relation, other, score = ties.strongest.get(article, ("first", None, None))
        store.put_member(
            db, article_id=article, story_id=story, component=component, original=original, at_s=at_s, relation=relation,
            with_article=other, score=score, why=why(relation, score, other), now=now,
        )  # fmt: skip
    reason = None if original == article else why("same_text", ties.copied.get(article), original)
    store.set_duplicate(db, article, None if original == article else original, reason)


def why(relation: str, score: float | None, other: int | None) -> str:
    """The reason in words: `same_text 0.93 with 4711`."""
    if other is None:
        return "first report"
    if relation == "person":
        return f"joined by a person with {other}"
    return f"{relation} {score:.2f} with {other}" if score is not None else f"{relation} with {other}"


def _close_empty(db: Database, before: Iterable[int]) -> None:
    for story in sorted(before):
        if db.conn.execute("SELECT 1 FROM story_members WHERE story_id = ? LIMIT 1", (story,)).fetchone():
            continue
        # Its members went to the story that now holds its old lead; where that cannot be told, it just ends empty.
        lead = db.conn.execute("SELECT lead_article FROM stories WHERE id = ?", (story,)).fetchone()[0]
        home = store.member(db, lead) if lead is not None else None
        if home is not None:
            store.mark_merged(db, story, home["story_id"], f"its reports joined story {home['story_id']}")
        elif lead is None:
            store.drop_story(db, story)  # only a seat for an article that was being placed
        else:
            refresh(db, story, lead=None, capped=None)
