"""Deliveries to real receivers: what counts as sent, what is retried, and what stays with the same id."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from jobs.alerts.deliver import Delivered, Deliverer
from jobs.alerts.outbox import AlertPolicy
from jobs.config.channels import Channel
from storage.alert_queries import revive
from storage.database import Database, now_utc, open_database, rows, scalar, stamp

from .conftest import Newsroom, Receiver, channel

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


def deliverer(db_path: Path, *channels: Channel) -> Deliverer:
    return Deliverer(lambda: open_database(db_path), channels, base_dir=db_path.parent, chance=lambda: 0.5)


def deliveries(db: Database) -> list[tuple[str, str, int]]:
    return [
        (row["channel"], row["state"], row["tries"])
        for row in rows(db, "SELECT * FROM deliveries ORDER BY id")
    ]


async def test_webhook_is_signed_and_says_everything(
    db: Database, db_path: Path, newsroom: Newsroom, http_receiver: Receiver
) -> None:
    desk = channel(http_receiver.url("/signed"), secret=SECRET)
    verdict, article_id, story_id = newsroom.publish(
        AlertPolicy((desk,), base_url="https://watch.example"), now=now_utc()
    )
    assert verdict.alerted
    assert await deliverer(db_path, desk).drain(10) == Delivered(1, 0, 0)
    (got,) = [item for item in http_receiver.received() if item["path"] == "/signed"]
    assert Webhook(SECRET).verify(got["body"], got["headers"]) == json.loads(got["body"])
    assert got["headers"]["webhook-id"] == verdict.alert_id
    body = json.loads(got["body"])
    assert body["type"] == "alert.created"
    data = body["data"]
    assert data["alert_id"] == verdict.alert_id
    assert (data["story_id"], data["article_id"], data["source"], data["language"]) == (
        story_id,
        article_id,
        "dawn",
        "en",
    )
    assert data["published"].endswith("+05:00")
    assert data["published_source"] == "feed"
    assert data["evidence"][0]["quote"].startswith("Two trucks")
    assert data["also_reported_by"] == []
    assert data["story_url"] == f"https://watch.example/stories/{story_id}"
    assert deliveries(db) == [("desk", "sent", 1)]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/status/404", "answered 404 Not Found: refused because of a reason X: y"),
        ("/status/500", "answered 500"),
        ("/moved", "answered 301 Moved Permanently: redirects are not followed"),
        ("/busy", "answered 429"),
        ("/half", "cannot be reached"),
        ("/hugefail", "answered 500"),
        ("/never", "no answer within 0.5 s"),
    ],
)
async def test_a_refusal_is_a_failure_and_is_retried(
    db: Database, db_path: Path, newsroom: Newsroom, http_receiver: Receiver, path: str, says: str
) -> None:
    desk = channel(http_receiver.url(path), timeout=0.5)
    newsroom.publish(AlertPolicy((desk,)), now=now_utc())
    assert await deliverer(db_path, desk).drain(10) == Delivered(0, 1, 0)
    assert deliveries(db) == [("desk", "waiting", 1)]
    assert scalar(db, "SELECT last_error FROM deliveries").startswith(says)
    assert scalar(db, "SELECT last_error FROM channels").startswith(says)


async def test_a_gigabyte_of_answer_is_not_read(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/huge"), timeout=5)
    newsroom.publish(AlertPolicy((desk,)), now=now_utc())
    assert await deliverer(db_path, desk).drain(10) == Delivered(1, 0, 0)
    assert fresh_receiver.received()[0]["poured"] < 20_000_000


async def test_a_hanging_channel_delays_no_other(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    stuck = channel(fresh_receiver.url("/never"), name="stuck", timeout=30)
    slow = channel(f"ntfy://127.0.0.1:{fresh_receiver.port}/x", name="dead", timeout=30)
    desk = channel(fresh_receiver.url("/ok"))
    policy = AlertPolicy((stuck, slow, desk))
    work = deliverer(db_path, stuck, slow, desk)
    stop = asyncio.Event()
    running = asyncio.create_task(work.run(stop))
    await asyncio.sleep(0.3)
    for _ in range(5):
        newsroom.publish(policy, now=now_utc())
        began = time.monotonic()
        work.poke()
        while scalar(db, "SELECT count(*) FROM deliveries WHERE channel = 'desk' AND state != 'sent'"):
            await asyncio.sleep(0.005)
            assert time.monotonic() - began < 2
    stop.set()
    await asyncio.wait_for(running, 8)
    states = {(name, state) for name, state, _ in deliveries(db) if name == "stuck"}
    assert states == {("stuck", "waiting")}, "what was under way is given back"


async def test_retry_after_pauses_the_channel(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/busy"))
    for _ in range(3):
        newsroom.publish(AlertPolicy((desk,)), now=now_utc())
    work = deliverer(db_path, desk)
    stop = asyncio.Event()
    running = asyncio.create_task(work.run(stop))
    await asyncio.sleep(0.6)
    first = len(fresh_receiver.received())
    assert 1 <= first <= 3, "one round, then silence"
    await asyncio.sleep(0.9)
    assert first < len(fresh_receiver.received()) <= first + 2, "one probe after the second that it asked for"
    stop.set()
    await running


async def test_a_person_who_retries_ends_the_pause_of_a_running_service(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/switch"))
    newsroom.publish(AlertPolicy((desk,)), now=now_utc())
    later = stamp(now_utc() + timedelta(hours=1))
    db.conn.execute(
        "INSERT INTO channels (name, failures, not_before, first_seen) VALUES ('desk', 9, ?, ?)",
        (later, later),
    )
    fresh_receiver.bring_up()
    stop = asyncio.Event()
    running = asyncio.create_task(deliverer(db_path, desk).run(stop))
    await asyncio.sleep(0.3)
    assert deliveries(db) == [("desk", "waiting", 0)]
    revive(db, None, now_utc(), ["desk"])
    for _ in range(400):
        await asyncio.sleep(0.01)
        if deliveries(db) == [("desk", "sent", 1)]:
            break
    stop.set()
    await running
    assert deliveries(db) == [("desk", "sent", 1)]


async def test_the_same_id_over_tries_and_a_restart(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/switch"))
    verdict, _, _ = newsroom.publish(AlertPolicy((desk,)), now=now_utc())
    assert (await deliverer(db_path, desk).drain(10)).deliveries_failed == 1
    # A process that died in the middle of a send leaves this behind.
    db.conn.execute(
        "UPDATE deliveries SET state = 'sending', claimed_by = '999999:1.00', next_try = '2000-01-01T00:00:00.000Z'"
    )
    fresh_receiver.bring_up()
    assert await deliverer(db_path, desk).drain(10) == Delivered(1, 0, 0)
    got = fresh_receiver.received()
    assert [item["headers"]["webhook-id"] for item in got] == [verdict.alert_id] * 2
    assert json.loads(got[0]["body"]) == json.loads(got[1]["body"])
    assert deliveries(db) == [("desk", "sent", 2)]


async def test_a_delivery_dies_of_age_and_the_operator_hears(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/status/500"))
    chief = channel(fresh_receiver.url("/chief"), name="chief", operator=True, topics=("none",))
    newsroom.publish(AlertPolicy((desk, chief)), now=now_utc() - timedelta(days=4))
    assert (await deliverer(db_path, desk, chief).drain(10)).deliveries_dead == 1
    assert deliveries(db)[0] == ("desk", "dead", 1)
    await deliverer(db_path, desk, chief).drain(10)
    (notice,) = [json.loads(item["body"]) for item in fresh_receiver.received() if item["path"] == "/chief"]
    assert notice["type"] == "alert.notice"
    assert notice["data"]["title"] == "alerts for channel desk are dead"


async def test_what_waits_is_drained_fast(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url("/ok"))
    policy = AlertPolicy((desk,))
    for _ in range(200):
        newsroom.publish(policy, now=now_utc())
    began = time.monotonic()
    assert (await deliverer(db_path, desk).drain(30)).deliveries_sent == 200
    assert time.monotonic() - began < 400 / 150, (
        "at least 150 a second here; the bench asks for 200 on 10,000"
    )
    assert len({item["headers"]["webhook-id"] for item in fresh_receiver.received()}) == 200
