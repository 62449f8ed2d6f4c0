"""The service: it alerts within a second, stops cleanly, refuses a second copy, takes over a crawl, survives kill -9."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from storage.database import rows, scalar
from tests.jobs.conftest import STRIKE, Program, Site, wait_for


@pytest.fixture
def service(program: Program) -> Iterator[subprocess.Popen[str]]:
    child = program.start("run")
    try:
        wait_for(
            lambda: (
                (program.data / "borderwatch.lock").exists()
                and (program.data / "borderwatch.lock").stat().st_size
            ),
            what="the start",
        )
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def test_a_new_page_alerts_and_sigterm_ends_it(
    site: Site, program: Program, service: subprocess.Popen[str]
) -> None:
    wait_for(lambda: site.asked("/feed.xml"), what="the first check")
    address = site.publish("/strike", "Iran strikes inside Pakistan near the border", STRIKE)
    (hook,) = wait_for(lambda: site.log("POST"), what="the alert")
    assert json.loads(hook["body"])["data"]["url"] == address
    begun = time.monotonic()
    service.send_signal(signal.SIGTERM)
    output, _ = service.communicate(timeout=10)
    assert service.returncode == 0, output
    assert time.monotonic() - begun < 10
    status = program.json("status")
    assert (status["ok"], status["pending_captures"], status["undelivered"], status["process"]) == (
        True,
        0,
        0,
        None,
    )


def test_a_second_copy_names_the_first(program: Program, service: subprocess.Popen[str]) -> None:
    refused = program.call("run", code=1)
    assert f"process {service.pid}" in refused.stderr


def test_crawl_hands_its_sources_over(site: Site, program: Program, service: subprocess.Popen[str]) -> None:
    program.config.write_text(program.config.read_text().replace('"1s"', '"1h"').replace('"2s"', '"2h"'))
    service.send_signal(signal.SIGTERM)
    service.communicate(timeout=10)
    again = program.start("run")
    try:
        wait_for(lambda: site.asked("/feed.xml") >= 1, what="the first check")
        wait_for(lambda: program.json("status")["process"] == again.pid, what="the lock")
        before = site.asked("/feed.xml")
        handed = program.call("crawl", "--all", "--json")
        assert str(again.pid) in handed.stderr
        assert json.loads(handed.stdout)["handed_over_to"] == again.pid
        wait_for(lambda: site.asked("/feed.xml") > before, what="the check that was asked for")
    finally:
        os.killpg(again.pid, signal.SIGKILL)
        again.communicate()


@pytest.mark.slow
def test_kill_9_loses_no_page_and_no_alert(site: Site, program: Program) -> None:
    chance = random.Random(20260124)
    published = []
    for number in range(6):
        child = program.start("run")
        end = time.monotonic() + 2.5 + chance.random() * 2.5
        while time.monotonic() < end:
            path = f"/news/{len(published)}"
            published.append(
                site.publish(
                    path,
                    f"Border market number {len(published)} opens at Rimdan on the Iran-Pakistan border",
                    _story(len(published), chance),
                )
            )
            time.sleep(0.1)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert number < 6
    for _ in range(3):  # entries whose page was under way are taken up again
        program.call("crawl", "--all", code=None)
    db = program.database()
    exported = {row["url"] for row in rows(db, "SELECT url FROM articles")}
    assert exported == set(published)
    assert scalar(db, "SELECT count(*) FROM captures WHERE state != 'done'") == 0
    decided = {row["id"] for row in rows(db, "SELECT id FROM alerts WHERE kind = 'new'")}
    ids = Counter(hook["headers"]["webhook-id"] for hook in site.log("POST"))
    assert decided <= ids.keys()
    per_story = rows(
        db,
        "SELECT topic, story_id, count(*) AS n FROM alerts WHERE kind = 'new' GROUP BY topic, story_id HAVING n > 1",
    )
    assert per_story == []
    assert sum(ids.values()) - len(ids) <= 6, "a repeat follows only from a kill"


def _story(number: int, chance: random.Random) -> str:
    """A text of its own for each number: made-up words keep the stories apart."""
    names = [
        "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(3)).title()
        for _ in range(40)
    ]
    return (
        f"The market number {number} opened at Rimdan on the Iran-Pakistan border, said {names[0]} {names[1]}. "
        + " ".join(
            f"{first} {second} met {third} about {fourth}."
            for first, second, third, fourth in zip(
                names[::4], names[1::4], names[2::4], names[3::4], strict=True
            )
        )
    )
