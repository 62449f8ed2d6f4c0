"""The command line: one module a group of commands, imported only when it is called."""

from __future__ import annotations

from pathlib import Path

import click

from jobs.cli.app import App, Commands
from jobs.log import configure_logging
from jobs.version import program_version

_LAZY = {
    "init": ("jobs.cli.init:init", "Write a first configuration by questions."),
    "config": ("jobs.cli.init:config", "Verify the configuration."),
    "run": ("jobs.cli.run:run", "The service: schedule, crawler, readers, deliveries, page."),
    "crawl": ("jobs.cli.crawl:crawl", "One pass over the due sources: the cron form."),
    "recrawl": ("jobs.cli.recrawl:recrawl", "Read archived pages again, offline."),
    "sources": ("jobs.cli.sources:sources", "What is watched: list, check, import, export."),
    "topics": ("jobs.cli.topics:topics", "What is looked for: list, explain, predict, evaluate, apply."),
    "judge": ("jobs.cli.topics:judge", "Say whether a match is relevant."),
    "stories": ("jobs.cli.stories:stories", "Reports of one event: list, show, split, merge, predict."),
    "articles": ("jobs.cli.articles:articles", "Export what was read."),
    "search": ("jobs.cli.articles:search", "Full text, in any spelling."),
    "matches": ("jobs.cli.articles:matches", "Articles that match a topic, with the evidence."),
    "why": ("jobs.cli.articles:why", "What became of an address."),
    "alerts": ("jobs.cli.alerts:alerts", "Who was told of what: list, retry, test, preview, mute."),
    "status": ("jobs.cli.maintenance:status", "One screen of how things stand."),
    "doctor": ("jobs.cli.maintenance:doctor", "Verify database, archive and schema."),
    "backup": ("jobs.cli.maintenance:backup", "Write one consistent file, while the service runs."),
    "restore": ("jobs.cli.maintenance:restore", "Put a backup back."),
    "web": ("jobs.cli.web:web", "The analyst's page alone."),
    "users": ("jobs.cli.web:users", "Who may use the page."),
    "tokens": ("jobs.cli.web:tokens", "Keys for feeds and API."),
    "demo": ("jobs.cli.demo:demo", "A bundled newsroom, crawled by the real thing."),
}


@click.group(
    cls=Commands,
    lazy=_LAZY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(program_version(), prog_name="borderwatch")
@click.option(
    "--config",
    "config_option",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file [else $BORDERWATCH_CONFIG, else ./borderwatch.toml, else the shipped defaults].",
)
@click.option(
    "--data-dir",
    "data_dir_option",
    type=click.Path(path_type=Path, file_okay=False),
    help="Database and archive [else $BORDERWATCH_DATA_DIR, else data_dir of the configuration, else ./data].",
)
@click.pass_context
def main(ctx: click.Context, config_option: Path | None, data_dir_option: Path | None) -> None:
    """borderwatch watches news sources for the Iran–Pakistan border and alerts once per story.

    Begin with `borderwatch demo` to see it work, then `borderwatch init` to write a configuration,
    `borderwatch sources check --all` to try the sources, and `borderwatch run` to watch them.

    Results go to standard output, progress and faults to standard error. Exit codes: 0 done, 1 a source, channel,
    archive or the database failed, 2 wrong use or configuration.
    """
    configure_logging("console", level="WARNING")
    ctx.obj = App(config_option=config_option, data_dir_option=data_dir_option)
