"""Doctor, backup and restore on real files; init and config check."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from storage.database import open_database, scalar, write_transaction
from tests.jobs.conftest import STRIKE, Program, Site


def test_a_backup_comes_back(site: Site, program: Program, tmp_path: Path) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    program.json("crawl", "--all")
    saved = tmp_path / "saved.bwbackup"
    program.call("backup", str(saved))
    refused = program.call("restore", str(saved), code=1)
    assert "--replace" in refused.stderr
    (program.data / "borderwatch.db").unlink()
    program.call("restore", str(saved))
    assert len(program.json("alerts", "list")) == 1
    assert program.json("doctor")["ok"] is True
    program.call("restore", str(saved), "--replace")
    assert list(program.data.glob("*.before-restore-1"))


def test_what_is_no_backup_changes_nothing(program: Program, tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04 not a zip", b"x" * 5000):
        odd = tmp_path / "odd"
        odd.write_bytes(content)
        assert "no backup" in program.call("restore", str(odd), code=1).stderr
    assert not (program.data / "borderwatch.db").exists()


def test_doctor_finds_and_mends(site: Site, program: Program) -> None:
    for number in range(3):
        site.publish(
            f"/n/{number}",
            f"Council of quarter {number} meets",
            f"The council of quarter {number} met. " * 30,
        )
    program.json("crawl", "--all")
    assert program.json("doctor") == {"ok": True, "problems": []}
    db = open_database(program.data / "borderwatch.db")
    with write_transaction(db):
        db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    db.close()
    (warc,) = (program.data / "archive").glob("*.warc.gz")
    with warc.open("ab") as file:
        file.write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00torn")
    found = program.json("doctor", code=1)
    assert {problem["what"].split(":")[0] for problem in found["problems"]} == {"search index", "archive"}
    assert program.json("doctor", "--fix")["ok"] is True
    assert program.json("doctor") == {"ok": True, "problems": []}
    assert len(program.json("search", "council")) == 3
    warc.rename(warc.with_suffix(".away"))
    assert "missing" in program.json("doctor", code=1)["problems"][0]["what"]


def test_init_writes_a_configuration_that_holds(program: Program, tmp_path: Path) -> None:
    target = tmp_path / "new.toml"
    program.call(
        "init", "--contact", "me@example.org", "--presets", "", "--channel", "", "--output", str(target)
    )
    assert 'contact = "me@example.org"' in target.read_text()
    assert (
        "exists already"
        in program.call(
            "init", "--contact", "x@y.z", "--presets", "", "--channel", "", "--output", str(target), code=2
        ).stderr
    )
    program.config.write_text(target.read_text())
    assert program.json("config", "check")["ok"] is True
    program.config.write_text("nonsense = 1\n[service]\nworkers = -1\n")
    checked = program.json("config", "check", code=2)
    assert {fault["key"] for fault in checked["faults"]} == {"nonsense", "service.workers"}


def test_an_unwritable_data_directory(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    program.data = tmp_path / "file" / "data"
    assert "cannot be written" in program.call("crawl", "--all", code=1).stderr
    assert program.call("status", code=1).stderr.startswith("borderwatch: ")


def test_a_full_disk_ends_in_a_sentence_and_keeps_what_was_stored(
    site: Site, program: Program, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        program.data = small / "data"
        site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
        assert program.json("crawl", "--all")["articles_new"] == 1
        noise = random.Random(1)
        for number in range(30):
            words = " ".join(f"{noise.getrandbits(64):x}" for _ in range(4000))
            site.publish(f"/n/{number}", f"Council of quarter {number} meets", words)
        full = program.call("crawl", "--all", code=1)
        assert "disk is full" in full.stderr
        assert "Traceback" not in full.stderr
        assert len(program.json("alerts", "list")) == 1
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_locked_database_ends_in_a_sentence(site: Site, program: Program) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    program.json("crawl", "--all")
    db = open_database(program.data / "borderwatch.db")
    db.execute("BEGIN IMMEDIATE")
    try:
        locked = program.call("crawl", "--all", code=1)
        assert "locked" in locked.stderr
        assert "Traceback" not in locked.stderr
    finally:
        db.execute("ROLLBACK")
    assert scalar(db, "SELECT count(*) FROM articles") == 1
    db.close()
