"""Stories on the command line: what there is and why, what two texts are to each other, and a person's word on it."""

from __future__ import annotations

import getpass
import json
from datetime import datetime
from itertools import pairwise
from typing import IO, Any

import click

from jobs.cli.app import App, json_option, note, pass_app, utf8_lines
from jobs.cli.articles import MOMENT
from jobs.dedup.announce import announce
from jobs.dedup.relation import Report, relation
from jobs.dedup.revisions import difference, render
from jobs.dedup.rulings import Ruled, merge, split, undo
from jobs.policy import alert_policy
from storage import stories as store
from storage.articles import article_by_id, revisions_of
from storage.database import Row, now_utc, write_transaction
from storage.model import UsageError


@click.group()
def stories() -> None:
    """What articles report one event, and why."""


@stories.command("list")
@click.option("--since", type=MOMENT, help="Only stories with a report since then.")
@click.option(
    "--sources",
    "fewest_sources",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Only stories that so many sources report.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@pass_app
def list_(app: App, since: datetime | None, fewest_sources: int, limit: int, as_json: bool) -> None:
    """Stories, the one with the latest report first."""
    found = store.list_stories(
        app.open_database(readonly=True), since=since, fewest_sources=fewest_sources, limit=limit
    )
    if as_json:
        app.emit([_summary(row) for row in found], as_json=True)
        return
    for row in found:
        click.echo(
            f"{row['id']:>7}  {(row['last_at'] or '')[:16]}  {row['articles']:>4} articles, {row['texts']:>3} texts, "
            f"{len(row['sources'])} sources  {row['title'] or '(untitled)'}"
        )


@stories.command()
@click.argument("story_id", type=int)
@json_option
@pass_app
def show(app: App, story_id: int, as_json: bool) -> None:
    """One story: its articles in order, and why each one joined."""
    db = app.open_database(readonly=True)
    row = store.living_story(db, story_id)
    if row is None:
        raise UsageError(f"there is no story {story_id}. `borderwatch stories list` shows what there is.")
    members = store.members_of(db, row["id"])
    took_over = store.merged_stories(db, row["id"])
    if as_json:
        app.emit({**_summary(row), "members": members, "merged": took_over}, as_json=True)
        return
    if row["id"] != story_id:
        note(f"story {story_id} was merged into {row['id']}")
    click.echo(f"story {row['id']}: {row['title'] or '(untitled)'}")
    click.echo(
        f"  {row['first_at']} to {row['last_at']}; {', '.join(row['sources'])}; {', '.join(row['languages'])}"
    )
    if row["capped"]:
        click.echo(f"  {row['capped']}")
    for other in took_over:
        click.echo(f"  took over story {other['id']}: {other['merged_why']}")
    for member in members:
        mark = "*" if member["article_id"] == row["lead_article"] else " "
        click.echo(
            f"{mark} {member['article_id']:>7}  {member['source']:<20} {member['why']:<34} {member['title'] or member['url']}"
        )


@stories.command()
@click.argument("pairs", type=click.File("r", encoding="utf-8"))
def predict(pairs: IO[str]) -> None:
    """What two texts are to each other: one line in ({"id", "a": {"title", "text"}, "b": {…}}), one line out."""
    for number, line in enumerate(utf8_lines(pairs, pairs.name), 1):
        if not line.strip():
            continue
        pair = _pair(line, number)
        found, score = relation(_report(pair["a"], pair), _report(pair["b"], pair))
        click.echo(json.dumps({"id": pair.get("id"), "relation": found, "score": score}, ensure_ascii=False))


def _pair(line: str, number: int) -> dict[str, Any]:
    try:
        pair = json.loads(line)
    except json.JSONDecodeError as fault:
        raise UsageError(f"line {number} is no JSON ({fault.msg}): give one pair a line.") from fault
    if (
        not isinstance(pair, dict)
        or not isinstance(pair.get("a"), dict)
        or not isinstance(pair.get("b"), dict)
    ):
        raise UsageError(f'line {number} lacks "a" or "b": each is an object with "title" and "text".')
    return pair


def _report(side: dict[str, Any], pair: dict[str, Any]) -> Report:
    language = side.get("lang") or pair.get("lang")
    return Report(
        str(side.get("title") or ""),
        str(side.get("text") or ""),
        language if isinstance(language, str) else None,
    )


@stories.command("split")
@click.argument("story_id", type=int)
@click.argument("article_ids", type=int, nargs=-1, required=True)
@click.option("--alert", is_flag=True, help="Tell about the new story, and let it alert like any other.")
@json_option
@pass_app
def split_command(app: App, story_id: int, article_ids: tuple[int, ...], alert: bool, as_json: bool) -> None:
    """Part articles from a story: they report another event. Kept over recrawls."""
    db = app.open_database()
    with write_transaction(db):
        done = split(db, story_id, article_ids, getpass.getuser(), now_utc(), alert=alert)
        if alert:
            sources = {source.name: source for source in app.config.source_records}
            for story in done.stories:
                announce(db, story, alert_policy(app.config), sources, now_utc())
    _tell(app, done, "split", as_json=as_json)


@stories.command("merge")
@click.argument("story_id", type=int)
@click.argument("other_id", type=int)
@json_option
@pass_app
def merge_command(app: App, story_id: int, other_id: int, as_json: bool) -> None:
    """Tie two stories together: they report one event. Kept over recrawls."""
    db = app.open_database()
    with write_transaction(db):
        done = merge(db, story_id, other_id, getpass.getuser(), now_utc())
    _tell(app, done, "merged", as_json=as_json)


@stories.command("undo")
@click.argument("ruling_id", type=int)
@json_option
@pass_app
def undo_command(app: App, ruling_id: int, as_json: bool) -> None:
    """Take a split or merge back."""
    db = app.open_database()
    with write_transaction(db):
        done = undo(db, ruling_id, now_utc())
    _tell(app, done, "undone", as_json=as_json)


@stories.command()
@json_option
@pass_app
def rulings(app: App, as_json: bool) -> None:
    """The splits and merges that stand."""
    found = store.rulings(app.open_database(readonly=True))
    if as_json:
        app.emit(found, as_json=True)
        return
    for row in found:
        click.echo(
            f"{row['id']:>5}  {row['at'][:16]}  {row['who']:<12} {row['kind']:<6} {row['left_articles']} | {row['right_articles']}"
        )


@stories.command()
@click.argument("article_id", type=int)
@json_option
@pass_app
def changes(app: App, article_id: int, as_json: bool) -> None:
    """What the revisions of an article's page changed."""
    db = app.open_database(readonly=True)
    row = article_by_id(db, article_id)
    if row is None:
        raise UsageError(
            f"there is no article {article_id}. `borderwatch articles export` lists what there is."
        )
    versions = [*revisions_of(db, article_id), row]
    found = [(new, difference(_whole(old), _whole(new))) for old, new in pairwise(versions)]
    if as_json:
        app.emit(
            [
                {
                    "revision": new["revision"],
                    "changes": [{"kind": change.kind, "text": change.text} for change in changed],
                }
                for new, changed in found
            ],
            as_json=True,
        )
        return
    for new, changed in found:
        click.echo(f"revision {new['revision']}:\n{render(changed)}")


def _whole(row: Row) -> str:
    return f"{row['title']}\n{row['text']}"


def _tell(app: App, done: Ruled, verb: str, *, as_json: bool) -> None:
    if as_json:
        app.emit({"ruling": done.ruling, "stories": list(done.stories)}, as_json=True)
        return
    click.echo(
        f"{verb}: story {', '.join(map(str, done.stories))}. `borderwatch stories undo {done.ruling}` takes it back."
    )


def _summary(row: Row) -> dict[str, Any]:
    keys = (
        "id",
        "title",
        "url",
        "lead_article",
        "first_at",
        "last_at",
        "articles",
        "texts",
        "sources",
        "languages",
        "capped",
        "split_from",
    )
    return {key: row[key] for key in keys}
