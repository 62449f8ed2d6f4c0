"""The command line: one module a group of commands, imported only when it is called."""

from __future__ import annotations

from pathlib import Path

import click

from jobs.cli.app import App, Commands
from jobs.version import program_version

_LAZY = {
    "init": "jobs.cli.init:init",
    "config": "jobs.cli.init:config",
    "run": "jobs.cli.run:run",
    "crawl": "jobs.cli.crawl:crawl",
    "recrawl": "jobs.cli.recrawl:recrawl",
    "sources": "jobs.cli.sources:sources",
    "topics": "jobs.cli.topics:topics",
    "stories": "jobs.cli.stories:stories",
    "articles": "jobs.cli.articles:articles",
    "search": "jobs.cli.articles:search",
    "matches": "jobs.cli.articles:matches",
    "why": "jobs.cli.articles:why",
    "alerts": "jobs.cli.alerts:alerts",
    "status": "jobs.cli.maintenance:status",
    "doctor": "jobs.cli.maintenance:doctor",
    "backup": "jobs.cli.maintenance:backup",
    "restore": "jobs.cli.maintenance:restore",
    "web": "jobs.cli.web:web",
    "users": "jobs.cli.web:users",
    "tokens": "jobs.cli.web:tokens",
    "demo": "jobs.cli.demo:demo",
}


@click.group(cls=Commands, lazy=_LAZY, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(program_version(), prog_name="borderwatch")
@click.option("--config", "config_option", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file [else $BORDERWATCH_CONFIG, else ./borderwatch.toml, else the shipped defaults].")
@click.option("--data-dir", "data_dir_option", type=click.Path(path_type=Path, file_okay=False), help="Database and archive [else $BORDERWATCH_DATA_DIR, else data_dir of the configuration, else ./data].")
@click.pass_context
def main(ctx: click.Context, config_option: Path | None, data_dir_option: Path | None) -> None:
    """borderwatch watches news sources for the Iran–Pakistan border and alerts once per story.

    Begin with `borderwatch demo` to see it work, then `borderwatch init` to write a configuration,
    `borderwatch sources check --all` to try the sources, and `borderwatch run` to watch them.

    Results go to standard output, progress and faults to standard error. Exit codes: 0 done, 1 a source, channel,
    archive or the database failed, 2 wrong use or configuration.
    """
    ctx.obj = App(config_option=config_option, data_dir_option=data_dir_option)
