"""Topics on the command line: what there is, why a text matches, how right the rules are, and applying a change."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from jobs.cli.app import App, json_option, note, pass_app, utf8_lines
from jobs.topics import explain as explaining
from jobs.topics.evaluate import Verdict, render, report
from jobs.topics.examples import Example, example_json, judged_examples, read_examples
from jobs.topics.loader import TopicSet, load_topics
from jobs.topics.match import assess_article
from jobs.topics.retag import Difference, retag
from storage.articles import article_by_id, article_of_address
from storage.database import now_utc
from storage.feedback import record_judgement
from storage.model import UsageError

topic_option = click.option(
    "--topic",
    help="A configured topic by name, or a topic file, or presets:NAME [default: the first configured].",
)
file_argument = click.argument("file", type=click.File("r", encoding="utf-8", errors="surrogatepass"))


@click.group()
def topics() -> None:
    """What counts as what: list topics, explain a text, measure the rules, apply a change."""


@topics.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """The configured topics, with what is odd about them."""
    loaded = _configured(app)
    listing = [
        {
            "name": topic.name,
            "title": topic.title,
            "file": str(topic.path),
            "version": topic.version,
            "threshold": topic.threshold,
            "rules": len(topic.rules),
            "concepts": len(topic.concepts),
            "terms": sum(len(concept.terms) for concept in topic.concepts),
            "warnings": list(topic.warnings),
        }
        for topic in loaded.topics
    ]
    if as_json:
        app.emit(listing, as_json=True)
        return
    for one in listing:
        click.echo(
            f"{one['name']}  {one['title']}\n    {one['rules']} rules over {one['terms']} terms, {one['file']}"
        )
    for topic in loaded.topics:
        for warning in topic.warnings:
            note(warning)


@topics.command()
@click.argument("what", metavar="FILE_OR_URL_OR_ID")
@topic_option
@json_option
@pass_app
def explain(app: App, what: str, topic: str | None, as_json: bool) -> None:
    """Why topics hold or do not hold for a stored article (by id or address) or for a file.

    A file is plain text, its first line the title, or one JSON object with "title" and "text"; - reads standard input.
    """
    title, text, language = _text_of(app, what)
    chosen = _configured(app) if topic is None else _chosen(app, topic)
    found = explaining.explain_article(title, text, language, chosen)
    if as_json:
        app.emit([explaining.as_json(one) for one in found], as_json=True)
    else:
        click.echo("\n".join(explaining.render(one) for one in found))


@topics.command()
@file_argument
@topic_option
@pass_app
def predict(app: App, file: IO[str], topic: str | None) -> None:
    """One line in ({"id", "lang", "title", "text"}), one line out, always JSONL."""
    chosen = _chosen(app, topic)
    for example in read_examples(utf8_lines(file, _name(file)), _name(file)):
        found = assess_article(example.title, example.text, chosen)[0]
        match = found.match
        line: dict[str, Any] = {
            "id": example.id,
            "match": match is not None,
            "score": found.score,
            "rules": [] if match is None else list(match.rules),
            "evidence": [] if match is None else [asdict(one) for one in match.evidence],
            "concepts": [] if match is None else list(match.concepts),
            "places": [] if match is None else [asdict(one) for one in match.places],
        }
        click.echo(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@topics.command()
@click.argument("file", required=False, type=click.File("r", encoding="utf-8", errors="surrogatepass"))
@topic_option
@click.option("--judged", is_flag=True, help="Score today's rules on what people judged, instead of a file.")
@json_option
@pass_app
def evaluate(app: App, file: IO[str] | None, topic: str | None, judged: bool, as_json: bool) -> None:
    """Precision, recall and F1 with 95 % bootstrap intervals (over stories), by language, and the wrong ones."""
    chosen = _chosen(app, topic)
    if judged == (file is not None):
        raise UsageError("Give either a JSONL file with labels, or --judged.")
    examples: Iterator[Example] | list[Example]
    if file is None:
        examples = judged_examples(app.open_database(readonly=True), chosen.topics[0].name)
    else:
        examples = read_examples(utf8_lines(file, _name(file)), _name(file))
    verdicts = [_verdict(one, chosen) for one in examples if one.label is not None]
    if not verdicts:
        raise UsageError("There is nothing to measure: no text has a label (true or false).")
    found = report(verdicts)
    if as_json:
        app.emit(found, as_json=True)
    else:
        click.echo(render(found))


@topics.command()
@topic_option
@pass_app
def judged(app: App, topic: str | None) -> None:
    """Export what people judged as evaluation data, one JSON object a line."""
    for one in judged_examples(app.open_database(readonly=True), _chosen(app, topic).topics[0].name):
        click.echo(json.dumps(example_json(one), ensure_ascii=False))


@topics.command()
@click.option("--dry-run", is_flag=True, help="Print what would change and change nothing.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes [default: as configured].")
@json_option
@pass_app
def apply(app: App, dry_run: bool, workers: int | None, as_json: bool) -> None:
    """Judge everything stored again by today's topics: matches gained and lost, with their quotes.

    Only matching is run again, pages are not read again. Old articles alert nobody.
    """
    if not app.database_path.exists():
        raise UsageError(f"{app.database_path} does not exist: nothing was read yet.")
    found = retag(
        app.database_path,
        app.config.topics,
        app.config.base_dir,
        workers=workers or app.config.service.workers,
        dry_run=dry_run,
        now=now_utc(),
    )
    if as_json:
        app.emit(_difference_json(found, dry_run), as_json=True)
    else:
        click.echo(_difference_text(found, dry_run))


@click.command()
@click.argument("article", metavar="URL_OR_ID")
@click.argument("word", type=click.Choice(["relevant", "not-relevant"]))
@topic_option
@click.option("--note", "remark", help="Why, in a few words.")
@json_option
@pass_app
def judge(app: App, article: str, word: str, topic: str | None, remark: str | None, as_json: bool) -> None:
    """Say whether an article is relevant for a topic; `topics evaluate --judged` measures the rules by it."""
    name = _chosen(app, topic).topics[0].name
    db = app.open_database()
    row = article_by_id(db, int(article)) if article.isdigit() else article_of_address(db, article)
    if row is None:
        raise UsageError(
            f"There is no article {article}; `borderwatch search` or `borderwatch matches` shows ids."
        )
    found = record_judgement(
        db,
        row["id"],
        name,
        relevant=word == "relevant",
        who=getpass.getuser(),
        at=now_utc(),
        note=remark,
    )
    if as_json:
        app.emit(asdict(found), as_json=True)
    else:
        click.echo(f"Article {row['id']} is {word.replace('-', ' ')} for {name} (judgement {found.id}).")


def _name(file: IO[str]) -> str:
    return str(getattr(file, "name", "-"))


def _configured(app: App) -> TopicSet:
    return load_topics(app.config.topics, app.config.base_dir)


def _chosen(app: App, topic: str | None) -> TopicSet:
    """The one topic a command works with."""
    if topic is not None and (topic.startswith("presets:") or topic.endswith(".toml")):
        return load_topics([topic], Path.cwd())
    configured = _configured(app)
    if not configured.topics:
        raise UsageError(
            "No topic is configured; name one with --topic, such as presets:iran-pakistan-border."
        )
    return configured.only(topic or configured.topics[0].name)


def _text_of(app: App, what: str) -> tuple[str, str, str | None]:
    """Title, text and language of a stored article or a file."""
    if what.isdigit() or what.startswith(("http://", "https://")):
        db = app.open_database(readonly=True)
        row = article_by_id(db, int(what)) if what.isdigit() else article_of_address(db, what)
        if row is None:
            raise UsageError(
                f"There is no article {what}; `borderwatch why {what}` says what became of an address."
            )
        return row["title"], row["text"], row["lang"]
    try:
        with click.open_file(what, "r", encoding="utf-8", errors="surrogatepass") as stream:
            content = stream.read()
    except OSError as fault:
        raise UsageError(f"{what}: {fault.strerror}; give a file, an address or an article's id.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{what}: not UTF-8; give a text file.") from None
    if content.lstrip().startswith("{"):
        example = next(read_examples([_with_id(content, what)], what))
        return example.title, example.text, example.language
    title, _, text = content.partition("\n")
    return title, text, None


def _with_id(content: str, name: str) -> str:
    """The first JSON object of a file, on one line, with an id."""
    try:
        raw, _ = json.JSONDecoder().raw_decode(content.lstrip())
    except ValueError as fault:
        raise UsageError(f"{name}: not JSON ({fault})") from None
    return json.dumps({"id": name, **raw})


def _verdict(example: Example, chosen: TopicSet) -> Verdict:
    predicted = assess_article(example.title, example.text, chosen)[0].match is not None
    return Verdict(
        str(example.id), example.language, bool(example.label), predicted, example.group, example.source
    )


def _difference_json(found: Difference, dry_run: bool) -> dict[str, Any]:
    return {
        "articles": found.articles,
        "unchanged": found.unchanged,
        "matches_changed": found.changed,
        "matches_gained": found.gained,
        "matches_lost": found.lost,
        "dry_run": dry_run,
    }


def _difference_text(found: Difference, dry_run: bool) -> str:
    lines = [
        (
            f"{found.articles} articles judged: {len(found.gained)} matches gained, {len(found.lost)} lost, "
            f"{found.changed} with another score or evidence."
        )
    ]
    for mark, changes in (("+", found.gained), ("-", found.lost)):
        for one in changes:
            quotes = (f"    {' '.join(quote['quote'].split())}" for quote in one["evidence"][:2])
            lines += [
                f"{mark} {one['topic']}  article {one['article_id']}  {one['title']}  {one['url']}",
                *quotes,
            ]
    if dry_run and (found.gained or found.lost or found.changed):
        lines.append("Nothing was changed: run it again without --dry-run to apply this.")
    return "\n".join(lines)
