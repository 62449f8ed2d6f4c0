"""How fast alerts arrive, and what a dead channel costs the others.

    python -m tests.bench.bench_alerts [--seconds 60] [--waiting 10000]      (make bench-alerts)

1. Seen to delivered: the real service crawls 20 new pages a second on loopback, every fifth of them an alert. The time
   runs from the newsroom's answer with the page to the receiver's arrival, so that reading and recording are in it.
2. A dead channel: 10,000 deliveries wait for a channel that refuses, while another gets an alert now and then; the peer
   in the same run is the same channel without the dead one beside it. Then the dead channel returns and is drained;
   once more with a rate limit, to see that it is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from jobs.alerts.deliver import Deliverer
from jobs.alerts.outbox import AlertPolicy
from jobs.config.channels import Channel
from storage.database import (
    Database,
    now_utc,
    open_database,
    parse_stamp,
    rows,
    scalar,
    stamp,
    write_transaction,
)
from tests.alerts.conftest import Newsroom as Room
from tests.bench.bench_crash import Receivers, ServiceProcess
from tests.bench.common import print_table, write_results
from tests.bench.crash_newsroom import Newsroom

GOALS = {"p50_s": 0.3, "p99_s": 1.0, "drain_per_s": 200.0}


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p99 and the largest, in seconds."""
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "p50_s": round(statistics.median(ordered), 4),
        "p99_s": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 4),
        "max_s": round(ordered[-1], 4),
    }


def seen_to_delivered(folder: Path, seconds: float, pages_per_s: float) -> dict[str, Any]:
    """Part 1: the real service."""
    newsroom = Newsroom(8, seed=5, copies=0.0, border=0.2)
    newsroom.start()
    receivers = Receivers(1)
    sources = "".join(
        f'[[sources]]\nname = "site{site}"\nfeed = "{newsroom.address(site)}/feed.xml"\ncountry = "PK"\nlanguage = "en"\nmin_interval = "1s"\nmax_interval = "1s"\n'
        for site in range(newsroom.sites)
    )
    config = folder / "borderwatch.toml"
    config.write_text(
        '[service]\nallow_networks = ["127.0.0.0/8"]\nhost_delay = 0\nworkers = 2\ntick = "500ms"\nrequests_per_day = 100000000\n'
        f'{sources}[[channels]]\nname = "desk"\nurl = "webhook+http://127.0.0.1:{receivers.ports[0]}/ok"\n',
        encoding="utf-8",
    )
    service = ServiceProcess(config, folder / "data", folder / "service.log")
    stop = threading.Event()

    def publish() -> None:
        following = time.monotonic()
        while not stop.is_set():
            newsroom.publish()
            following += 1 / pages_per_s
            stop.wait(max(0.0, following - time.monotonic()))

    publisher = threading.Thread(target=publish)
    service.start()
    try:
        service.wait_until_running(60)
        publisher.start()
        time.sleep(10)  # the first crawl, the first imports of the workers
        measured_from = time.time()
        time.sleep(seconds)
        measured_to = time.time()
        time.sleep(3)
        stop.set()
        publisher.join()
        posts = receivers.posts(0)
    finally:
        stop.set()
        service.kill()
        receivers.stop()
        newsroom.stop()
    db = open_database(folder / "data" / "borderwatch.db", readonly=True)
    decided = {
        row["id"]: parse_stamp(row["created"]).timestamp()
        for row in rows(db, "SELECT id, created FROM alerts")
    }
    db.conn.close()
    waits, sending = [], []
    for post in posts:
        served = newsroom.served.get(json.loads(post["body"])["data"]["url"])
        if served is not None and measured_from <= served <= measured_to:
            waits.append(post["at"] - served)
            sending.append(post["at"] - decided[post["headers"]["webhook-id"]])
    fetched = sum(measured_from <= moment <= measured_to for moment in newsroom.served.values())
    return {
        "pages_per_s": round(fetched / seconds, 1),
        **percentiles(waits),
        "of_it_from_decided": percentiles(sending),
    }


class Desk:
    """Alerts made by hand, without crawling."""

    def __init__(self, path: Path) -> None:
        self.db: Database = open_database(path)
        self.number = 0
        self.room = Room(self.db)

    def fill(self, channel: str, count: int) -> None:
        """`count` alerts that wait for a channel."""
        verdict, article, _ = self.room.publish(AlertPolicy(), now=now_utc())
        payload = json.loads(scalar(self.db, "SELECT payload FROM alerts WHERE id = ?", (verdict.alert_id,)))
        now = stamp(now_utc())
        with write_transaction(self.db):
            for number in range(count):
                self.number += 1
                key = f"alert_{self.number:032x}"
                text = json.dumps({**payload, "alert_id": key})
                self.db.conn.execute(
                    "INSERT INTO alerts (id, topic, story_id, article_id, created, payload) VALUES (?, 'x', ?, ?, ?, ?)",
                    (key, 10_000_000 + self.number, article, now, text),
                )
                self.db.conn.execute(
                    "INSERT INTO deliveries (alert_id, channel, next_try, created) VALUES (?, ?, ?, ?)",
                    (key, channel, stamp(now_utc() - timedelta(seconds=count - number)), now),
                )


async def latency_of(path: Path, channels: list[Channel], desk: Desk, count: int) -> list[float]:
    """Seconds from poke to the committed `sent` of single alerts on channel `desk`, with `channels` running."""
    waits: list[float] = []
    arrived = asyncio.Event()
    deliverer = Deliverer(
        lambda: open_database(path),
        channels,
        base_dir=path.parent,
        on_sent=lambda item, _: arrived.set() if item.channel == "desk" else None,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(deliverer.run(stop))
    await asyncio.sleep(5)
    for _ in range(count):
        arrived.clear()
        desk.fill("desk", 1)
        began = time.monotonic()
        deliverer.poke()
        await asyncio.wait_for(arrived.wait(), 10)
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.02)
    stop.set()
    await running
    return waits


async def drain_time(path: Path, channel: Channel, limit_s: float) -> tuple[int, float]:
    """How many deliveries a channel that returned takes, and in how many seconds."""
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1

    deliverer = Deliverer(lambda: open_database(path), [channel], base_dir=path.parent, on_sent=count)
    stop = asyncio.Event()
    began = time.monotonic()
    running = asyncio.create_task(deliverer.run(stop))
    db = open_database(path, readonly=True)
    while time.monotonic() - began < limit_s and scalar(
        db, "SELECT 1 FROM deliveries WHERE channel = ? AND state != 'sent' LIMIT 1", (channel.name,)
    ):
        await asyncio.sleep(0.05)
    took = time.monotonic() - began
    db.conn.close()
    stop.set()
    await running
    return sent, took


def dead_channel(folder: Path, waiting: int) -> dict[str, Any]:
    """Part 2: the deliverer with 10,000 waiting."""
    receivers = Receivers(2)
    path = folder / "dead.db"
    desk = Desk(path)
    alive = Channel.model_validate(
        {"name": "desk", "url": f"webhook+http://127.0.0.1:{receivers.ports[0]}/ok"}
    )
    dead = Channel.model_validate(
        {"name": "dead", "url": f"webhook+http://127.0.0.1:{receivers.ports[1]}/switch"}
    )
    try:
        alone = asyncio.run(latency_of(path, [alive], desk, 100))
        desk.fill("dead", waiting)
        beside = asyncio.run(latency_of(path, [alive, dead], desk, 100))
        subprocess.run(["curl", "-s", "-X", "POST", f"http://127.0.0.1:{receivers.ports[1]}/_up"], check=True)
        desk.db.conn.execute("UPDATE channels SET not_before = NULL")
        sent, took = asyncio.run(drain_time(path, dead, 300))
        desk.fill("slow", 300)
        slow = Channel.model_validate(
            {"name": "slow", "url": f"webhook+http://127.0.0.1:{receivers.ports[0]}/ok", "rate_limit": "20/s"}
        )
        limited, limited_s = asyncio.run(drain_time(path, slow, 60))
    finally:
        receivers.stop()
    desk.db.conn.close()
    return {
        "alone": percentiles(alone),
        "beside_a_dead_channel": percentiles(beside),
        "ratio_of_medians": round(statistics.median(beside) / statistics.median(alone), 2),
        "drained": sent,
        "drain_per_s": round(sent / took, 1),
        "limited_to_20_per_s": round(limited / limited_s, 1),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--pages", type=float, default=20)
    options.add_argument("--waiting", type=int, default=10_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-alerts-") as temporary:
        seen = seen_to_delivered(Path(temporary), given.seconds, given.pages)
        print_table(["seen to delivered", "value"], [[key, json.dumps(value)] for key, value in seen.items()])
        dead = dead_channel(Path(temporary), given.waiting)
        print_table(["a dead channel", "value"], [[key, json.dumps(value)] for key, value in dead.items()])
    print(write_results("alerts", {"seen_to_delivered": seen, "dead_channel": dead, "goals": GOALS}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
