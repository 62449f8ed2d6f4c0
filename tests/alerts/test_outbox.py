"""The outbox in a real database: one alert a story, late channels, updates, mutes, digests, bursts, quiet hours."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.alerts.claims import claimant_of_this_process, is_alive
from jobs.alerts.deliver import Deliverer
from jobs.alerts.notices import Notice, post_notice
from jobs.alerts.outbox import AlertPolicy, random_alert_id
from jobs.config.channels import Channel
from storage.alert_queries import alert_state, count_undelivered, list_alerts, mark_handled, revive
from storage.alerts import abandon_unknown, claim_due, expire, release_claims
from storage.database import Database, open_database, rows, scalar, write_transaction
from storage.mutes import active_mutes, mute, mute_undelivered, unmute

from .conftest import NOW, TOPIC, Newsroom, Receiver, channel, make_match


def test_one_alert_a_story_and_topic(db: Database, newsroom: Newsroom) -> None:
    policy = AlertPolicy((channel(),))
    first, _, story = newsroom.publish(policy)
    again, _, _ = newsroom.publish(policy, story=story, source="geo")
    assert first.alerted
    assert again.text == f"story already alerted as {first.alert_id}"
    assert again.alert_id is None
    other_topic, _, _ = newsroom.publish(policy, story=story, source="irna", match=make_match(topic="other"))
    assert other_topic.alerted
    assert scalar(db, "SELECT count(*) FROM alerts") == 2


def test_merged_stories_keep_one_alert(db: Database, newsroom: Newsroom) -> None:
    policy = AlertPolicy((channel(),))
    first, article, story = newsroom.publish(policy)
    db.conn.execute("UPDATE articles SET story_id = 99 WHERE id = ?", (article,))
    later, _, _ = newsroom.publish(policy, story=99, source="geo")
    assert later.text == f"story already alerted as {first.alert_id}"
    old_number, _, _ = newsroom.publish(policy, story=story, source="irna")
    assert old_number.text == f"story already alerted as {first.alert_id}"


def test_the_database_itself_refuses_a_second_alert(db: Database, newsroom: Newsroom) -> None:
    newsroom.publish(AlertPolicy())
    with pytest.raises(sqlite3.IntegrityError), write_transaction(db):
        db.conn.execute(
            "INSERT INTO alerts SELECT 'alert_2', topic, story_id, article_id, kind, reason, created, payload, NULL, NULL FROM alerts"
        )


def test_a_channel_hears_when_the_story_has_enough_sources(db: Database, newsroom: Newsroom) -> None:
    eager, careful = channel(), channel(name="careful", min_sources=3)
    policy = AlertPolicy((eager, careful))
    first, article, story = newsroom.publish(policy)
    assert first.delivered_to == ("desk",)
    copy, _, _ = newsroom.publish(policy, story=story, source="copycat", duplicate_of=article)
    second, _, _ = newsroom.publish(policy, story=story, source="geo")
    assert (copy.delivered_to, second.delivered_to) == ((), ()), "a copy is no source of its own"
    third, _, _ = newsroom.publish(policy, story=story, source="irna")
    assert third.delivered_to == ("careful",)
    assert third.alert_id == first.alert_id, "the same alert, late"
    fourth, _, _ = newsroom.publish(policy, story=story, source="ap")
    assert fourth.alert_id is None


def test_one_update_for_who_asks(db: Database, newsroom: Newsroom) -> None:
    policy = AlertPolicy((channel(), channel(name="keen", updates=True)))
    _, _, story = newsroom.publish(policy)
    newsroom.publish(policy, story=story, source="geo")
    third, _, _ = newsroom.publish(policy, story=story, source="irna")
    assert third.delivered_to == ("keen",)
    assert [row["reason"] for row in rows(db, "SELECT reason FROM alerts WHERE kind = 'update'")] == [
        "confirmed"
    ]
    for number in range(20):
        newsroom.publish(policy, story=story, source=f"more{number}")
    assert scalar(db, "SELECT count(*) FROM alerts WHERE kind = 'update'") == 1


def test_a_recrawl_adds_nothing_to_an_alerted_story(db: Database, newsroom: Newsroom) -> None:
    policy = AlertPolicy((channel(updates=True),))
    _, _, story = newsroom.publish(policy)
    for source in ("geo", "irna", "ap"):
        newsroom.publish(policy, story=story, source=source, recrawl=True)
    assert scalar(db, "SELECT count(*) FROM alerts") == 1


@pytest.mark.parametrize(("what", "value"), [("story", "1"), ("source", "dawn"), ("topic", TOPIC)])
def test_mutes_hold_for_their_time(db: Database, newsroom: Newsroom, what: Any, value: str) -> None:
    mute(db, what, value, until=NOW + timedelta(hours=1), who="amna", at=NOW, note="noise")
    muted, _, story = newsroom.publish(AlertPolicy((channel(),)))
    assert muted.text.startswith(f"muted: {what} {value} until 2026-05-04T13:00")
    assert muted.text.endswith("by amna")
    assert [row["note"] for row in active_mutes(db, NOW)] == ["noise"]
    later, _, _ = newsroom.publish(AlertPolicy((channel(),)), story=story, now=NOW + timedelta(hours=2))
    assert later.alerted
    assert active_mutes(db, NOW + timedelta(hours=2)) == []


def test_a_mute_holds_for_the_story_it_was_merged_into(db: Database, newsroom: Newsroom) -> None:
    db.conn.execute("INSERT INTO stories (id, created) VALUES (70, 'x')")
    db.conn.execute("INSERT INTO stories (id, created, merged_into) VALUES (71, 'x', 70)")
    mute(db, "story", "71", until=None, who="amna", at=NOW)
    assert newsroom.publish(AlertPolicy(), story=70)[0].text == "muted: story 71 until lifted, by amna"


def test_a_mute_can_be_lifted_and_drops_what_waits(db: Database, newsroom: Newsroom) -> None:
    _, _, story = newsroom.publish(AlertPolicy((channel(),)))
    newsroom.publish(AlertPolicy((channel(),)), source="geo")
    mute(db, "story", str(story), until=None, who="amna", at=NOW)
    assert mute_undelivered(db, NOW) == 1
    assert sorted(row["state"] for row in rows(db, "SELECT state FROM deliveries")) == ["muted", "waiting"]
    assert unmute(db, "story", str(story), who="bob", at=NOW + timedelta(minutes=1)) == 1
    assert unmute(db, "story", str(story), who="bob", at=NOW + timedelta(minutes=2)) == 0
    assert scalar(db, "SELECT lifted_by FROM mutes") == "bob"


def test_claims_of_the_dead_are_void_and_of_the_living_are_not(db: Database, newsroom: Newsroom) -> None:
    newsroom.publish(AlertPolicy((channel(), channel(name="other"))))
    assert len(claim_due(db, "desk", NOW, 10, "999999:1.00")) == 1
    assert len(claim_due(db, "other", NOW, 10, claimant_of_this_process())) == 1
    assert claim_due(db, "desk", NOW, 10, "me") == [], "claimed once"
    assert release_claims(db, is_alive) == 1
    assert [item.tries for item in claim_due(db, "desk", NOW, 10, "me")] == [0]
    assert not is_alive("nonsense")


def test_list_and_retry(db: Database, newsroom: Newsroom) -> None:
    verdict, article, story = newsroom.publish(AlertPolicy((channel(), channel(name="other"))))
    newsroom.publish(AlertPolicy(), source="geo")
    db.conn.execute("UPDATE deliveries SET state = 'dead', last_error = 'x' WHERE channel = 'desk'")
    db.conn.execute("UPDATE deliveries SET state = 'sent' WHERE channel = 'other'")
    nobody, dead = list_alerts(db)
    assert (nobody["state"], dead["state"]) == ("no channel", "dead")
    assert (dead["id"], dead["topic"], dead["story_id"], dead["article_id"]) == (
        verdict.alert_id,
        TOPIC,
        story,
        article,
    )
    assert dead["evidence"][0]["quote"]
    assert [delivery["state"] for delivery in dead["deliveries"]] == ["dead", "sent"]
    assert [row["id"] for row in list_alerts(db, undelivered=True)] == [verdict.alert_id]
    assert [row["id"] for row in list_alerts(db, before=nobody["id"])] == [dead["id"]]
    assert count_undelivered(db) == {"dead": 1}
    assert [name for name, _ in revive(db, None, NOW, ["desk", "other"])] == ["desk"]
    assert scalar(db, "SELECT state FROM deliveries WHERE channel = 'desk'") == "waiting"
    assert mark_handled(db, verdict.alert_id or "", who="amna", at=NOW)
    assert list_alerts(db)[1]["handled_by"] == "amna"
    assert not mark_handled(db, "alert_none", who="amna", at=NOW)
    assert alert_state(["sent", "waiting"]) == "waiting"


def test_what_waits_for_a_failing_channel_expires_untried(db: Database, newsroom: Newsroom) -> None:
    newsroom.publish(AlertPolicy((channel(),)))
    later = NOW + timedelta(days=4)
    assert expire(db, "desk", later - timedelta(days=3), "x", untried=False) == 0, (
        "the machine may have been off"
    )
    assert expire(db, "desk", NOW - timedelta(days=1), "x", untried=True) == 0
    assert expire(db, "desk", later - timedelta(days=3), "x", untried=True) == 1
    assert scalar(db, "SELECT state || last_error FROM deliveries") == "deadx"


def test_what_waits_for_an_unknown_channel_is_given_up_late(db: Database, newsroom: Newsroom) -> None:
    newsroom.publish(AlertPolicy((channel(),)))
    assert abandon_unknown(db, ["other"], NOW - timedelta(days=3)) == 0
    assert abandon_unknown(db, ["desk"], NOW + timedelta(days=1)) == 0
    assert abandon_unknown(db, [], NOW + timedelta(days=1)) == 1
    assert scalar(db, "SELECT last_error FROM deliveries") == "the channel is not configured any more"


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def drain(db_path: Path, clock: Clock, *channels: Channel) -> int:
    deliverer = Deliverer(
        lambda: open_database(db_path), channels, base_dir=db_path.parent, clock=clock, chance=lambda: 0.5
    )
    return (await deliverer.drain(20)).deliveries_sent


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(item["body"]) for item in receiver.received()]


async def test_a_digest_comes_at_its_hour_once(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    daily = channel(fresh_receiver.url(), mode="digest", digest_at="07:00", timezone="Asia/Karachi")
    clock = Clock(NOW)
    assert await drain(db_path, clock, daily) == 0
    verdicts = [newsroom.publish(AlertPolicy((daily,)), source=f"s{n}")[0] for n in range(3)]
    assert await drain(db_path, clock, daily) == 0, "its hour has not come"
    clock.now = datetime(2026, 5, 5, 2, 0, 1, tzinfo=UTC)
    assert await drain(db_path, clock, daily) == 1
    assert await drain(db_path, clock, daily) == 0
    (body,) = bodies(fresh_receiver)
    assert body["type"] == "alert.digest"
    assert [item["alert_id"] for item in body["data"]["items"]] == [verdict.alert_id for verdict in verdicts]
    assert {row["state"] for row in rows(db, "SELECT state FROM deliveries")} == {"sent"}
    clock.now += timedelta(days=1)
    assert await drain(db_path, clock, daily) == 0, "nothing to say"
    empty = daily.model_copy(update={"digest_empty": True})
    clock.now += timedelta(days=1)
    assert await drain(db_path, clock, empty) == 1


async def test_a_digest_that_fails_is_repeated_whole(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    daily = channel(fresh_receiver.url("/switch"), mode="digest", digest_at="07:00")
    clock = Clock(NOW)
    await drain(db_path, clock, daily)
    newsroom.publish(AlertPolicy((daily,)))
    clock.now = NOW + timedelta(days=1)
    assert await drain(db_path, clock, daily) == 0
    assert sorted(row["state"] for row in rows(db, "SELECT state FROM deliveries")) == ["bundled", "waiting"]
    fresh_receiver.bring_up()
    clock.now += timedelta(minutes=1)
    assert await drain(db_path, clock, daily) == 1
    first, second = fresh_receiver.received()
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
    assert first["body"] == second["body"]


async def test_a_burst_becomes_one_summary(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url(), burst="3/10m")
    clock = Clock(NOW)
    for number in range(2):
        newsroom.publish(AlertPolicy((desk,)), source=f"a{number}")
    assert await drain(db_path, clock, desk) == 2
    for number in range(12):
        newsroom.publish(AlertPolicy((desk,)), source=f"b{number}")
    clock.now += timedelta(minutes=1)
    assert await drain(db_path, clock, desk) == 1, "one more message is free, and it carries all"
    for number in range(4):
        newsroom.publish(AlertPolicy((desk,)), source=f"c{number}")
    assert await drain(db_path, clock, desk) == 0
    clock.now += timedelta(minutes=9, seconds=1)
    assert await drain(db_path, clock, desk) == 1
    kinds = [body["type"] for body in bodies(fresh_receiver)]
    assert kinds == ["alert.created", "alert.created", "alert.summary", "alert.summary"]
    told = [item["alert_id"] for body in bodies(fresh_receiver)[2:] for item in body["data"]["items"]]
    told += [body["data"]["alert_id"] for body in bodies(fresh_receiver)[:2]]
    assert sorted(told) == sorted(row["id"] for row in rows(db, "SELECT id FROM alerts WHERE kind = 'new'"))


async def test_quiet_hours_keep_for_afterwards(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    desk = channel(fresh_receiver.url(), quiet_hours="11:00-13:00")
    clock = Clock(NOW)
    newsroom.publish(AlertPolicy((desk,)))
    assert await drain(db_path, clock, desk) == 0
    clock.now += timedelta(hours=1)
    assert await drain(db_path, clock, desk) == 1


async def test_a_channel_that_is_no_digest_any_more_sends_what_was_held(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver
) -> None:
    daily = channel(fresh_receiver.url(), mode="digest")
    newsroom.publish(AlertPolicy((daily,)))
    assert await drain(db_path, Clock(NOW), daily.model_copy(update={"mode": "instant"})) == 1


def test_a_notice_is_told_once_in_six_hours(db: Database) -> None:
    chief = channel(name="chief", operator=True)
    notice = Notice("source dawn", "dawn is silent", ("No entry for three days.",))
    told = [
        post_notice(db, notice, [chief, channel()], now=NOW + timedelta(hours=hours), new_id=random_alert_id)
        is not None
        for hours in (0, 1, 5.9, 6.1)
    ]
    assert told == [True, False, False, True]
    assert post_notice(db, notice, [channel()], now=NOW + timedelta(days=9), new_id=random_alert_id) is None
    assert {row["channel"] for row in rows(db, "SELECT channel FROM deliveries")} == {"chief"}


async def test_a_locked_database_does_not_stop_a_lane(
    db: Database, db_path: Path, newsroom: Newsroom, fresh_receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a send that could not be written is written later; the alert is not sent twice."""
    desk = channel(fresh_receiver.url())
    newsroom.publish(AlertPolicy((desk,)), now=datetime.now(UTC))

    def impatient() -> Database:
        database = open_database(db_path)
        database.conn.execute("PRAGMA busy_timeout = 50")
        return database

    deliverer = Deliverer(impatient, [desk], base_dir=db_path.parent)
    stop = asyncio.Event()
    blocker = sqlite3.connect(db_path, isolation_level=None)
    running = asyncio.create_task(deliverer.run(stop))
    for _ in range(400):  # the claim is committed; block before the outcome is
        await asyncio.sleep(0.005)
        if scalar(db, "SELECT state FROM deliveries") != "waiting":
            break
    blocker.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(0.3)
    blocker.execute("ROLLBACK")
    blocker.close()
    for _ in range(600):
        await asyncio.sleep(0.01)
        if scalar(db, "SELECT state FROM deliveries") == "sent":
            break
    stop.set()
    await running
    assert scalar(db, "SELECT state FROM deliveries") == "sent"
    assert len(fresh_receiver.received()) == 1
