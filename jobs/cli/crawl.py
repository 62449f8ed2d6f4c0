"""`crawl`: one pass over the sources."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict

import click

from crawler.fetch import Answer, PageAnswer
from jobs.cli.app import App, json_option, note, pass_app
from jobs.cli.progress import progress_bar
from jobs.crawl import PassReport, Watch, check_names, crawl_once, hand_over
from jobs.log import configure_logging


@click.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every enabled source, due or not (never against Retry-After, robots.txt or the host delay).",
)
@click.option(
    "--source", "names", multiple=True, metavar="NAME", help="Only this source (may be given again)."
)
@click.option("--quiet", is_flag=True, help="Say something only when something is wrong (for cron).")
@json_option
@pass_app
def crawl(app: App, names: tuple[str, ...], *, everything: bool, quiet: bool, as_json: bool) -> None:
    """One pass over the due sources, through to deliveries: the cron form.

    Exit code 1 where a source or a channel failed, with its reason on standard error; the others went on. Where
    `borderwatch run` serves the same data directory, the sources are handed over to it.
    """
    configure_logging(app.config.service.log_format, level="ERROR")
    if not app.config.sources:
        note("No sources are configured. `borderwatch init` writes a first configuration.")
    check_names(app.config, names)
    holder = hand_over(app.config, app.data_dir, everything=everything, names=names)
    if holder is not None:
        report = PassReport(handed_over_to=holder.pid)
        if not quiet:
            what = "it will check the sources" if holder.job == "run" else "this pass is left to it"
            note(f"`borderwatch {holder.job}` works on {app.data_dir} as process {holder.pid}: {what}.")
    else:
        report = asyncio.run(
            _watched(app, names, everything=everything, show=not quiet and sys.stderr.isatty())
        )
    if as_json:
        app.emit(asdict(report), as_json=True)
    elif not quiet and holder is None:
        click.echo(_summary(report))
    for failure in report.failures:
        note(f"{failure['source']}: {failure['error']}")
    if report.deliveries_failed:
        note(
            f"{report.deliveries_failed} deliveries failed; they are tried again (`borderwatch alerts list` tells why)."
        )
    if report.errors:
        raise SystemExit(1)


async def _watched(app: App, names: tuple[str, ...], *, everything: bool, show: bool) -> PassReport:
    with progress_bar(show=show) as bar:
        sources = bar.add_task("sources", total=None)
        pages = bar.add_task("pages", total=None)

        def on_answer(answer: Answer) -> None:
            bar.advance(pages if isinstance(answer, PageAnswer) else sources)

        watch = Watch(on_claimed=lambda count: bar.update(sources, total=count), on_answer=on_answer)
        return await crawl_once(app.config, app.data_dir, everything=everything, names=names, watch=watch)


def _summary(report: PassReport) -> str:
    return (
        f"{report.sources} sources checked ({report.not_modified} unchanged, {len(report.failures)} failed), {report.fetched} pages fetched: "
        f"{report.articles_new} new articles ({report.duplicates} of them copies), {report.stories_new} new stories, {report.matches_new} matches, "
        f"{report.alerts_new} alerts, {report.deliveries_sent} deliveries sent."
    )
