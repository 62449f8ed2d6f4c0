"""Opening the database, its pragmas, the one write transaction, and the text form of times."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlite_utils

from storage.migrations import MIGRATIONS
from storage.model import BorderwatchError
from storage.model import now_utc as now_utc  # noqa: PLC0414 - told on: who stores, needs the clock

Database = sqlite_utils.Database
Row = dict[str, Any]

DATABASE_NAME = "borderwatch.db"
"""The file inside a data directory."""

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another one; the longest transaction measured (a month's expiry) takes 2 s."""


class StorageError(BorderwatchError):
    """The database cannot be opened, read or written; the message says what to do."""


def stamp(moment: datetime) -> str:
    """UTC text of fixed width with milliseconds: sorts as text, reads as a date."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_stamp(text: str) -> datetime:
    """The inverse of `stamp`."""
    return datetime.fromisoformat(text)


def open_database(path: Path, *, readonly: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """Open (and, unless `readonly`, create and migrate) the database at `path`.

    WAL with synchronous=FULL: 1,219 one-page transactions a second were measured, and kill -9 loses nothing.
    Raises StorageError with the remedy where that fails.
    """
    try:
        if readonly:
            if not path.exists():
                raise StorageError(
                    f"{path}: there is no database yet. Run `borderwatch crawl` or `borderwatch run` first."
                )
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        _set_pragmas(connection, readonly=readonly, busy_timeout_ms=busy_timeout_ms)
        db = Database(connection)
        if not readonly:
            migrate(db)
        elif not _applied(connection) >= {m.name for m in MIGRATIONS}:
            raise StorageError(
                f"{path}: its schema is not that of this version. `borderwatch crawl` or `borderwatch run` brings it up to date; run one first."
            )
    except (sqlite3.Error, OSError) as fault:
        raise explain(fault, path) from fault
    return db


def _set_pragmas(connection: sqlite3.Connection, *, readonly: bool, busy_timeout_ms: int) -> None:
    connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -65536")
    if not readonly:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")


def explain(fault: Exception, path: Path) -> StorageError:
    """Turn a failure of SQLite or the file system into a sentence that says what to do."""
    text = str(fault)
    if "locked" in text or "busy" in text:
        return StorageError(
            f"{path}: the database stayed locked by another program for {BUSY_TIMEOUT_MS // 1000} s. Stop the other program, or try again."
        )
    if "full" in text or "No space" in text:
        return StorageError(
            f"{path}: the disk is full. Free some space and start again; nothing that was stored is lost."
        )
    if "readonly" in text or "Permission" in text or "Read-only" in text or "unable to open" in text:
        return StorageError(
            f"{path}: cannot be written ({text}). Give this user write access to the folder, or choose another with --data-dir."
        )
    if "malformed" in text or "not a database" in text:
        return StorageError(
            f"{path}: the file is damaged ({text}). Run `borderwatch doctor`, or restore a backup with `borderwatch restore FILE`."
        )
    return StorageError(f"{path}: {text}")


@contextmanager
def write_transaction(db: Database) -> Iterator[Database]:
    """One BEGIN IMMEDIATE transaction: all of it commits, or none.

    A deferred BEGIN fails at once when two writers read and then write, whatever the busy timeout (measured), so
    this is the only way in which the product writes. A database that stays locked, a full disk and a file that
    cannot be written raise StorageError with the remedy.
    """
    connection = db.conn
    patience_ms = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    with _turn_to_write(path_of(db), patience_ms):
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back on a full disk
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.OperationalError as fault:
            raise explain(fault, path_of(db)) from fault


_turns: dict[Path, threading.Lock] = {}


@contextmanager
def _turn_to_write(path: Path, patience_ms: int) -> Iterator[None]:
    """This process's writers queue here, and SQLite's lock is left for other processes.

    SQLite's busy handler sleeps and looks again, up to 100 ms apart, and loses to whoever comes in between: beside a
    writer of 30 ms transactions a small one waited 56 ms at p50 and 1.8 to 3.0 s at p99, with a lock 19 and 52 ms.
    """
    lock = _turns.setdefault(path, threading.Lock())
    # Where it is not had in time, SQLite itself says that the database stays locked.
    held = lock.acquire(timeout=patience_ms / 1000)
    try:
        yield
    finally:
        if held:
            lock.release()


def path_of(db: Database) -> Path:
    """The file of a database."""
    return Path(db.conn.execute("PRAGMA database_list").fetchone()[2] or ":memory:")


@contextmanager
def read_snapshot(db: Database) -> Iterator[Database]:
    """Several reads of one state. Keep it short: a long reader lets the WAL grow."""
    db.conn.execute("BEGIN")
    try:
        yield db
    finally:
        db.conn.execute("COMMIT")


def migrate(db: Database) -> list[str]:
    """Apply what is missing, in order, under the write lock; returns the names that were applied."""
    connection = db.conn
    if _applied(connection) >= {m.name for m in MIGRATIONS}:
        return []
    applied = []
    with write_transaction(db):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT"
        )
        done = _applied(connection)
        unknown = done - {m.name for m in MIGRATIONS}
        if unknown:
            raise StorageError(
                f"the database was written by a newer version (it has {', '.join(sorted(unknown))}). Update borderwatch, or restore an older backup."
            )
        for migration in MIGRATIONS:
            if migration.name in done:
                continue
            for statement in statements(migration.sql):
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (migration.name, stamp(now_utc())))
            applied.append(migration.name)
    return applied


def _applied(connection: sqlite3.Connection) -> set[str]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    if not known:
        return set()
    return {name for (name,) in connection.execute("SELECT name FROM migrations")}


def statements(script: str) -> Iterator[str]:
    """Split SQL into statements (executescript would commit the transaction around it)."""
    part = ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            yield part
            part = ""
    if part.strip():
        yield part


def rows(db: Database, sql: str, params: dict[str, Any] | tuple[Any, ...] = ()) -> list[Row]:
    """The rows of a query as dictionaries."""
    cursor = db.conn.execute(sql, params)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def first(db: Database, sql: str, params: dict[str, Any] | tuple[Any, ...] = ()) -> Row | None:
    """The first row of a query, or None."""
    cursor = db.conn.execute(sql, params)
    values = cursor.fetchone()
    if values is None:
        return None
    return dict(zip((column[0] for column in cursor.description), values, strict=True))


def scalar(db: Database, sql: str, params: dict[str, Any] | tuple[Any, ...] = ()) -> Any:
    """The first column of the first row, or None."""
    values = db.conn.execute(sql, params).fetchone()
    return None if values is None else values[0]
