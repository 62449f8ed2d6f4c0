"""Fill a database with stored news as a long run would leave it: sources, entries, stories, matches, alerts.

    python -m tests.bench.seed DIR [--articles 200000] [--stories 20000]

Everything is made from `seed_texts.py` by one random generator, so the same numbers give the same database.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage.database import Database, open_database, rows, stamp, write_transaction
from storage.model import Evidence, PlaceRef
from tests.bench.seed_texts import EVENTS, FILLER, OTHER, PLACE_WEIGHTS, PLACES, SOURCES, Event, Place
from text.normalise import normalise

TOPIC = "iran-pakistan-border"
SECOND_TOPIC = "fuel-trade"
LANGUAGES = ("en", "fa", "ur")
DATE_SOURCES = ("json-ld", "meta", "time-tag", "feed", "url")


@dataclass(slots=True)
class Draft:
    """One article before it has an id."""

    seen: datetime
    source: str
    lang: str
    title: str
    text: str
    story: int | None
    evidence: tuple[Evidence, ...]
    event: Event | None
    places: tuple[Place, ...]
    copy: bool


def seed_database(
    path: Path, *, articles: int = 200_000, stories: int = 20_000, now: datetime, seed: int = 7
) -> None:
    """Create `path` with that many articles and stories, spread over the 180 days before `now`."""
    rng = random.Random(seed)
    db = open_database(path)
    db.conn.execute("PRAGMA synchronous = OFF")
    drafts = sorted(_drafts(rng, articles, stories, now), key=lambda draft: draft.seen)
    _sources(db, rng, now)
    for start in range(0, len(drafts), 20_000):
        with write_transaction(db):
            _articles(db, rng, drafts[start : start + 20_000], start)
    with write_transaction(db):
        _matches(db, rng, drafts)
        _alerts(db, rng, now)
        _judgements(db, rng, now)
        db.conn.execute(
            "INSERT INTO runs (job, pid, started, finished, state, counts) VALUES ('crawl', 1, ?, ?, 'ok', '{}')",
            (stamp(now - timedelta(minutes=2)), stamp(now - timedelta(minutes=1))),
        )
    _stories(db)
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.conn.execute("ANALYZE")
    db.conn.close()


def _drafts(rng: random.Random, articles: int, stories: int, now: datetime) -> Iterator[Draft]:
    left = articles
    share = 0.6
    for story in range(1, stories + 1):
        days = 180 * rng.random() ** 1.4
        start = now - timedelta(days=days, minutes=rng.randrange(3, 90))
        event = rng.choices(EVENTS, [event.weight for event in EVENTS])[0]
        place = rng.choices(PLACES, PLACE_WEIGHTS)[0]
        if rng.random() < 0.02:  # a burst: one place, the day before yesterday
            start, place = now - timedelta(days=2, minutes=rng.randrange(600)), PLACES[4]
        number = rng.randrange(2, 60)
        mean = max(1.0, articles * share / stories)
        members = min(left, 1 + int(rng.expovariate(1 / mean)))
        left -= members
        first_lang = rng.choice(LANGUAGES)
        for member in range(members):
            lang = first_lang if rng.random() < 0.6 else rng.choice(LANGUAGES)
            seen = start + timedelta(minutes=member * rng.randrange(1, 40))
            yield _report(
                rng,
                event,
                place,
                number,
                lang,
                min(seen, now - timedelta(minutes=1)),
                story,
                copy=member > 0 and rng.random() < 0.4,
            )
    for _ in range(left):
        yield _other(rng, now - timedelta(days=180 * rng.random(), minutes=5))


def _source(rng: random.Random, lang: str) -> str:
    fitting = [source for source in SOURCES if source[2] == lang]
    return rng.choice(fitting)[0]


def _report(
    rng: random.Random,
    event: Event,
    place: Place,
    number: int,
    lang: str,
    seen: datetime,
    story: int,
    *,
    copy: bool,
) -> Draft:
    name = getattr(place, lang)
    title = rng.choice(event.titles[lang]).format(place=name, n=number)
    proof = event.proof[lang].format(place=name, n=number)
    body = [*rng.sample(event.body[lang], 3), *rng.sample(FILLER[lang], 2)]
    body.insert(rng.choice((0, 0, 1)), proof)
    text = "\n".join(" ".join(body[i : i + 2]) for i in range(0, len(body), 2))
    start = text.index(proof)
    marks = []
    for words in event.marks[lang]:
        wanted = words.format(place=name)
        at = text.find(wanted, start, start + len(proof))
        if at >= 0:
            marks.append((at, at + len(wanted)))
    evidence = [Evidence("text", start, start + len(proof), proof, tuple(sorted(marks)))]
    if name in title:
        at = title.index(name)
        evidence.insert(0, Evidence("title", 0, len(title), title, ((at, at + len(name)),)))
    return Draft(seen, _source(rng, lang), lang, title, text, story, tuple(evidence), event, (place,), copy)


def _other(rng: random.Random, seen: datetime) -> Draft:
    lang = rng.choice(LANGUAGES)
    title, lead = rng.choice(OTHER[lang])
    text = "\n".join((lead.format(n=rng.randrange(3, 90)), *rng.sample(FILLER[lang], 4)))
    return Draft(seen, _source(rng, lang), lang, title, text, None, (), None, (), copy=False)


def _sources(db: Database, rng: random.Random, now: datetime) -> None:
    states = ["ok"] * len(SOURCES)
    states[7], states[12], states[3], states[-1] = "failing", "silent", "ok", "ok"
    errors = {
        "failing": (
            "timeout",
            "No answer within 20 s. The site may block this network; try a proxy for this source.",
        )
    }
    with write_transaction(db):
        for (name, country, lang, kind, rank), state in zip(SOURCES, states, strict=True):
            error_kind, error = errors.get(state, (None, None))
            ago = timedelta(hours=31) if state == "failing" else timedelta(minutes=rng.randrange(2, 40))
            db.conn.execute(
                "INSERT INTO sources (name, kind, url, country, language, rank, state, state_since, error_kind, error, failures, first_crawl_done,"
                " last_check, last_success, last_new, next_check, interval_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
                (
                    name, kind, f"https://{name}.example/feed.xml", country, lang, rank, state, stamp(now - timedelta(days=3)), error_kind, error,
                    9 if state == "failing" else 0, stamp(now - timedelta(minutes=4)), stamp(now - ago), stamp(now - ago - timedelta(minutes=20)),
                    stamp(now + timedelta(minutes=rng.randrange(1, 50))), float(rng.choice((300, 900, 1800, 3600))),
                ),
            )  # fmt: skip


def _articles(db: Database, rng: random.Random, drafts: list[Draft], offset: int) -> None:
    leads: dict[int, int] = {}
    entries, articles, index = [], [], []
    for position, draft in enumerate(drafts, offset + 1):
        url = f"https://{draft.source}.example/{draft.seen:%Y/%m/%d}/{position}"
        published = draft.seen - timedelta(minutes=rng.randrange(2, 120))
        duplicate = leads.get(draft.story) if draft.copy and draft.story else None
        if draft.story and draft.story not in leads:
            leads[draft.story] = position
        entries.append(
            (position, url, url, draft.source, draft.title, stamp(published), stamp(draft.seen), "captured")
        )
        articles.append((
            position, draft.source, url, url, draft.title, draft.text, published.isoformat(timespec="seconds"), stamp(published),
            rng.choice(DATE_SOURCES), "second", stamp(draft.seen), stamp(draft.seen), draft.lang, len(draft.text.split()), duplicate,
            f"same_text 0.9{rng.randrange(10)} with {duplicate}" if duplicate else None, draft.story,
        ))  # fmt: skip
        index.append((position, normalise(draft.title), normalise(draft.text)))
    db.conn.executemany(
        "INSERT INTO entries (id, key, url, source, title, published, listed_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        entries,
    )
    db.conn.executemany(
        "INSERT INTO articles (id, source, url, canonical_url, title, text, date, date_utc, date_source, date_precision, first_seen, updated_at,"
        " lang, words, duplicate_of, duplicate_why, story_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        articles,
    )
    db.conn.executemany("INSERT INTO articles_fts (rowid, title, text) VALUES (?, ?, ?)", index)


def _matches(db: Database, rng: random.Random, drafts: list[Draft]) -> None:
    found = []
    for position, draft in enumerate(drafts, 1):
        if draft.event is None:
            continue
        evidence = json.dumps([asdict(item) for item in draft.evidence], ensure_ascii=False)
        places = json.dumps(
            [asdict(PlaceRef(place.id, place.en, place.lat, place.lon)) for place in draft.places],
            ensure_ascii=False,
        )
        score = round(0.72 + rng.random() * 0.9, 2)
        common = (
            json.dumps([draft.event.rule]),
            evidence,
            json.dumps(draft.event.concepts),
            places,
            stamp(draft.seen),
        )
        found.append((position, TOPIC, "seed", score, 0.7, *common, "duplicate" if draft.copy else "alerted"))
        if draft.event.kind == "fuel":
            found.append((position, SECOND_TOPIC, "seed", score, 0.5, *common, "alerted"))
    db.conn.executemany(
        "INSERT INTO matches (article_id, topic, topic_version, score, threshold, rules, evidence, concepts, places, created, verdict)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        found,
    )


def _alerts(db: Database, rng: random.Random, now: datetime) -> None:
    recent = rows(
        db,
        "SELECT story_id, min(id) AS article_id, min(first_seen) AS at, title, lang, source FROM articles WHERE story_id IS NOT NULL AND id > (SELECT max(id) FROM articles) - 20000 GROUP BY story_id ORDER BY 3 DESC LIMIT 2000",
    )
    for number, row in enumerate(recent):
        alert = f"msg_seed{row['story_id']:08d}"
        payload: dict[str, Any] = {"title": row["title"], "language": row["lang"], "source": row["source"]}
        db.conn.execute(
            "INSERT INTO alerts (id, topic, story_id, article_id, kind, created, payload) VALUES (?, ?, ?, ?, 'new', ?, ?)",
            (
                alert,
                TOPIC,
                row["story_id"],
                row["article_id"],
                row["at"],
                json.dumps(payload, ensure_ascii=False),
            ),
        )
        state = "dead" if number == 5 else "waiting" if number in {2, 9} else "sent"
        error = "HTTP 503 from the receiver" if state != "sent" else None
        for channel in ("desk", "night-shift") if number % 3 == 0 else ("desk",):
            db.conn.execute(
                "INSERT INTO deliveries (alert_id, channel, state, tries, next_try, created, sent_at, last_error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    alert,
                    channel,
                    state,
                    1 if state == "sent" else 6,
                    stamp(now + timedelta(minutes=7)),
                    row["at"],
                    row["at"] if state == "sent" else None,
                    error,
                ),
            )


def _judgements(db: Database, rng: random.Random, now: datetime) -> None:
    some = rows(db, "SELECT article_id, topic, created FROM matches ORDER BY id DESC LIMIT 400")
    for row in some[40::3]:
        db.conn.execute(
            "INSERT INTO judgements (article_id, topic, relevant, who, at) VALUES (?, ?, ?, 'desk', ?)",
            (row["article_id"], row["topic"], int(rng.random() < 0.94), row["created"]),
        )


def _stories(db: Database) -> None:
    """The stories' own rows, as their members add up."""
    db.conn.executescript(
        """
        INSERT INTO stories (id, lead_article, first_at, last_at, articles, texts, sources, languages, created)
            SELECT story_id, min(id), min(first_seen), max(first_seen), count(*), sum(duplicate_of IS NULL),
                json_group_array(DISTINCT source), json_group_array(DISTINCT lang), min(first_seen)
            FROM articles WHERE story_id IS NOT NULL GROUP BY story_id;
        INSERT INTO story_members (article_id, story_id, component, original, at_s, relation, with_article, score, why, joined_at)
            SELECT a.id, a.story_id, s.lead_article, coalesce(a.duplicate_of, a.id), unixepoch(a.date_utc),
                iif(a.id = s.lead_article, 'alone', iif(a.duplicate_of IS NULL, 'same_story', 'same_text')), nullif(s.lead_article, a.id), 0.91,
                iif(a.id = s.lead_article, 'first report', coalesce(a.duplicate_why, 'same_story 0.62 with ' || s.lead_article || ': place, number, day')), a.first_seen
            FROM articles a JOIN stories s ON s.id = a.story_id;
        INSERT INTO story_links (a, b, relation, score)
            SELECT with_article, article_id, relation, score FROM story_members WHERE with_article IS NOT NULL;
        """
    )


def main() -> None:
    """Seed a data directory from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--stories", type=int, default=20_000)
    options = parser.parse_args()
    began = time.monotonic()
    seed_database(
        options.directory / "borderwatch.db",
        articles=options.articles,
        stories=options.stories,
        now=datetime.now(UTC),
    )
    sys.stderr.write(f"seeded in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()
