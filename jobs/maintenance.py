"""Looking after what is stored: doctor, backup, restore."""

from __future__ import annotations

import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jobs.lock import holder_of
from storage.archive import check_archive, repair_archive
from storage.articles import rebuild_index
from storage.database import DATABASE_NAME, Database, open_database, rows, scalar, write_transaction
from storage.migrations import MIGRATIONS
from storage.model import BorderwatchError

BACKUP_MEMBER = "borderwatch.db"
INTEGRITY_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, what to do, and whether `--fix` repaired it."""

    what: str
    remedy: str
    fixed: bool = False


def examine(db: Database, archive: Path, *, fix: bool) -> Iterator[Problem]:
    """Verify database, schema, index and archive; with `fix`, repair what is safe to repair."""
    for (line,) in db.conn.execute(f"PRAGMA integrity_check({INTEGRITY_LIMIT})").fetchall():
        if line != "ok":
            yield Problem(
                f"database: {line}",
                "restore a backup with `borderwatch restore FILE`, or rebuild with `borderwatch recrawl` into a new data directory",
            )
    broken = db.conn.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        yield Problem(
            f"database: {len(broken)} rows refer to rows that are missing (first in {broken[0][0]})",
            "restore a backup with `borderwatch restore FILE`",
        )
    known = {row["name"] for row in rows(db, "SELECT name FROM migrations")}
    missing = [m.name for m in MIGRATIONS if m.name not in known]
    if missing:
        yield Problem(
            f"schema: migrations are missing: {', '.join(missing)}",
            "start any command that writes; it applies them",
        )
    yield from _examine_index(db, fix=fix)
    yield from _examine_archive(db, archive, fix=fix)


def _examine_index(db: Database, *, fix: bool) -> Iterator[Problem]:
    articles = int(scalar(db, "SELECT count(*) FROM articles"))
    indexed = int(scalar(db, "SELECT count(*) FROM articles_fts_docsize"))
    if articles != indexed:
        if fix:
            with write_transaction(db):
                rebuild_index(db)
        yield Problem(
            f"search index: {indexed} of {articles} articles are indexed",
            "`borderwatch doctor --fix` builds it anew",
            fixed=fix,
        )


def _examine_archive(db: Database, archive: Path, *, fix: bool) -> Iterator[Problem]:
    sizes = {path.name: path.stat().st_size for path in archive.glob("*.warc.gz")} if archive.is_dir() else {}
    for row in rows(
        db, "SELECT file, max(offset + length) AS end, count(*) AS captures FROM captures GROUP BY file"
    ):
        if row["file"] not in sizes:
            yield Problem(
                f"archive: {row['file']} is missing ({row['captures']} captures name it)",
                "restore the file; the articles read from it stay, but cannot be read again",
            )
        elif row["end"] > sizes[row["file"]]:
            yield Problem(
                f"archive: {row['file']} ends before the last capture that names it",
                "restore the file; the articles read from it stay, but cannot be read again",
            )
    for path in sorted(archive.glob("*.warc.gz")) if archive.is_dir() else ():
        torn = check_archive(path)
        if torn is None:
            continue
        named = scalar(db, "SELECT max(offset + length) FROM captures WHERE file = ?", (path.name,)) or 0
        if fix and named <= torn.valid_bytes:
            repair_archive(path)
            yield Problem(
                f"archive: {path.name} {torn.reason}",
                "the torn tail was cut off; no capture lay in it",
                fixed=True,
            )
        else:
            yield Problem(
                f"archive: {path.name} {torn.reason}",
                "`borderwatch doctor --fix` cuts the torn tail off where no capture lies in it",
            )


def back_up(db: Database, target: Path) -> int:
    """Write one consistent copy of the database, while others write; returns its size in bytes.

    The archive is not in it (it only grows, so any file copy of it is consistent): what the archive cannot rebuild
    (alerts, judgements, users) is all in the database.
    """
    if target.exists() and not target.is_file():
        raise BorderwatchError(f"{target}: is no ordinary file; name one that the backup may become.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    copy = partial.with_suffix(".db")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(copy)) as connection:
            db.conn.backup(connection, pages=4096)
            connection.execute("PRAGMA journal_mode = DELETE")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:
            bundle.write(copy, BACKUP_MEMBER)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except (OSError, sqlite3.Error) as fault:
        raise BorderwatchError(
            f"{target}: the backup was not written ({fault}). Nothing was changed."
        ) from fault
    finally:
        copy.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def restore_backup(source: Path, directory: Path, *, replace: bool) -> Path | None:
    """Put a backup's database into a data directory; returns where the database that stood there was kept.

    The file is verified before anything is touched. Raises BorderwatchError where it is no backup, where the
    directory is in use, or where it holds a database and `replace` is False.
    """
    holder = holder_of(directory)
    if holder is not None:
        raise BorderwatchError(
            f"{directory}: `borderwatch {holder.job}` runs on it as process {holder.pid}. Stop it first (kill {holder.pid})."
        )
    target = directory / DATABASE_NAME
    if target.exists() and not replace:
        raise BorderwatchError(
            f"{target}: there is a database already. Give --replace to put the backup in its place (the old one is kept beside it)."
        )
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / f".{DATABASE_NAME}.restoring"
    try:
        with (
            zipfile.ZipFile(source) as bundle,
            bundle.open(BACKUP_MEMBER) as packed,
            fresh.open("wb") as file,
        ):
            while block := packed.read(1 << 20):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        _verify(fresh, source)
    except (OSError, KeyError, zipfile.BadZipFile, EOFError) as fault:
        fresh.unlink(missing_ok=True)
        raise BorderwatchError(
            f"{source}: is no backup of borderwatch ({fault}). Nothing was changed."
        ) from fault
    except BorderwatchError:
        fresh.unlink(missing_ok=True)
        raise
    kept = _set_aside(target)
    fresh.replace(target)
    open_database(target).close()
    return kept


def _verify(path: Path, source: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            connection.execute("SELECT count(*) FROM migrations")
    except sqlite3.Error as fault:
        raise BorderwatchError(
            f"{source}: the database in it is damaged ({fault}). Nothing was changed."
        ) from fault
    if verdict != "ok":
        raise BorderwatchError(f"{source}: the database in it is damaged ({verdict}). Nothing was changed.")


def _set_aside(target: Path) -> Path | None:
    if not target.exists():
        return None
    number = 1
    while (kept := target.with_name(f"{target.name}.before-restore-{number}")).exists():
        number += 1
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    return target.replace(kept)
