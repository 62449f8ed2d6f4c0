"""Reading again, offline: the own archive, foreign and torn WARC files, dry runs, old news."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.archive import Archive
from storage.database import rows, scalar
from storage.model import Capture
from tests.jobs.conftest import STRIKE, Program, Site

PAGE = (
    "<!doctype html><html lang='en'><head><title>{title}</title><meta property='article:published_time' content='2026-01-0{day}T08:00:00+05:00'></head>"
    "<body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
)


def foreign(folder: Path, count: int = 3) -> Path:
    """A WARC file from elsewhere: `count` pages, the first of which mentions the border."""
    archive = Archive(folder)
    for number in range(count):
        text = (
            STRIKE
            if number == 0
            else f"The council of town number {number} met on Monday. "
            + f"Item {number} was the water supply of quarter {number}. " * 12
        )
        body = PAGE.format(title=f"Page number {number} of the town", day=number + 1, text=text).encode()
        archive.append(
            Capture(
                url=f"http://paper{number}.example/story", fetched_at=datetime(2026, 2, 1 + number, tzinfo=UTC), status=200,
                headers=(("Content-Type", "text/html; charset=utf-8"),), body=body, source=f"paper{number}.example", listed_url=f"http://paper{number}.example/story",
            )
        )  # fmt: skip
    archive.close()
    (path,) = folder.glob("*.warc.gz")
    return path


def digest_of_folder(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_foreign_warc_is_copied_read_and_known_again(program: Program, tmp_path: Path) -> None:
    warc = foreign(tmp_path / "foreign")
    first = program.json("recrawl", "--archive", str(warc))
    assert (first["read"], first["articles_new"], first["failed"], first["alerts_new"]) == (3, 3, 0, 0)
    assert [match["topic"] for match in first["matches_gained"]] == ["iran-pakistan-border"]
    again = program.json("recrawl", "--archive", str(warc))
    assert (again["read"], again["articles_new"], again["unchanged"], again["matches_gained"]) == (
        3,
        0,
        3,
        [],
    )
    warc.unlink()
    own = program.json("recrawl")
    assert (own["read"], own["unchanged"]) == (3, 3)
    found = rows(program.database(), "SELECT source, url, date FROM articles ORDER BY source")
    assert [row["source"] for row in found] == ["paper0.example", "paper1.example", "paper2.example"]
    assert found[0]["date"] == "2026-01-01T08:00:00+05:00"
    assert program.json("recrawl", "--source", "paper1.example")["read"] == 1
    assert program.json("recrawl", "--since", "2026-02-03")["read"] == 1
    assert program.json("recrawl", "--until", "2026-02-02")["read"] == 1


def test_a_dry_run_changes_nothing(program: Program, tmp_path: Path) -> None:
    warc = foreign(tmp_path / "foreign")
    program.json("recrawl", "--archive", str(warc), "--source", "paper2.example")
    before = digest_of_folder(program.data)
    report = program.json("recrawl", "--archive", str(warc), "--dry-run")
    assert (report["dry_run"], report["read"], report["articles_new"], report["unchanged"]) == (True, 3, 2, 1)
    assert len(report["matches_gained"]) == 1
    assert digest_of_folder(program.data) == before


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_torn_warc_is_read_up_to_the_tear(program: Program, tmp_path: Path, share: float) -> None:
    warc = foreign(tmp_path / "foreign", count=8)
    whole = warc.read_bytes()
    warc.write_bytes(whole[: int(len(whole) * share)])
    done = program.call("recrawl", "--archive", str(warc), code=1)
    assert str(warc) in done.stderr
    count = scalar(program.database(), "SELECT count(*) FROM articles")
    assert 1 <= count < 8


def test_what_is_no_warc_is_named(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "page.warc.gz"
    path.write_bytes(gzip.compress(b"<html>no warc</html>"))
    assert str(path) in program.call("recrawl", "--archive", str(path), code=1).stderr
    assert program.call("recrawl", "--archive", str(tmp_path / "absent.warc.gz"), code=2).stderr


def test_every_row_names_bytes_that_are_there(site: Site, program: Program) -> None:
    for number in range(5):
        site.publish(
            f"/n/{number}",
            f"Council of quarter {number} meets",
            f"The council of quarter {number} met. " * 30,
        )
    program.json("crawl", "--all")
    for row in rows(program.database(), "SELECT file, offset, length, digest FROM captures"):
        data = (program.data / "archive" / row["file"]).read_bytes()[
            row["offset"] : row["offset"] + row["length"]
        ]
        record = gzip.decompress(data)
        assert record.startswith(b"WARC/1.1\r\n")
        assert hashlib.sha256(record.split(b"\r\n\r\n", 2)[2][:-4]).hexdigest() == row["digest"]
