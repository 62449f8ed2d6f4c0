"""Working out whole components anew: after a link was lost, where a cap or a person's ruling binds, or on undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from jobs.dedup.partition import Cluster, Link, Node, partition
from jobs.dedup.precedence import precedence, story_time_s
from jobs.dedup.totals import refresh
from storage import stories as store
from storage.database import Database, Row

LARGEST_COMPONENT: Final = 4000
"""Articles that are worked out at once (0.2 s). More are one chain of errors; what comes then stands alone."""


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
    for group in connected(nodes, links):
        store.set_component(db, group, min(group))
    clusters = partition(nodes, links, splits)
    old = {article: row["story_id"] for article, row in members.items()}
    kept = assign(clusters, old)
    written = [
        (_write(db, cluster, kept.get(index), members, nodes, links, now), cluster)
        for index, cluster in enumerate(clusters)
    ]
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


def _write(
    db: Database, cluster: Cluster, story: int | None, members: Mapping[int, Row], nodes: Mapping[int, Node],
    links: Sequence[Link], now: datetime,
) -> int:  # fmt: skip
    lead = cluster.members[0]
    if story is None:
        # What comes out of a story that may have been told about is not told again; a person's split says otherwise itself.
        story = store.new_story(db, now, split_from=members[lead]["story_id"], quiet=True)
    inside = frozenset(cluster.members)
    best = _strongest(inside, links)
    for article in cluster.members:
        row = members[article]
        original = cluster.originals[article]
        if row["story_id"] != story:
            store.move_member(db, article, story)
        if row["original"] != original:
            store.set_original(db, article, original)
        if row["with_article"] is not None and row["with_article"] not in inside:
            relation, other, score = best.get(article, ("first", None, None))
            store.put_member(
                db, article_id=article, story_id=story, component=row["component"], original=original, at_s=nodes[article].at_s,
                relation=relation, with_article=other, score=score, why=why(relation, score, other), now=now,
            )  # fmt: skip
        copy_score = max(
            (link.score for link in links if article in (link.a, link.b) and link.relation == "same_text"),
            default=None,
        )
        store.set_duplicate(
            db,
            article,
            *(None, None) if original == article else (original, why("same_text", copy_score, original)),
        )
    store.revive(db, story)
    return story


def _strongest(inside: frozenset[int], links: Iterable[Link]) -> dict[int, tuple[str, int, float]]:
    best: dict[int, tuple[str, int, float]] = {}
    for link in links:
        if link.a in inside and link.b in inside:
            for one, other in ((link.a, link.b), (link.b, link.a)):
                if one not in best or (link.relation == "same_text", link.score) > (
                    best[one][0] == "same_text",
                    best[one][2],
                ):
                    best[one] = (link.relation, other, link.score)
    return best


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
