"""Cost of finding an article's story among many, and (with the shared texts) how well copies and reports are told.

make bench-stories                     cost at 100,000 articles, quality
make bench-stories ARGS='--full'       cost at 100,000 and 1,000,000 (45 minutes, 6 GB of disk in TMPDIR)
make bench-stories ARGS='--cost 20000' another number of articles
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from jobs.dedup.candidates import bands, index_keys
from jobs.dedup.fingerprint import fingerprint
from jobs.dedup.neighbours import neighbours
from storage.database import Database, open_database, stamp
from storage.fingerprints import entry_of_band, entry_of_key
from tests.bench import story_quality
from tests.bench.story_texts import BEGIN, Item, Newsroom
from tests.dedup.copies import respin

DAY_S = 86_400
INDEX = ("fingerprints", "fingerprints_exact", "fingerprints_article", "text_bands", "story_keys")
OURS = (
    *INDEX,
    "stories",
    "stories_last",
    "stories_merged",
    "story_members",
    "story_members_story",
    "story_members_component",
    "story_members_original",
    "story_links",
    "story_links_b",
)
BATCH = 2000
PROBES = 1000


def fill(db: Database, count: int) -> None:
    """Store `count` articles with their fingerprints, each in a story of its own, in the order of time."""
    connection = db.conn
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    for trigger in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger[0]}")
    done = 0
    batch: list[Item] = []
    for item in Newsroom(1, count).items():
        batch.append(item)
        if len(batch) == BATCH:
            _store(db, batch, done)
            done += len(batch)
            batch = []
            if done % 50_000 == 0:
                print(f"  {done} stored", flush=True)
    _store(db, batch, done)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _store(db: Database, batch: list[Item], done: int) -> None:
    articles, stories, members, prints, band_rows, key_rows = [], [], [], [], [], []
    for number, item in enumerate(batch, done + 1):
        found = fingerprint(item.title, item.text, "en", None)
        second = int(item.at.timestamp())
        moment = stamp(item.at)
        url = f"https://s{number % 400}.example/{number}"
        articles.append(
            (
                number,
                f"s{number % 400}",
                url,
                url,
                item.title,
                item.text,
                moment,
                moment,
                moment,
                "en",
                number,
            )
        )
        stories.append((number, number, moment, moment, 1, 1, moment))
        members.append((number, number, number, number, second, "first", "first report", moment))
        prints.append((number, number, 1, found.exact, found.sketch, found.table))
        band_rows += [(entry_of_band(band, number),) for band in bands(found)]
        key_rows += [(entry_of_key(key, second // DAY_S, number),) for key in index_keys(found)]
    connection = db.conn
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO articles (id, source, url, canonical_url, title, text, date_utc, first_seen, updated_at, lang, story_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        articles,
    )
    connection.executemany(
        "INSERT INTO stories (id, lead_article, first_at, last_at, articles, texts, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
        stories,
    )
    connection.executemany(
        "INSERT INTO story_members (article_id, story_id, component, original, at_s, relation, why, joined_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        members,
    )
    connection.executemany("INSERT INTO fingerprints VALUES (?, ?, ?, ?, ?, ?)", prints)
    connection.executemany("INSERT OR IGNORE INTO text_bands VALUES (?)", band_rows)
    connection.executemany("INSERT OR IGNORE INTO story_keys VALUES (?)", key_rows)
    connection.execute("COMMIT")


def probe(db: Database, count: int) -> dict[str, Any]:
    """Times of candidates and verdict for new articles: half unrelated or of known events, half copies respun at up to 30 %."""
    room = Newsroom(2, count)
    room.events = []
    times: list[float] = []
    cpu_times: list[float] = []
    found_copies = copies = 0
    vocabulary = room.rare
    for number in range(PROBES + 200):
        at = BEGIN + timedelta(days=365) * room.rng.random()
        original = None
        if number % 2:
            original = room.rng.randrange(1, count + 1)
            title, text = db.conn.execute(
                "SELECT title, text FROM articles WHERE id = ?", (original,)
            ).fetchone()
            text = respin(
                text,
                "en",
                room.rng.uniform(0.05, 0.3),
                vocabulary,
                room.rng,
                wrapped=room.rng.random() < 0.5,
                kept=1.0,
                other_lede=False,
            )
        else:
            item = room.item(at)
            title, text = item.title, item.text
        print_ = fingerprint(title, text, "en", None)
        begun, cpu = time.perf_counter(), time.thread_time()
        found = neighbours(db, 0, title, text, print_, int(at.timestamp()))
        spent, spent_cpu = (time.perf_counter() - begun) * 1000, (time.thread_time() - cpu) * 1000
        if number < 200:  # the cache warms
            continue
        times.append(spent)
        cpu_times.append(spent_cpu)
        if original is not None:
            copies += 1
            found_copies += any(one.article_id == original and one.relation == "same_text" for one in found)
    times.sort()
    cpu_times.sort()
    return {
        "p50_ms": times[len(times) // 2], "p90_ms": times[int(len(times) * 0.9)], "p99_ms": times[int(len(times) * 0.99)],
        "p99_cpu_ms": cpu_times[int(len(times) * 0.99)], "copies_found": found_copies / copies, "rss_mb": psutil.Process().memory_info().rss / 1e6,
    }  # fmt: skip


def size_mb(db: Database, names: tuple[str, ...]) -> float:
    """Pages of these tables and indexes on disk, in MB."""
    marks = ",".join("?" * len(names))
    return (
        float(
            db.conn.execute(
                f"SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN ({marks})", names
            ).fetchone()[0]
            or 0
        )
        / 1e6
    )


def cost(count: int, folder: Path) -> dict[str, Any]:
    """Everything about one number of articles."""
    path = folder / f"stories-{count}.db"
    begun = time.perf_counter()
    fresh = not path.exists()
    db = open_database(path)
    if fresh:
        fill(db, count)
    result = {"articles": count, "build_s": time.perf_counter() - begun, **probe(db, count)}
    result |= {"index_mb": size_mb(db, INDEX), "stories_mb": size_mb(db, OURS)}
    db.close()
    return result


def main() -> None:
    """Run what the arguments ask for, print a table, write bench-results/stories.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cost", type=int, action="append", help="number of articles")
    parser.add_argument("--keep", type=Path, help="folder that keeps the databases for another run")
    parser.add_argument("--no-quality", action="store_true")
    options = parser.parse_args()
    counts = (
        [count for count in options.cost if count]
        if options.cost
        else [100_000, 1_000_000]
        if options.full
        else [100_000]
    )
    results: dict[str, Any] = {"cost": []}
    shared = os.environ.get("BORDERWATCH_SHARED")
    if options.no_quality:
        pass
    elif shared and Path(shared).is_dir():
        results["quality"] = story_quality.measure(Path(shared))
        print(story_quality.table(results["quality"]))
    else:
        print("quality is left out: BORDERWATCH_SHARED does not point to the evaluation data")
    with tempfile.TemporaryDirectory() as temporary:
        for count in counts:
            print(f"{count} articles", flush=True)
            results["cost"].append(cost(count, options.keep or Path(temporary)))
    print(
        f"{'articles':>10} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8} {'p99 CPU':>8} {'copies':>7} {'index MB':>9} {'all MB':>8} {'RSS MB':>7}"
    )
    for row in results["cost"]:
        print(
            f"{row['articles']:>10} {row['p50_ms']:>8.2f} {row['p90_ms']:>8.2f} {row['p99_ms']:>8.2f} {row['p99_cpu_ms']:>8.2f} {row['copies_found']:>7.3f}"
            f" {row['index_mb']:>9.0f} {row['stories_mb']:>8.0f} {row['rss_mb']:>7.0f}"
        )
    target = Path("bench-results")
    target.mkdir(exist_ok=True)
    (target / "stories.json").write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
