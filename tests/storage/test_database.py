"""Opening, migrating, and writing in one transaction, over real files and processes."""

from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage.database import (
    Database,
    StorageError,
    migrate,
    open_database,
    parse_stamp,
    scalar,
    stamp,
    statements,
    write_transaction,
)
from storage.migrations import MIGRATIONS


def test_times_sort_as_text_and_come_back() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert stamp(moment) == "2026-01-02T03:04:05.678Z"
    assert parse_stamp(stamp(moment)) == moment
    tehran = timezone(timedelta(hours=3, minutes=30))
    assert stamp(datetime(2026, 1, 2, 3, 30, tzinfo=tehran)) == "2026-01-02T00:00:00.000Z"
    assert stamp(moment) < stamp(moment + timedelta(milliseconds=1))


def test_every_table_is_strict(db: Database) -> None:
    loose = [
        name
        for name, sql in db.conn.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        if sql and "STRICT" not in sql and "fts" not in name
    ]
    assert loose == []


def test_durable_settings(db: Database) -> None:
    assert scalar(db, "PRAGMA journal_mode") == "wal"
    assert scalar(db, "PRAGMA synchronous") == 2  # FULL
    assert scalar(db, "PRAGMA foreign_keys") == 1


@pytest.mark.parametrize("count", range(len(MIGRATIONS)))
def test_migrates_from_every_earlier_version(tmp_path: Path, count: int) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT")
    for migration in MIGRATIONS[:count]:
        for statement in statements(migration.sql):
            connection.execute(statement)
        connection.execute("INSERT INTO migrations VALUES (?, '2026-01-01T00:00:00.000Z')", (migration.name,))
    connection.commit()
    connection.close()
    old, new = open_database(path), open_database(tmp_path / "new.db")
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    assert old.conn.execute(schema).fetchall() == new.conn.execute(schema).fetchall()
    assert migrate(old) == []
    old.close()
    new.close()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    db = open_database(path)
    db.execute("INSERT INTO migrations VALUES ('m9999_future', '2030-01-01T00:00:00.000Z')")
    db.execute("DELETE FROM migrations WHERE name = ?", (MIGRATIONS[-1].name,))
    db.close()
    with pytest.raises(StorageError, match="newer version"):
        open_database(path)


def test_what_fails_is_undone(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), write_transaction(db):
        db.execute(
            "INSERT INTO host_pages VALUES ('a', ?)",
            (1 // (0 * db.execute("INSERT INTO host_pages VALUES ('b', 1)").rowcount),),
        )
    assert scalar(db, "SELECT count(*) FROM host_pages") == 0


def _open(path: str) -> str:
    try:
        open_database(Path(path)).close()
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return "ok"


@pytest.mark.slow
def test_many_processes_open_a_new_database_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        assert pool.map(_open, [str(tmp_path / "b.db")] * 16) == ["ok"] * 16


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (
            lambda path: path.write_bytes(
                b"this is no database at all, but long enough to be read as one" * 100
            ),
            "damaged",
        ),
        (lambda path: path.mkdir(), "cannot be written"),
    ],
    ids=["garbage", "folder"],
)
def test_what_is_no_database_is_named(tmp_path: Path, make: object, part: str) -> None:
    path = tmp_path / "b.db"
    make(path)  # type: ignore[operator]
    with pytest.raises(StorageError, match=part) as caught:
        open_database(path)
    assert str(path) in str(caught.value)


def test_reading_before_there_is_a_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="borderwatch crawl"):
        open_database(tmp_path / "none.db", readonly=True)


def test_a_full_disk_loses_nothing_stored(db: Database) -> None:
    with write_transaction(db):
        db.execute("INSERT INTO host_pages VALUES ('kept', 1)")
    pages = scalar(db, "PRAGMA page_count")
    db.execute(f"PRAGMA max_page_count = {pages}")  # what SQLite sees when the disk is full
    with pytest.raises(StorageError, match="disk is full"), write_transaction(db):
        db.conn.executemany(
            "INSERT INTO host_pages VALUES (?, 1)", ((f"host{number}" * 50,) for number in range(5000))
        )
    assert scalar(db, "SELECT group_concat(host) FROM host_pages") == "kept"
