"""`borderwatch alerts …` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jobs.alerts.outbox import AlertPolicy
from jobs.cli import main
from storage.database import DATABASE_NAME, Database, now_utc, open_database, rows, scalar

from .conftest import Newsroom, Receiver, channel
from .test_feeds import store_match


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def db(data_dir: Path) -> Any:
    database = open_database(data_dir / DATABASE_NAME)
    yield database
    database.conn.close()


@pytest.fixture
def desk(fresh_receiver: Receiver, tmp_path: Path, data_dir: Path) -> Any:
    (tmp_path / "borderwatch.toml").write_text(
        f'[include]\ntopics = []\n[[channels]]\nname = "desk"\nurl = "{fresh_receiver.url("/switch")}"\ntimezone = "Asia/Karachi"\n',
        encoding="utf-8",
    )

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(
            main,
            [
                "--config",
                str(tmp_path / "borderwatch.toml"),
                "--data-dir",
                str(data_dir),
                "alerts",
                *arguments,
            ],
        )

    return call


def test_list_retry_and_handled(
    db: Database, newsroom: Newsroom, desk: Any, fresh_receiver: Receiver
) -> None:
    assert "No alerts yet" in desk("list").output
    verdict, article, story = newsroom.publish(AlertPolicy((channel(),)), now=now_utc())
    failed = desk("retry", "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.stdout) == {"tried": 1, "deliveries_sent": 0, "deliveries_failed": 1}
    (listed,) = json.loads(desk("list", "--json").stdout)
    assert {
        "id",
        "topic",
        "story_id",
        "article_id",
        "title",
        "evidence",
        "created",
        "state",
        "deliveries",
    } <= set(listed)
    assert (listed["id"], listed["article_id"], listed["story_id"], listed["state"]) == (
        verdict.alert_id,
        article,
        story,
        "waiting",
    )
    assert listed["deliveries"][0]["last_error"].startswith("answered 503")
    assert "answered 503" in desk("list").output
    fresh_receiver.bring_up()
    assert desk("retry", verdict.alert_id).output.strip() == "1 tried, 1 sent, 0 failed."
    assert "Every alert is delivered" in desk("list", "--undelivered").output
    assert "1 handled" in desk("handled", verdict.alert_id, "--who", "amna").output
    assert scalar(db, "SELECT handled_by FROM alerts") == "amna"
    assert desk("handled", "alert_none").exit_code == 2
    assert desk("retry", "alert_none").exit_code == 2


def test_test_reports_the_true_answer(desk: Any, fresh_receiver: Receiver) -> None:
    refused = desk("test", "desk")
    assert refused.exit_code == 1
    assert "desk: answered 503 Service Unavailable" in refused.output
    fresh_receiver.bring_up()
    assert desk("test", "desk").output.strip() == "desk: the receiver accepted the sample."
    unknown = desk("test", "nobody")
    assert unknown.exit_code == 2


def test_preview_sends_and_stores_nothing(
    db: Database, newsroom: Newsroom, desk: Any, fresh_receiver: Receiver
) -> None:
    _, article, _ = newsroom.publish(AlertPolicy(), now=now_utc())
    store_match(db, article)
    shown = json.loads(desk("preview", str(article), "--json").stdout)
    assert json.loads(shown["body"])["data"]["evidence"][0]["quote"].startswith("Two trucks")
    assert "<mark" not in desk("preview", "https://dawn.example/1").output
    assert "<blockquote" in desk("preview", str(article), "--html").output
    assert desk("preview", "999").exit_code == 2
    assert fresh_receiver.received() == []
    assert scalar(db, "SELECT count(*) FROM deliveries") == 0


def test_mute_and_unmute(db: Database, newsroom: Newsroom, desk: Any) -> None:
    newsroom.publish(AlertPolicy((channel(),)), now=now_utc())
    assert (
        "1 waiting deliveries are dropped"
        in desk("mute", "source", "dawn", "--for", "2d", "--who", "amna", "--note", "noise").output
    )
    (row,) = json.loads(desk("mutes", "--json").stdout)
    assert (row["what"], row["value"], row["who"], row["note"]) == ("source", "dawn", "amna", "noise")
    assert "heard again" in desk("unmute", "source", "dawn").output
    assert desk("unmute", "source", "dawn").exit_code == 2
    assert desk("mute", "story", "77").exit_code == 2
    assert desk("mute", "source", "nosuch").exit_code == 2
    assert desk("mute", "topic", "x", "--for", "soon").exit_code == 2
    assert "until it is lifted" in desk("mute", "topic", "x", "--for", "forever").output


def test_feeds_are_written(db: Database, newsroom: Newsroom, desk: Any, data_dir: Path) -> None:
    _, article, _ = newsroom.publish(AlertPolicy(), now=now_utc())
    store_match(db, article)
    assert len(json.loads(desk("feeds", "--json").stdout)) == 6
    assert len(list((data_dir / "feeds").iterdir())) == 6
    assert len(rows(db, "SELECT 1 FROM matches")) == 1
