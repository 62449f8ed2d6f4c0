"""`sources list`, `check`, `import` and `export`, through the command line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jobs.cli import main
from jobs.opml import read_opml
from storage.database import open_database, stamp, write_transaction
from storage.model import Source
from storage.sources import sync_sources, update_source

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Runs a command with a configuration of its own (the text after the first table)."""

    def call(*arguments: str, config: str = "") -> Result:
        path = tmp_path / "borderwatch.toml"
        path.write_text(
            f'[service]\nallow_networks = ["127.0.0.0/8"]\nhost_delay = "0s"\nworkers = 1\n{config}'
        )
        given = ["--config", str(path), "--data-dir", str(tmp_path / "data"), *arguments]
        return CliRunner().invoke(
            main, given, catch_exceptions=False, env={"http_proxy": "", "https_proxy": ""}
        )

    return call


class TestList:
    CONFIG = '[[sources]]\nname = "a"\nfeed = "http://127.0.0.1/f"\n[[sources]]\nname = "b"\nsection = "http://127.0.0.1/s"\nenabled = false\n'

    def test_before_the_first_crawl(self, run: Any) -> None:
        listed = json.loads(run("sources", "list", "--json", config=self.CONFIG).stdout)
        assert [(row["name"], row["state"]) for row in listed] == [("a", "new"), ("b", "disabled")]
        assert {"last_success", "last_new", "next_check", "interval_s", "error"} <= set(listed[0])

    def test_with_what_was_learned(self, run: Any, tmp_path: Path) -> None:
        db = open_database(tmp_path / "data" / "borderwatch.db")
        with write_transaction(db):
            sync_sources(db, [Source("a", "feed", "http://127.0.0.1/f")], NOW)
            update_source(
                db,
                "a",
                {
                    "state": "failing",
                    "error": "HTTP 404: gone.",
                    "interval_s": 3600.0,
                    "last_new": stamp(NOW),
                },
            )
        db.close()
        result = run("sources", "list", config=self.CONFIG)
        assert "failing" in result.stdout
        assert "HTTP 404: gone." in result.stdout
        assert "every 60 minutes" in result.stdout


@pytest.mark.slow
class TestCheck:
    def test_a_site_is_searched_for_its_feed(self, run: Any, site: Any) -> None:
        result = run("sources", "check", site.url("/news/"), "--json")
        report = json.loads(result.stdout)
        assert result.exit_code == 0, result.stderr
        assert (report["kind"], report["url"], report["count"], report["dated"]) == (
            "rss",
            site.url("/news/feed.xml"),
            2,
            2,
        )
        assert report["entries"][0] == {
            "url": site.url("/news/story-2"),
            "title": "Story 2",
            "date": "2026-11-02T10:00:00+05:00",
        }
        assert report["article"]["title"] == "Gate at Taftan closed"
        assert report["article"]["topics"] == ["iran-pakistan-border"]
        assert report["interval_s"] >= 300
        (table,) = tomllib.loads(report["toml"])["sources"]
        assert table == {
            "name": f"127.0.0.1:{site.port}",
            "feed": site.url("/news/feed.xml"),
            "language": "en",
        }

    def test_nothing_is_stored(self, run: Any, site: Any, tmp_path: Path) -> None:
        run("sources", "check", site.url("/news/feed.xml"))
        assert not (tmp_path / "data").exists()

    def test_all_sources_at_once_and_the_exit_code(self, run: Any, site: Any) -> None:
        names = {"good": "/news/feed.xml", "gone": "/status/404", "html": "/page/1", "big": "/announced/40"}
        config = "".join(
            f'[[sources]]\nname = "{name}"\nfeed = "{site.url(path)}"\n' for name, path in names.items()
        )
        result = run("sources", "check", "--all", "--json", config=config)
        assert result.exit_code == 1
        reports = {report["name"]: report for report in json.loads(result.stdout)}
        assert [reports[name]["ok"] for name in names] == [True, False, False, False]
        assert all(reports[name]["error"] for name in names if name != "good")
        text = run("sources", "check", "--all", config=config).stdout
        assert "1 of 4 sources answer with articles." in text


class TestWrongUse:
    def test_no_target(self, run: Any) -> None:
        assert run("sources", "check").exit_code == 2

    def test_an_unknown_name(self, run: Any) -> None:
        result = run("sources", "check", "nobody")
        assert (result.exit_code, "nobody" in result.stderr) == (2, True)

    @pytest.mark.parametrize("address", ["https://www.example.org/", "www.example.org"])
    def test_a_public_address_needs_a_contact(self, run: Any, address: str) -> None:
        result = run("sources", "check", address)
        assert (result.exit_code, "contact" in result.stderr) == (2, True)


OPML = b"""<?xml version="1.0"?><opml version="2.0"><head><title>x</title></head><body>
<outline text="Asia"><outline text="Dawn &amp; Co" type="rss" xmlUrl="https://dawn.example/feed" language="en-us"/>
<outline title="Urdu" xmlUrl="https://urdu.example/rss"/></outline><outline text="bad" xmlUrl="javascript:x"/>
<outline text="Top" xmlUrl="https://top.example/rss"/></body></opml>"""


def test_import_then_export_keeps_sources_and_folders(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "in.opml"
    source.write_bytes(OPML)
    target = tmp_path / "mine.toml"
    known = '[[sources]]\nname = "Top"\nfeed = "https://top.example/rss"\n'
    result = run("sources", "import", str(source), "--output", str(target), config=known)
    assert (
        result.exit_code,
        "1 of the file are configured already" in result.stderr,
        "bad" in result.stderr,
    ) == (0, True, True)

    exported = run("sources", "export", config=f'{known}[include]\nsources = ["mine.toml"]\n')

    again = read_opml(exported.stdout.encode())
    assert {(s.name, s.url, s.folder, s.language) for s in again.sources} == {
        ("Top", "https://top.example/rss", None, None),
        ("Urdu", "https://urdu.example/rss", "Asia", None),
        ("Dawn & Co", "https://dawn.example/feed", "Asia", "en"),
    }


def test_a_file_that_is_no_opml_is_refused(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "in.opml"
    source.write_text("hello")
    result = run("sources", "import", str(source))
    assert (result.exit_code, "OPML" in result.stderr) == (1, True)
