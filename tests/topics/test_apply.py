"""Judging what is stored again, judgements, and the commands, on a real database and in real processes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.cli.app import App
from jobs.cli.topics import judge, topics
from jobs.topics.examples import judged_examples
from jobs.topics.retag import retag
from storage.database import Database, open_database, rows, scalar
from storage.feedback import record_judgement

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_WIDE = 'name = "t"\n[concepts.b]\nen = ["border", "dam"]\n[[rules]]\nname = "r"\nsays = "a border"\nphrases = ["[b]"]\n'
_NARROW = _WIDE.replace(', "dam"', "")


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A data directory with three articles and a configuration that names one topic."""
    path = tmp_path / "data" / "borderwatch.db"
    db = open_database(path)
    for number, text in enumerate(["The border is open.", "A dam burst.", "Nothing."], start=1):
        db.execute(
            "INSERT INTO articles (id, source, url, canonical_url, title, text, first_seen, updated_at, lang)"
            " VALUES (?, 's', ?, ?, 'Title', ?, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'en')",
            (number, f"https://x.example/{number}", f"https://x.example/{number}", text),
        )
    db.conn.commit()
    db.close()
    (tmp_path / "t.toml").write_text(_WIDE, "utf-8")
    (tmp_path / "borderwatch.toml").write_text('[include]\ntopics = ["t.toml"]\n', "utf-8")
    return path


def _matches(path: Path) -> list[tuple[int, str]]:
    db = open_database(path, readonly=True)
    try:
        return [
            (row["article_id"], row["topic"]) for row in rows(db, "SELECT * FROM matches ORDER BY article_id")
        ]
    finally:
        db.close()


def test_a_changed_topic_is_tried_then_applied(stored: Path) -> None:
    folder = stored.parents[1]

    def run(*, dry_run: bool) -> tuple[list[int], list[int]]:
        found = retag(stored, ["t.toml"], folder, workers=1, dry_run=dry_run, now=_NOW)
        assert found.articles == 3
        return [one["article_id"] for one in found.gained], [one["article_id"] for one in found.lost]

    assert run(dry_run=True) == ([1, 2], [])
    assert _matches(stored) == []
    assert run(dry_run=False) == ([1, 2], [])
    assert _matches(stored) == [(1, "t"), (2, "t")]
    (folder / "t.toml").write_text(_NARROW, "utf-8")
    assert run(dry_run=False) == ([], [2])
    assert _matches(stored) == [(1, "t")]
    db: Database = open_database(stored, readonly=True)
    assert scalar(db, "SELECT count(*) FROM alerts") == 0
    assert scalar(db, "SELECT topic_version FROM matches") != ""
    db.close()


def test_commands_list_explain_judge_measure_and_apply(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stored.parents[1]
    monkeypatch.chdir(folder)
    app = App(data_dir_option=stored.parent, environment={})
    runner = CliRunner()

    def run(command: object, *arguments: str, given: str | None = None) -> str:
        result = runner.invoke(command, list(arguments), obj=app, input=given, catch_exceptions=False)  # type: ignore[arg-type]
        assert result.exit_code == 0, result.output
        return result.stdout

    (listed,) = json.loads(run(topics, "list", "--json"))
    assert (listed["name"], listed["rules"], listed["warnings"]) == ("t", 1, [])
    assert "t holds: score 1, threshold 1" in run(topics, "explain", "1")
    assert "does not hold" in run(topics, "explain", "https://x.example/3")
    (folder / "note.txt").write_text("The border\nNothing else.", "utf-8")
    assert json.loads(run(topics, "explain", "note.txt", "--json"))[0]["match"] is True

    gained = json.loads(run(topics, "apply", "--dry-run", "--workers", "1", "--json"))["matches_gained"]
    assert [one["evidence"][0]["quote"] for one in gained] == ["The border is open.", "A dam burst."]
    assert "2 matches gained" in run(topics, "apply", "--workers", "1")

    run(judge, "1", "relevant", "--note", "the gate")
    run(judge, "https://x.example/2", "not-relevant", "--topic", "t")
    measured = json.loads(run(topics, "evaluate", "--judged", "--json"))
    assert (measured["precision"], measured["recall"], measured["wrong"]) == (0.5, 1.0, ["article-2"])
    exported = run(topics, "judged")
    assert [json.loads(line)["label"] for line in exported.splitlines()] == [True, False]
    (folder / "judged.jsonl").write_text(exported, "utf-8")
    assert json.loads(run(topics, "evaluate", "judged.jsonl", "--json"))["wrong"] == ["article-2"]
    lines = run(
        topics, "predict", "-", given='{"id": 7, "text": "a border"}\n\n{"id": "8", "text": "\\ud800"}\n'
    )
    predicted = [json.loads(line) for line in lines.splitlines()]
    assert [(one["id"], one["match"]) for one in predicted] == [(7, True), ("8", False)]
    assert predicted[0]["evidence"][0]["quote"] == "a border"


def test_the_newest_word_on_an_article_counts(stored: Path) -> None:
    db = open_database(stored)
    for relevant in (True, False):
        record_judgement(db, 1, "t", relevant=relevant, who="amir", at=_NOW)
    (one,) = judged_examples(db, "t")
    assert (one.id, one.label, one.text) == ("article-1", False, "The border is open.")
    db.close()
