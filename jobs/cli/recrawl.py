"""`recrawl`: reading archived captures again, offline."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from jobs.cli.app import App, json_option, pass_app
from jobs.cli.articles import MOMENT
from jobs.cli.progress import progress_bar
from jobs.policy import alert_policy
from jobs.recrawl import Report, Request
from jobs.recrawl import recrawl as read_again


@click.command()
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A WARC file from anywhere; its pages are copied into the archive. Without it: the own archive.",
)
@click.option("--since", type=MOMENT, help="Only what was fetched since then.")
@click.option("--until", type=MOMENT, help="Only what was fetched before then.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Only captures of this source (of a foreign WARC: of this host).",
)
@click.option("--dry-run", is_flag=True, help="Print what would change and change nothing.")
@click.option("--alert", is_flag=True, help="Let old news alert too (the alert window is lifted).")
@click.option("--workers", type=click.IntRange(1, 64), help="Reading processes [default: as configured].")
@json_option
@pass_app
def recrawl(
    app: App, archives: tuple[Path, ...], since: datetime | None, until: datetime | None, sources: tuple[str, ...], workers: int | None,
    *, dry_run: bool, alert: bool, as_json: bool,
) -> None:  # fmt: skip
    """Read archived pages again, offline, by today's rules, and print the difference.

    Old news alerts nobody unless --alert is given. A torn or damaged WARC is read up to the damage, which is
    reported, and the exit code is 1.
    """
    request = Request(archives, since, until, sources, dry_run, alert, workers or app.config.service.workers)
    with progress_bar(show=sys.stderr.isatty()) as bar:
        task = bar.add_task("reading again", total=None)
        policy = alert_policy(app.config)
        report = asyncio.run(
            read_again(
                app.config,
                app.data_dir,
                request,
                policy,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        )
    if as_json:
        app.emit(asdict(report), as_json=True)
    else:
        click.echo(_summary(report))
    for problem in report.problems:
        click.echo(f"borderwatch: {problem}", err=True)
    if not report.read and (sources or since or until):
        click.echo(
            "No capture lies in what --source, --since and --until leave: `borderwatch sources list` names the sources.",
            err=True,
        )
    if report.problems:
        raise SystemExit(1)


def _summary(report: Report) -> str:
    lines = [
        ("Dry run, nothing was changed. " if report.dry_run else "")
        + f"{report.read} read: {report.articles_new} new articles, {report.articles_changed} changed, {report.unchanged} unchanged,"
        f" {report.not_articles} not articles, {report.failed} failed. {report.alerts_new} alerts."
    ]
    lines += [
        f"  + {match['topic']}  {match['article_id']}  {match['url']}" for match in report.matches_gained
    ]
    lines += [f"  - {match['topic']}  {match['article_id']}  {match['url']}" for match in report.matches_lost]
    if report.dry_run and (
        report.articles_new or report.articles_changed or report.matches_gained or report.matches_lost
    ):
        lines.append("Run it again without --dry-run to apply this.")
    return "\n".join(lines)
