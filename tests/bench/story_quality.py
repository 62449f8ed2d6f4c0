"""How well copies and reports are told, on the shared texts: labelled pairs, respun copies by rate, clusters in a stream.

Copies are generated (tests/dedup/copies.py): swapped words are drawn from the whole vocabulary of the language, which
is harder than synonyms, since the odd words that come in are rare ones.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.dedup import events
from jobs.dedup.candidates import bands, index_keys
from jobs.dedup.fingerprint import fingerprint
from jobs.dedup.frequencies import Frequencies
from jobs.dedup.sketch import unpack
from jobs.dedup.stories import place
from jobs.dedup.verify import compare, prepare
from storage.articles import insert_article
from storage.database import open_database, write_transaction
from storage.model import Article, Published, Source
from tests.bench.story_texts import BEGIN
from tests.dedup.copies import respin

SPOKEN = ("en", "de", "ru", "pl", "el", "es", "fr", "fa", "ur")
OF_ONE_TOPIC_ONLY = {
    "lesson-ir-pk",
    "wiki-geo-pakistan",
    "makran-guide-ganz",
    "wiki-sept-2001",
    "jan-2024-strikes",
}
"""Groups of the labelled set that share a theme and not an event."""
STORIES = 100
SIZES = (3, 4, 5, 6, 8, 10, 15, 20, 30, 40)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the shared folders; `group` names the event where it is known."""

    title: str
    text: str
    language: str
    group: str


@dataclass(frozen=True, slots=True)
class Shared:
    """Everything that is read from the shared folders."""

    pairs: list[dict[str, Any]]
    border: list[Text]
    corpus: list[Text]

    def vocabulary(self) -> dict[str, list[str]]:
        """Words by language."""
        found: dict[str, set[str]] = defaultdict(set)
        for text in self.border + self.corpus:
            found[text.language].update(word for word in text.text.split() if word.isalpha())
        return {language: sorted(words) for language, words in found.items()}


def load(shared: Path, fewest_words: int = 26) -> Shared:
    """Read the labelled pairs, the labelled border texts and the gold texts of the corpus that have so many words."""

    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (shared / name).read_text(encoding="utf-8").split("\n") if line]

    border = [Text(row["title"], row["text"], row["lang"], row["story"]) for row in lines("border/dev.jsonl")]
    corpus = [
        Text(row.get("title") or "", row["text"], row["lang"], f"corpus-{number}")
        for number, row in enumerate(lines("corpus/truth.jsonl"))
        if isinstance(row.get("text"), str) and len(row["text"].split()) >= fewest_words
    ]
    return Shared(lines("border/pairs.jsonl"), border, corpus)


def f1(gold: Sequence[bool], found: Sequence[bool]) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * sum(a and b for a, b in zip(gold, found, strict=True)) / max(1, sum(gold) + sum(found))


def pairs(shared: Shared) -> dict[str, Any]:
    """The labelled pairs; the limit of `same story` also as each pair's own, chosen on the others (leave one out)."""
    rows = []
    for pair in shared.pairs:
        sides = [pair[side] for side in "ab"]
        verdict = compare(*(prepare(side["title"], side["text"]) for side in sides)).relation
        sketches = [
            unpack(fingerprint(side["title"], side["text"], pair["lang"], None).sketch) for side in sides
        ]
        rows.append((pair["relation"], verdict, events.score(*sketches)))
    close = [gold != "different" for gold, _, _ in rows]

    def closer(limit: float, some: Sequence[tuple[str, str, float]] = rows) -> list[bool]:
        return [
            verdict == "same_text" or (verdict != "template" and score >= limit) for _, verdict, score in some
        ]

    left_out = []
    for index in range(len(rows)):
        others = rows[:index] + rows[index + 1 :]
        gold = [row[0] != "different" for row in others]
        limits = sorted({round(score, 3) for _, _, score in others})
        results = {limit: f1(gold, closer(limit, others)) for limit in limits}
        best = [limit for limit in limits if results[limit] >= max(results.values()) - 1e-9]
        left_out.append(closer(statistics.median(best), [rows[index]])[0])
    return {
        "same_text_f1": f1(
            [gold == "same_text" for gold, _, _ in rows], [verdict == "same_text" for _, verdict, _ in rows]
        ),
        "closer_f1": f1(close, closer(events.ASKED)),
        "closer_f1_leave_one_out": f1(close, left_out),
        "different_called_same_text": sum(
            gold == "different" and verdict == "same_text" for gold, verdict, _ in rows
        ),
    }


def copies(shared: Shared, rate: float, *, wrapped: bool, kept: float, seed: int = 3) -> dict[str, float]:
    """The share of copies that the index finds and that the verdict accepts."""
    rng = random.Random(seed)
    words = shared.vocabulary()
    some = [text for text in rng.sample(shared.corpus, len(shared.corpus)) if text.language in SPOKEN][:250]
    some += [
        text for text in shared.border if text.language in {"en", "fa", "ur"} and len(text.text.split()) >= 25
    ]
    accepted = indexed = 0
    for text in some:
        copy = respin(
            text.text,
            text.language,
            rate,
            words[text.language],
            rng,
            wrapped=wrapped,
            kept=kept,
            other_lede=False,
        )
        accepted += compare(prepare(text.title, text.text), prepare(text.title, copy)).relation == "same_text"
        one, other = (fingerprint(text.title, body, text.language, None) for body in (text.text, copy))
        ours, theirs = index_keys(one), index_keys(other)
        indexed += (
            bool(set(bands(one)) & set(bands(other)))
            or sum(ours[key] for key in ours.keys() & theirs.keys()) >= 4
        )
    return {
        "rate": rate,
        "kept": kept,
        "copies": len(some),
        "indexed": indexed / len(some),
        "accepted": accepted / len(some),
    }


def _seeds(shared: Shared, rng: random.Random) -> list[list[Text]]:
    """What stories are made of: pairs of separate reports, then border texts, then corpus texts."""
    seeds: list[list[Text]] = []
    taken: set[str] = set()

    def take(texts: list[Text]) -> None:
        if len(seeds) < STORIES and not taken & {text.text[:80] for text in texts}:
            seeds.append(texts)
            taken.update(text.text[:80] for text in texts)

    reports = [
        [Text(pair[side]["title"], pair[side]["text"], pair["lang"], "") for side in "ab"]
        for pair in shared.pairs
        if pair["relation"] == "same_story"
    ]
    for both in rng.sample(reports, 25):
        take(both)
    paired = {pair[side]["text"][:80] for pair in shared.pairs for side in "ab"}
    single = [
        text
        for text in shared.border
        if text.language in {"fa", "ur", "en"}
        and len(text.text.split()) > 20
        and text.text[:80] not in paired
    ]
    sizes = defaultdict(int)
    for text in shared.border:
        sizes[text.group] += 1
    for text in rng.sample(single, len(single)):
        if len(seeds) < STORIES * 0.6 and sizes[text.group] == 1:
            take([text])
    for text in rng.sample(shared.corpus, len(shared.corpus)):
        if text.language in SPOKEN:
            take([text])
    return seeds


def stream(shared: Shared, seed: int) -> list[tuple[Text, datetime, str]]:
    """Articles in a random order with the story each belongs to: 100 stories of 3 to 40 members among unrelated ones."""
    rng = random.Random(seed)
    words = shared.vocabulary()
    seeds = _seeds(shared, rng)
    items: list[tuple[Text, datetime, str]] = []
    for number, reports in enumerate(seeds):
        begin = BEGIN + timedelta(hours=rng.random() * 24 * 20)
        for member in range(rng.choice(SIZES)):
            text = reports[member] if member < len(reports) else rng.choice(reports)
            if member >= len(reports):
                rate = 0.0 if rng.random() < 0.35 else rng.uniform(0.05, 0.3)
                copy = respin(
                    text.text, text.language, rate, words[text.language], rng, wrapped=rng.random() < 0.5,
                    kept=rng.choice([1, 1, 1, 0.7, 0.5]), other_lede=rng.random() < 0.25,
                )  # fmt: skip
                title = (
                    respin(
                        text.title,
                        text.language,
                        0.3,
                        words[text.language],
                        rng,
                        wrapped=False,
                        kept=1,
                        other_lede=False,
                    )
                    if rng.random() < 0.5
                    else text.title
                )
                text = Text(title, copy, text.language, text.group)
            items.append((text, begin + timedelta(hours=rng.expovariate(1 / 14)), f"story-{number}"))
    taken = {text.text[:80] for reports in seeds for text in reports}
    items += [
        (text, BEGIN + timedelta(hours=rng.random() * 24 * 22), text.group)
        for text in shared.corpus + shared.border
        if text.text[:80] not in taken
    ]
    rng.shuffle(items)
    return items


def clusters(shared: Shared, seed: int, table: Frequencies | None = None) -> dict[str, Any]:
    """B-cubed over the members of the made stories, with every article of the stream counted where it does not belong."""
    items = stream(shared, seed)
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "clusters.db")
        db.execute("PRAGMA synchronous = OFF")
        gold: dict[int, str] = {}
        for number, (text, at, story) in enumerate(items):
            url = f"https://s{number}.example/{number}"
            article = Article(url, url, text.title, text.text, Published(at, "meta"), text.language)
            with write_transaction(db):
                source = Source(f"source{number % 60}", "feed", "https://source.example/feed")
                key = insert_article(
                    db,
                    article,
                    ("", ""),
                    capture_id=None,
                    source=source.name,
                    first_seen=at + timedelta(minutes=7),
                    backlog=False,
                )
                gold[key] = story
                place(
                    db,
                    key,
                    article,
                    fingerprint(text.title, text.text, text.language, None, table),
                    source,
                    at,
                )
        found = dict(db.conn.execute("SELECT id, story_id FROM articles").fetchall())
        db.close()
    precision, recall = b_cubed(
        found, gold, [key for key, story in gold.items() if story.startswith("story-")]
    )
    return {
        "seed": seed,
        "articles": len(items),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
    }


def b_cubed(found: dict[int, int], gold: dict[int, str], of: Sequence[int]) -> tuple[float, float]:
    """Precision and recall (Bagga and Baldwin 1998), averaged over these articles."""
    by_found: dict[int, set[int]] = defaultdict(set)
    by_gold: dict[str, set[int]] = defaultdict(set)
    for key, story in gold.items():
        by_found[found[key]].add(key)
        by_gold[story].add(key)
    both = [
        (len(by_found[found[key]] & by_gold[gold[key]]), len(by_found[found[key]]), len(by_gold[gold[key]]))
        for key in of
    ]
    return sum(hit / size for hit, size, _ in both) / len(of), sum(hit / size for hit, _, size in both) / len(
        of
    )


def measure(shared: Path) -> dict[str, Any]:
    """All of it."""
    texts = load(shared)
    return {
        "pairs": pairs(texts),
        "copies": [copies(texts, rate, wrapped=wrapped, kept=kept) for wrapped, kept in ((False, 1.0), (True, 1.0), (True, 0.6)) for rate in (0.1, 0.2, 0.3)],
        "clusters": [clusters(texts, seed) for seed in (1, 2, 3)],
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [f"{name:28} {value:.3f}" for name, value in result["pairs"].items()]
    lines += [
        f"copies, {row['rate']:.0%} swapped, {row['kept']:.0%} kept: indexed {row['indexed']:.3f}, accepted {row['accepted']:.3f}"
        for row in result["copies"]
    ]
    lines += [
        f"clusters, seed {row['seed']}: B-cubed precision {row['precision']:.3f}, recall {row['recall']:.3f}, F1 {row['f1']:.3f}"
        for row in result["clusters"]
    ]
    return "\n".join(lines)
