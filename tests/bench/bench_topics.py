"""What matching costs and how right it is: CPU per article, growth with length and with terms, re-tagging, F1.

    python -m tests.bench.bench_topics [--articles N]      (make bench-topics)

Texts are those of tests/topics/written.jsonl, put together to articles of 5,000 characters: three in four without any
word of the topic, as in the news. Where BORDERWATCH_SHARED is set, the labelled development texts and the pages of
the corpus are measured as well. The peer in the same run is one compiled regular expression of all the terms, which
is what a phrase list costs. Twenty topics are the shipped one under twenty names: all of them know every term.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from jobs.topics.evaluate import Verdict, report
from jobs.topics.examples import read_examples
from jobs.topics.loader import TopicSet, load_topics, topic_set
from jobs.topics.match import assess_article, match_article
from jobs.topics.retag import judge_span, retag
from storage.database import open_database
from text.normalise import normalise
from text.tokens import tokens

ROOT = Path(__file__).resolve().parents[2]
LENGTH = 5_000
WRITTEN = ROOT / "tests" / "topics" / "written.jsonl"
FILLER = (
    "The council met on Tuesday to discuss the budget for schools and roads, and heard from residents. ",
    "Rain is expected in the north of the country until Friday, the weather service said in the morning. ",
    "وزیر آموزش و پرورش گفت کتاب‌های درسی تا پایان تابستان به دست دانش‌آموزان می‌رسد. ",
    "شہر میں صفائی کی مہم کا آغاز کر دیا گیا ہے اور شہریوں سے تعاون کی اپیل کی گئی ہے۔ ",
    "The team won its third game in a row after a late goal, and will play in the final next week. ",
)


def articles(count: int) -> list[str]:
    """Articles of `LENGTH` characters, one in four with sentences about the border or near it."""
    sentences = cycle(
        one.text or one.title for one in read_examples(WRITTEN.read_text("utf-8").splitlines(), "x")
    )
    made = []
    for number in range(count):
        filler = FILLER[number % len(FILLER)]
        opening = " ".join(next(sentences) for _ in range(4)) + " " if number % 4 == 0 else ""
        made.append((opening + filler * (LENGTH // len(filler) + 1))[:LENGTH])
    return made


def median_ms(work: Callable[[str], object], texts: Sequence[str], rounds: int = 3) -> float:
    """The median CPU milliseconds of a call, the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        times = []
        for text in texts:
            before = time.process_time()
            work(text)
            times.append((time.process_time() - before) * 1000)
        best = min(best, statistics.median(times))
    return round(best, 3)


def phrase_list(topics: TopicSet) -> re.Pattern[str]:
    """The peer: every term of one topic in one alternation, over the normalised text."""
    terms = {normalise(term.text.strip("=*")) for one in topics.topics[0].concepts for term in one.terms}
    return re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, terms), key=len, reverse=True)) + r")")


def costs(one: TopicSet, twenty: TopicSet, count: int) -> dict[str, Any]:
    """CPU per article: the parts, one topic and twenty, the peer, and growth with length."""
    texts = articles(count)
    peer = phrase_list(one)
    for text in texts:
        match_article("", text, None, twenty)
    found: dict[str, Any] = {
        "normalise_ms": median_ms(normalise, texts),
        "tokens_ms": median_ms(tokens, texts),
        "match_1_topic_ms": median_ms(lambda text: match_article("", text, None, one), texts),
        "match_20_topics_ms": median_ms(lambda text: match_article("", text, None, twenty), texts),
        "phrase_list_regex_ms": median_ms(lambda text: peer.findall(normalise(text)), texts, rounds=1),
    }
    relevant = list(texts[::4])
    found["match_20_topics_all_relevant_ms"] = median_ms(
        lambda text: match_article("", text, None, twenty), relevant, 1
    )
    found["match_1_topic_relevant_ms"] = median_ms(lambda text: match_article("", text, None, one), relevant)
    found["after_normalising_20_topics_ms"] = round(found["match_20_topics_ms"] - found["tokens_ms"], 3)
    long = "".join(texts[:40])
    shares = [long[: len(long) // 4], long]
    quarter, whole = (
        median_ms(lambda text: match_article("", text, None, one), [share] * 3, 1) for share in shares
    )
    found["growth_for_four_times_the_text"] = round(whole / quarter, 2)
    return found


def retagging(count: int, workers: int) -> dict[str, Any]:
    """Re-tagging `count` stored articles with processes of their own, as `topics apply --dry-run` does it."""
    texts = cycle(articles(200))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "borderwatch.db"
        db = open_database(path)
        stamp = "2026-01-01T00:00:00Z"
        db.conn.executemany(
            "INSERT INTO articles (source, url, canonical_url, title, text, first_seen, updated_at) VALUES ('s', ?, ?, 'A title', ?, ?, ?)",
            (
                (f"https://x.example/{n}", f"https://x.example/{n}", next(texts), stamp, stamp)
                for n in range(count)
            ),
        )
        db.conn.commit()
        db.close()
        before = time.perf_counter()
        now = datetime.now(UTC)
        found = retag(path, ["presets:iran-pakistan-border"], ROOT, workers=workers, dry_run=True, now=now)
        seconds = time.perf_counter() - before
        begun = time.process_time()
        judge_span(path, 1, count, load_topics(["presets:iran-pakistan-border"], ROOT))
        cpu = time.process_time() - begun
    return {
        "articles": found.articles,
        "gained": len(found.gained),
        "workers": workers,
        "seconds": round(seconds, 1),
        "seconds_per_100000": round(seconds * 100_000 / count, 1),
        "cpu_seconds_per_100000": round(cpu * 100_000 / count, 1),
        "seconds_per_100000_on_free_cores": round(cpu * 100_000 / count / workers, 1),
    }


def rightness(path: Path, topics: TopicSet) -> dict[str, Any]:
    """F1 with intervals on labelled texts."""
    with path.open(encoding="utf-8") as file:
        examples = [one for one in read_examples(file, str(path)) if one.label is not None]
    return report(
        [
            Verdict(
                str(one.id),
                one.language,
                bool(one.label),
                assess_article(one.title, one.text, topics)[0].match is not None,
                one.group,
                "written" if one.source == "written" else "real",
            )
            for one in examples
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=4_000, help="stored articles to re-tag")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    one = load_topics(["presets:iran-pakistan-border"], ROOT)
    twenty = topic_set([replace(one.topics[0], name=f"topic-{number}") for number in range(20)])
    found: dict[str, Any] = {
        "cost": costs(one, twenty, 200),
        "retag": retagging(chosen.articles, chosen.workers),
    }
    found["written"] = rightness(WRITTEN, one)
    shared = os.environ.get("BORDERWATCH_SHARED")
    if shared:
        found["development"] = rightness(Path(shared) / "border" / "dev.jsonl", one)
    for part in ("cost", "retag"):
        for key, value in found[part].items():
            print(f"{key:34} {value}")
    for part in ("written", "development"):
        if part in found:
            rates = found[part]
            print(
                f"{part:34} P {rates['precision']} R {rates['recall']} F1 {rates['f1']} {rates['f1_interval']}"
            )
    target = ROOT / "bench-results" / "topics.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    cost, seconds = found["cost"], found["retag"]["seconds_per_100000_on_free_cores"]
    missed = [
        text
        for text, holds in (
            ("20 topics after normalising at most 1 ms", cost["after_normalising_20_topics_ms"] <= 1.0),
            ("20 topics with normalising at most 2.5 ms", cost["match_20_topics_ms"] <= 2.5),
            ("100,000 articles under 3 minutes, where the cores are free", seconds < 180),
        )
        if not holds
    ]
    if missed:
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
