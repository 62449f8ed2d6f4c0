"""Reading what is stored: articles export, search, matches, why."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from jobs.cli.app import App, json_option, pass_app
from jobs.search import search as search_stored
from jobs.topics.loader import load_topics
from jobs.why import why as explain_address
from storage.articles import export_articles
from storage.database import Database, Row, rows, stamp
from storage.model import UsageError

EXPORT_KEYS = (
    "id", "url", "canonical_url", "title", "text", "date", "date_source", "lang", "source", "story_id", "duplicate_of", "topics",
    "authors", "first_seen", "updated_at", "revision", "site_name",
)  # fmt: skip


class Moment(click.ParamType[datetime]):
    """A date or time: `2026-01-31`, `2026-01-31T12:00+05:00`; without a zone it is UTC."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no date: give one such as 2026-01-31 or 2026-01-31T12:00+05:00", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MOMENT = Moment()


@click.group()
def articles() -> None:
    """What was read out of the archive."""


@articles.command()
@click.option("--since", type=MOMENT, help="Only articles first seen since then.")
@click.option("--matching", "topic", help="Only articles that match this topic.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@pass_app
def export(app: App, since: datetime | None, topic: str | None, form: str) -> None:
    """Every article, duplicates too, one a line.

    `url` is the address as captured, `date` what the publisher says with its own offset (null where only the
    first sight is known, see `first_seen`).
    """
    db = app.open_database(readonly=True)
    if topic is not None:
        require_topic(db, topic, app)
    found = export_articles(db, since=since, topic=topic)
    if form == "csv":
        _write_csv(found)
        return
    for row in found:
        sys.stdout.write(json.dumps({key: row[key] for key in EXPORT_KEYS}, ensure_ascii=False) + "\n")


def require_topic(db: Database, topic: str, app: App) -> None:
    """Raise UsageError where a topic is neither configured nor has ever matched."""
    known = {row["topic"] for row in rows(db, "SELECT DISTINCT topic FROM matches")}
    if topic in known:
        return
    known |= set(load_topics(app.config.topics, app.config.base_dir).names())
    if topic not in known:
        raise UsageError(f"no topic is named {topic!r}. There are: {', '.join(sorted(known))}.")


def _write_csv(found: Iterator[Row]) -> None:
    writer = csv.DictWriter(sys.stdout, EXPORT_KEYS, extrasaction="ignore")
    writer.writeheader()
    for row in found:
        cells = {**row, "topics": " ".join(row["topics"]), "authors": "; ".join(row["authors"])}
        writer.writerow({key: _cell(cells[key]) for key in EXPORT_KEYS})


def _cell(value: object) -> object:
    # A cell that begins like a formula would be run by a spreadsheet (CWE-1236).
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@pass_app
def search(app: App, query: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Full text, in any of the languages' spellings; newest first.

    Every word must occur; "a phrase" in quotes, prefix* and -without are understood.
    """
    hits = search_stored(app.open_database(readonly=True), " ".join(query), limit=limit)
    if as_json:
        keys = ("id", "url", "title", "date", "lang", "source", "story_id")
        app.emit(
            [{**{key: hit.row[key] for key in keys}, "snippet": hit.snippet} for hit in hits], as_json=True
        )
        return
    if not hits:
        click.echo("Nothing found. Fewer words find more; word* finds every word that begins so.", err=True)
    for hit in hits:
        click.echo(
            f"{hit.row['id']}  {hit.row['date'] or hit.row['first_seen'][:10]}  {hit.row['source']}  {hit.row['title']}"
        )
        click.echo(f"    {hit.snippet}\n    {hit.row['url']}")


@click.command()
@click.option("--topic", help="Only of this topic.")
@click.option("--since", type=MOMENT, help="Only matches found since then.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@json_option
@pass_app
def matches(app: App, topic: str | None, since: datetime | None, limit: int, as_json: bool) -> None:
    """Articles that match a topic, newest first, with the evidence and what became of it."""
    found = rows(
        app.open_database(readonly=True),
        "SELECT m.id, m.article_id, m.topic, m.score, m.threshold, m.rules, m.evidence, m.places, m.created, m.verdict, a.title, a.url, a.source, a.date,"
        " a.lang, a.story_id, a.duplicate_of FROM matches m JOIN articles a ON a.id = m.article_id"
        " WHERE (:topic IS NULL OR m.topic = :topic) AND (:since IS NULL OR m.created >= :since) ORDER BY m.id DESC LIMIT :limit",
        {"topic": topic, "since": stamp(since) if since else None, "limit": limit},
    )
    parsed = [
        {**row, **{key: json.loads(row[key]) for key in ("rules", "evidence", "places")}} for row in found
    ]
    if as_json:
        app.emit(parsed, as_json=True)
        return
    if not parsed:
        click.echo(
            "No matches yet. `borderwatch crawl` looks for some; `borderwatch topics explain` tells why a text does not match.",
            err=True,
        )
    for row in parsed:
        click.echo(f"{row['article_id']}  {row['topic']} {row['score']:.2f}  {row['source']}  {row['title']}")
        for item in row["evidence"][:1]:
            click.echo(f"    “{' '.join(item['quote'].split())}”")
        click.echo(f"    {row['verdict']}  {row['url']}")


@click.command()
@click.argument("url")
@json_option
@pass_app
def why(app: App, url: str, as_json: bool) -> None:
    """What became of an address: listed, fetched, read, duplicate, matched, suppressed, alerted, each with its reason."""
    steps = explain_address(app.open_database(readonly=True), url)
    if as_json:
        app.emit({"url": url, "steps": [asdict(step) for step in steps]}, as_json=True)
        return
    for step in steps:
        click.echo(f"{(step.at or '')[:19]:19}  {step.step:10}  {step.what}")
