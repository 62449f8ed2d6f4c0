"""The commands: predict, list, show, split, merge, undo, changes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.cli import main
from storage.articles import set_matches
from storage.database import DATABASE_NAME, open_database, write_transaction
from storage.model import Evidence, Match
from tests.dedup import texts as t
from tests.dedup.conftest import MONDAY, Desk


@pytest.fixture
def data(tmp_path: Path) -> Path:
    desk = Desk(open_database(tmp_path / DATABASE_NAME))
    desk.add(t.STRIKE_EN, "a.example/1", language="en", source="dawn")
    desk.add(t.STRIKE_EN_OTHER, "b.example/1", language="en", source="bbc")
    desk.add(t.GATE_EN, "c.example/1", MONDAY - timedelta(hours=1), language="en")
    desk.add(
        (t.GATE_EN[0], t.GATE_EN[1] + " The gate opened on Friday."),
        "c.example/1",
        MONDAY - timedelta(hours=1),
        capture=2,
    )
    desk.db.close()
    return tmp_path


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data-dir", str(data), "stories", *arguments])


def test_list_and_show(data: Path) -> None:
    listed = json.loads(run(data, "list", "--json").stdout)
    assert [(row["articles"], sorted(row["sources"])) for row in listed] == [
        (2, ["bbc", "dawn"]),
        (1, ["desk"]),
    ]
    shown = json.loads(run(data, "show", str(listed[0]["id"]), "--json").stdout)
    assert [member["relation"] for member in shown["members"]] == ["first", "same_story"]
    assert "same_story 0." in run(data, "show", str(listed[0]["id"])).stdout
    assert "no story 99" in run(data, "show", "99").stderr


def test_split_merge_undo(data: Path) -> None:
    story = json.loads(run(data, "list", "--json").stdout)[0]["id"]
    done = json.loads(run(data, "split", str(story), "2", "--json").stdout)
    assert len(json.loads(run(data, "list", "--json").stdout)) == 3
    assert json.loads(run(data, "rulings", "--json").stdout)[0]["left_articles"] == [2]
    assert "takes it back" in run(data, "merge", str(story), str(done["stories"][0])).stdout
    assert len(json.loads(run(data, "list", "--json").stdout)) == 2
    assert run(data, "undo", "99").exit_code != 0


def test_changes(data: Path) -> None:
    assert "+ The gate opened on Friday." in run(data, "changes", "3").stdout


def test_predict_reads_pairs_and_names_a_bad_line(tmp_path: Path) -> None:
    pairs = [(t.STRIKE_EN, t.STRIKE_EN), (t.STRIKE_EN, t.STRIKE_EN_OTHER), (t.STRIKE_EN, t.FISHERMEN_EN)]
    lines = [
        json.dumps(
            {
                "id": number,
                "a": dict(zip(("title", "text"), a, strict=True)),
                "b": dict(zip(("title", "text"), b, strict=True)),
            }
        )
        for number, (a, b) in enumerate(pairs)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = [json.loads(line) for line in run(tmp_path, "predict", str(path)).stdout.splitlines()]
    assert [row["relation"] for row in found] == ["same_text", "same_story", "different"]
    assert all(0 <= row["score"] <= 1 for row in found)
    path.write_text('{"id": 1}\n', encoding="utf-8")
    result = run(tmp_path, "predict", str(path))
    assert result.exit_code == 2
    assert "line 1" in result.stderr


def test_a_split_tells_about_the_new_story_only_if_asked(data: Path) -> None:
    db = open_database(data / DATABASE_NAME)
    with write_transaction(db):
        for article in (1, 2):
            evidence = Evidence("title", 0, 4, "Nine" if article == 1 else "Paki")
            set_matches(
                db,
                article,
                [(Match("iran-pakistan-border", 3.0, 1.0, ("named",), (evidence,)), "alerted")],
                MONDAY,
            )
        db.execute(
            "INSERT INTO alerts (id, topic, story_id, article_id, kind, created, payload) VALUES ('alert_1', 'iran-pakistan-border', 1, 1, 'new', '', '{}')"
        )
    story = db.conn.execute("SELECT story_id FROM articles WHERE id = 1").fetchone()[0]

    def alerts() -> list[int]:
        return [row[0] for row in db.conn.execute("SELECT article_id FROM alerts ORDER BY article_id")]

    quiet = json.loads(run(data, "split", str(story), "2", "--json").stdout)
    assert alerts() == [1]
    run(data, "undo", str(quiet["ruling"]))
    assert run(data, "split", str(story), "2", "--alert").exit_code == 0
    assert alerts() == [1, 2]
    db.close()
