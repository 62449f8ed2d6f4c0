"""Looking after the installation: status, doctor, backup, restore."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from jobs.cli.app import App, json_option, note, pass_app
from jobs.maintenance import back_up, examine, restore_backup
from jobs.status import Status, gather_status
from storage.database import now_utc


@click.command()
@json_option
@pass_app
def status(app: App, *, as_json: bool) -> None:
    """One screen: last runs, sources that are not ok, pending captures, undelivered alerts, disk.

    Exit code 1 where the heartbeat would be withheld: rounds fail, captures pile up, deliveries are stuck.
    """
    found = gather_status(app.open_database(readonly=True), app.data_dir, now_utc())
    if as_json:
        app.emit(asdict(found), as_json=True)
    else:
        click.echo(_screen(found))
    if not found.ok:
        raise SystemExit(1)


def _screen(found: Status) -> str:
    run = found.last_run
    lines = [
        "all well" if found.ok else "NOT WELL: " + "; ".join(found.reasons),
        f"service    {'process ' + str(found.process) if found.process else 'not running'}",
        f"last run   {run['job']} {run['state']}, {run['started'][:19]} to {(run['finished'] or 'now')[:19]}"
        if run
        else "last run   none yet",
        f"captures   {found.pending_captures} pending, {found.set_aside} set aside, {found.articles} articles, {found.matches} matches",
        f"alerts     {found.undelivered} undelivered, {found.dead} given up"
        + (" (`borderwatch alerts retry` tries them again)" if found.dead else ""),
        f"disk       {found.disk_free_bytes // 2**20:,} MB free, {found.data_bytes // 2**20:,} MB used",
        "sources    "
        + (
            ", ".join(f"{count} {state}" for state, count in sorted(found.source_states.items()))
            or "none configured"
        ),
    ]
    lines += [
        f"  {row['state']:9} {row['name']}: {row['error'] or ''} (since {row['since'][:16]})"
        for row in found.sources
        if row["state"] not in {"ok", "new"}
    ]
    return "\n".join(lines)


@click.command()
@click.option("--fix", is_flag=True, help="Repair what is safe to repair.")
@json_option
@pass_app
def doctor(app: App, *, fix: bool, as_json: bool) -> None:
    """Verify database, archive and schema. Exit code 1 where something stays wrong."""
    db = app.open_database(readonly=not fix)
    problems = list(examine(db, app.archive_dir, fix=fix))
    ok = all(problem.fixed for problem in problems)
    if as_json:
        app.emit({"ok": ok, "problems": [asdict(problem) for problem in problems]}, as_json=True)
    else:
        for problem in problems:
            click.echo(f"{'mended' if problem.fixed else 'WRONG '}  {problem.what}\n        {problem.remedy}")
        click.echo("nothing is wrong" if not problems else "")
    if not ok:
        raise SystemExit(1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@pass_app
def backup(app: App, file: Path, *, as_json: bool) -> None:
    """Write one consistent FILE, while the service runs.

    It holds the database: articles, stories, alerts, judgements, users. The WARC files under archive/ only grow;
    copy them with any tool.
    """
    size = back_up(app.open_database(readonly=True), file)
    if as_json:
        app.emit({"file": str(file), "size_bytes": size}, as_json=True)
    else:
        note(f"{file}: {size:,} bytes. `borderwatch restore {file} --data-dir DIR` puts it back.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--replace",
    is_flag=True,
    help="Put it in the place of a database that is there (which is kept beside it).",
)
@json_option
@pass_app
def restore(app: App, file: Path, *, replace: bool, as_json: bool) -> None:
    """Put a backup FILE into the data directory."""
    kept = restore_backup(file, app.data_dir, replace=replace)
    if as_json:
        app.emit({"database": str(app.database_path), "kept": str(kept) if kept else None}, as_json=True)
    else:
        note(f"{app.database_path} is restored." + (f" What was there is kept as {kept}." if kept else ""))
