"""The main job over a real site: a pass, a second pass, changes, failures."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from storage.database import rows
from tests.jobs.conftest import STRIKE, Program, Site

CRICKET = (
    "Pakistan beat Iran by six wickets in a friendly cricket match in Lahore on Sunday. The visitors made 121 runs in twenty overs, "
    "and the hosts reached the target with fourteen balls to spare. The captain praised the young bowlers and the crowd."
)


def test_a_pass_alerts_once_and_a_second_one_fetches_nothing(site: Site, program: Program) -> None:
    address = site.publish(
        "/strike", "Iran strikes militant hideouts inside Pakistan near the border", STRIKE
    )
    site.publish("/cricket", "Pakistan beat Iran in cricket friendly", CRICKET)
    first = program.json("crawl", "--all")
    assert (first["sources"], first["fetched"], first["articles_new"], first["errors"]) == (1, 2, 2, 0)
    assert (first["matches_new"], first["alerts_new"], first["deliveries_sent"]) == (1, 1, 1)
    (hook,) = site.log("POST")
    data = json.loads(hook["body"])["data"]
    assert data["url"] == address
    assert hook["headers"]["webhook-id"] == data["alert_id"]

    second = program.json("crawl", "--all")
    assert (second["fetched"], second["not_modified"], second["articles_new"], second["alerts_new"]) == (
        0,
        1,
        0,
        0,
    )
    assert site.asked("/strike") == 1
    assert len(site.log("POST")) == 1

    (row,) = [
        json.loads(line)
        for line in program.call(
            "articles", "export", "--matching", "iran-pakistan-border"
        ).stdout.splitlines()
    ]
    (alert,) = program.json("alerts", "list")
    for item in alert["evidence"]:
        assert row[item["field"]][item["start"] : item["end"]] == item["quote"]
    steps = [step["step"] for step in program.json("why", address)["steps"]]
    assert [step for step in steps if step in {"listed", "fetched", "read", "article", "matched", "alerted", "alert", "delivery"}] == [
        "listed", "fetched", "read", "article", "matched", "alerted", "alert", "delivery",
    ]  # fmt: skip
    (hit,) = program.json("search", "Sabzkoh")
    assert hit["url"] == address


def test_an_edited_page_is_a_revision_and_alerts_nobody_again(site: Site, program: Program) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    program.json("crawl", "--all")
    site.publish(
        "/strike",
        "Iran strikes inside Pakistan near the border: toll rises",
        STRIKE.replace("two children", "three children"),
    )
    again = program.json("crawl", "--all")
    assert (again["fetched"], again["articles_new"], again["articles_changed"], again["alerts_new"]) == (
        1,
        0,
        1,
        0,
    )
    db = program.database()
    assert [row["revision"] for row in rows(db, "SELECT revision FROM articles")] == [2]
    assert "two children" in rows(db, "SELECT text FROM revisions")[0]["text"]


def test_tracking_parameters_name_the_same_page(site: Site, program: Program) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    program.json("crawl", "--all")
    body = site.publish(
        "/strike?utm_source=rss&utm_medium=feed", "Iran strikes inside Pakistan near the border", STRIKE
    )
    site.items = [item for item in site.items if "utm" in item[0]]
    site.list_feed()
    again = program.json("crawl", "--all")
    assert again["fetched"] == 0, body


def test_old_news_is_kept_and_alerts_nobody(site: Site, program: Program) -> None:
    address = site.publish(
        "/old", "Iran strikes inside Pakistan near the border", STRIKE, age=timedelta(days=9)
    )
    report = program.json("crawl", "--all")
    assert (report["articles_new"], report["matches_new"], report["alerts_new"]) == (1, 1, 0)
    assert any(
        step["step"] == "suppressed" and "backlog" in step["what"]
        for step in program.json("why", address)["steps"]
    )
    again = program.json("recrawl")
    assert (again["read"], again["unchanged"], again["alerts_new"]) == (1, 1, 0)
    lifted = program.json("recrawl", "--alert")
    assert lifted["alerts_new"] == 1


def test_failing_sources_fail_alone(site: Site, program: Program) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    site.put("/html", "<html><body><h1>Welcome</h1><p>This is a page and no feed.</p></body></html>")
    site.put(
        "/broken",
        "<?xml version='1.0'?><rss><channel><item><title>x",
        headers={"Content-Type": "application/rss+xml"},
    )
    site.put("/busy", status=503, headers={"Retry-After": "3600"})
    site.put("/empty", "")
    sources = "".join(
        f'\n[[sources]]\nname = "{name}"\nfeed = "{site.base}/{name}"\n'
        for name in ("html", "broken", "empty", "gone")
    )
    sources += f'\n[[sources]]\nname = "busy"\nfeed = "http://127.0.0.2:{site.port}/busy"\n'
    sources += '\n[[sources]]\nname = "closed"\nfeed = "http://127.0.0.1:9/feed.xml"\n'
    program.config.write_text(program.config.read_text() + sources)
    report = program.json("crawl", "--all", code=1)
    assert report["alerts_new"] == 1
    listed = {row["name"]: row for row in program.json("sources", "list")}
    assert listed["one"]["state"] == "ok"
    for name in ("html", "broken", "busy", "empty", "gone", "closed"):
        assert listed[name]["state"] == "failing", listed[name]
        assert re.search(r"\w+ \w+", listed[name]["error"]), listed[name]
    busy = site.asked("/busy")
    program.json("crawl", "--all", code=1)
    assert site.asked("/busy") == busy, "Retry-After holds against --all too"


def test_unread_captures_are_read_by_the_next_pass(site: Site, program: Program) -> None:
    site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    program.json("crawl", "--all")
    # As a crash between archiving and recording leaves it: the capture is pending, nothing else is known.
    from storage.database import open_database, write_transaction

    db = open_database(program.data / "borderwatch.db")
    with write_transaction(db):
        for table in ("deliveries", "alerts", "matches"):
            db.execute(f"DELETE FROM {table}")
        db.execute("UPDATE captures SET state = 'pending', outcome = NULL")
    db.close()
    program.json("crawl")
    assert program.json("status")["pending_captures"] == 0


def test_wrong_use_exits_2(program: Program) -> None:
    assert "no source is named" in program.call("crawl", "--source", "nobody", code=2).stderr
    assert "such option" in program.call("crawl", "--nonsense", code=2).stderr.lower()
    program.config.write_text("[service]\nworkers = 0\ncontact = 5\n")
    stderr = program.call("crawl", code=2).stderr
    assert "workers" in stderr
    assert "contact" in stderr


def test_public_sources_need_a_contact(program: Program) -> None:
    program.config.write_text('[[sources]]\nname = "a"\nfeed = "https://news.example/feed"\n')
    assert "contact" in program.call("crawl", "--all", code=2).stderr
