"""What is watched: `sources list`, `check`, `import`, `export`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from jobs.cli.app import App, json_option, note, pass_app
from jobs.cli.progress import progress_bar
from jobs.opml import read_opml, to_toml, write_opml
from jobs.schedule.policy import spoken
from storage.database import Row, now_utc
from storage.model import Source, UsageError
from storage.sources import source_rows

AT_ONCE = 16
"""Sources that are checked at the same time; each host is still asked one thing at a time."""


@click.group()
def sources() -> None:
    """What is watched: list, check, import, export."""


@sources.command("list")
@json_option
@pass_app
def list_sources(app: App, *, as_json: bool) -> None:
    """Every configured source with its health: state, last success, last new entry, next check."""
    stored: dict[str, Row] = {}
    if app.database_path.exists():
        db = app.open_database(readonly=True)
        stored = {row["name"]: row for row in source_rows(db, configured_only=False)}
        db.close()
    listed = [_listed(source, stored.get(source.name)) for source in app.config.source_records]
    if as_json:
        app.emit(listed, as_json=True)
        return
    if not listed:
        note("No sources are configured. `borderwatch init` writes a first configuration.")
    width = max((len(row["name"]) for row in listed), default=0)
    for row in listed:
        interval = f"every {spoken(row['interval_s'])}" if row["interval_s"] else ""
        click.echo(
            f"{row['state']:<8}  {row['name']:<{width}}  {_ago(row['last_new'], 'new entry'):<32} {interval}"
        )
        if row["error"]:
            click.echo(f"{'':<8}  {'':<{width}}  {row['error']}")


def _listed(source: Source, row: Row | None) -> dict[str, Any]:
    known = row or {}
    keys = (
        "last_check",
        "last_success",
        "last_new",
        "next_check",
        "interval_s",
        "error",
        "state_since",
        "failures",
    )
    return {
        "name": source.name,
        "kind": source.kind,
        "url": source.url,
        "country": source.country,
        "language": source.language,
        "folder": source.folder,
        "state": known.get("state", "new") if source.enabled else "disabled",
        **{key: known.get(key) for key in keys},
    }


def _ago(moment: str | None, what: str) -> str:
    return f"{what} {moment[:16].replace('T', ' ')}" if moment else f"no {what} yet"


@sources.command()
@click.argument("targets", nargs=-1, metavar="[URL_OR_NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every configured source.")
@json_option
@pass_app
def check(app: App, targets: tuple[str, ...], *, everything: bool, as_json: bool) -> None:
    """Try sources, or any addresses, without storing anything.

    Says what was found (feeds, sitemaps, article links), the newest entries with their dates, what robots.txt
    allows, one article read through to text and topics, and the interval that the source would get; ends with the
    TOML to paste. Exit code 1 where one of them brings nothing.

    \b
    borderwatch sources check https://www.example.org/
    borderwatch sources check dawn
    borderwatch sources check --all --json
    """
    # Crawler and topics take a second to import, which help and completion need not wait for.
    from jobs.machine import require_contact  # noqa: PLC0415

    chosen = _chosen(app, targets, everything=everything)
    require_contact(
        app.config, [one if isinstance(one, Source) else Source(one, "feed", one) for one in chosen]
    )
    reports = asyncio.run(_check_all(app, chosen))
    if as_json:
        found = [report.as_json() for report in reports]
        app.emit(found if everything or len(targets) > 1 else found[0], as_json=True)
    else:
        from jobs.cli.checkview import show  # noqa: PLC0415

        for report in reports:
            click.echo(show(report, brief=len(reports) > 1))
        if len(reports) > 1:
            good = sum(report.ok for report in reports)
            click.echo(f"{good} of {len(reports)} sources answer with articles.")
    if not all(report.ok for report in reports):
        raise SystemExit(1)


def _chosen(app: App, targets: Sequence[str], *, everything: bool) -> list[Source | str]:
    if everything:
        if targets:
            raise UsageError("give either --all or names and addresses, not both")
        return [source for source in app.config.source_records if source.enabled]
    if not targets:
        raise UsageError(
            "name a source or give an address (or --all): `borderwatch sources check https://example.org/`"
        )
    chosen: list[Source | str] = []
    for target in targets:
        source = app.config.source(target)
        if source is None and "://" not in target and "." not in target:
            names = ", ".join(sorted(one.name for one in app.config.source_records)[:8])
            raise UsageError(
                f"{target!r} is neither a configured source ({names or 'none is configured'}) nor an address"
            )
        chosen.append(source or (target if "://" in target else f"https://{target}"))
    return chosen


async def _check_all(app: App, chosen: list[Source | str]) -> list[Any]:
    from crawler.engine import EngineOptions, user_agent  # noqa: PLC0415
    from crawler.stores import MemoryTables  # noqa: PLC0415
    from jobs.asker import Asker  # noqa: PLC0415
    from jobs.check import Checker, Report  # noqa: PLC0415
    from jobs.machine import topics_of  # noqa: PLC0415
    from jobs.reading import ReaderPool  # noqa: PLC0415
    from jobs.version import program_version  # noqa: PLC0415
    from storage.hosts import HostTables  # noqa: PLC0415

    service = app.config.service
    options = EngineOptions(
        user_agent=user_agent(program_version(), service.contact or ""),
        allow_networks=service.allow_networks,
        host_delay_s=service.host_delay,
        environment=app.environment,
    )
    db = app.open_database() if app.database_path.exists() else None
    pool = ReaderPool(1, service.read_timeout, topics_of(app.config))
    tables = HostTables(db) if db else MemoryTables()  # pauses that hosts asked for hold here too
    shown = sys.stderr.isatty() and len(chosen) > 1
    try:
        with progress_bar(show=shown) as bar:
            task = bar.add_task("sources", total=len(chosen))
            room = asyncio.Semaphore(AT_ONCE)
            async with Asker(options, tables, tables) as asker:
                count = max(1, len(app.config.source_records))
                taken = {source.name for source in app.config.source_records}
                checker = Checker(asker, pool, count, service.requests_per_day, now_utc, taken)

                async def one(target: Source | str) -> Report:
                    async with room:
                        report = await (
                            checker.source(target) if isinstance(target, Source) else checker.address(target)
                        )
                        bar.update(task, advance=1, description=report.asked)
                        return report

                return list(await asyncio.gather(*(one(target) for target in chosen)))
    finally:
        pool.close()
        if db is not None:
            db.close()


@sources.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file [default: standard output].",
)
@json_option
@pass_app
def import_opml(app: App, file: Path, output: Path | None, *, as_json: bool) -> None:
    """Turn the sources of an OPML file into TOML, with their folders.

    What is configured already is left out. Name the written file under [include] sources.
    """
    configured = {source.url for source in app.config.source_records}
    imported = read_opml(file.read_bytes(), [source.name for source in app.config.source_records])
    found = [source for source in imported.sources if source.url not in configured]
    text = to_toml(found)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    known = len(imported.sources) - len(found)
    if as_json:
        listed = [_listed(source, None) for source in found]
        app.emit(
            {"imported": len(found), "known": known, "problems": list(imported.problems), "sources": listed},
            as_json=True,
        )
    elif output is None:
        click.echo(text, nl=False)
    for problem in imported.problems:
        note(problem)
    also = f", {known} of the file are configured already" if known else ""
    where = (
        f'. Add "{output}" to `sources` under [include], then run `borderwatch config check`'
        if output
        else ""
    )
    note(f"{len(found)} sources{also}{where}.")


@sources.command("export")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file [default: standard output].",
)
@pass_app
def export_opml(app: App, output: Path | None) -> None:
    """The configured sources as OPML 2.0, in their folders (else by country), for a feed reader."""
    records = [
        replace(source, folder=source.folder or source.country) for source in app.config.source_records
    ]
    text = write_opml(records)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
