"""kill -9 of the real service at random moments, under a stream of publications, with receivers that fail a third of the time.

    python -m tests.bench.bench_crash [--rounds 200] [--seed 1]      (make bench-crash)

At the end the service is left alone until everything is read and delivered, and the books are compared: every decided
alert has arrived on every channel; no story under two ids; a repeat only where the answer was unclear (the receiver took it
and broke off) or the kill fell into the send; one alert for a story and its copies; every page that was published is read.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from storage.database import Database, open_database, rows, scalar
from tests.bench.crash_newsroom import Newsroom

ROOT = Path(__file__).parents[2]
SITES = 4
CHANNELS = 2
IN_THE_SEND_S = 2.0
"""A repeat is the kill's where one came within so long after the first acceptance: the outcome was not committed yet."""


@dataclass
class Report:
    """What a bench found; every count of `faults` must be 0."""

    rounds: int
    seconds: float = 0.0
    published: int = 0
    copies: int = 0
    fell_out_of_the_feed: int = 0
    """Published and gone from the feed (its newest 400) while the service lay dead: never listed, so never promised."""
    articles_read: int = 0
    alerts: int = 0
    deliveries: int = 0
    posts: int = 0
    refused: int = 0
    repeats_after_unclear_answer: int = 0
    repeats_after_kill: int = 0
    kills_before_running: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class Receivers:
    """Receivers in child processes that outlive the kills."""

    def __init__(self, count: int) -> None:
        self.processes = []
        self.ports = []
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.alerts.receiver", "http"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            self.processes.append(process)
            self.ports.append(int(process.stdout.readline()))

    def posts(self, index: int) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[index]}/_received", timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()


class ServiceProcess:
    """The real `borderwatch run`, killed and started again."""

    def __init__(self, config: Path, data_dir: Path, log: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "jobs",
            "--config",
            str(config),
            "--data-dir",
            str(data_dir),
            "run",
            "--no-web",
        ]
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._from = log.tell()
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def wait_until_running(self, limit_s: float) -> bool:
        ends = time.monotonic() + limit_s
        while time.monotonic() < ends:
            with self._log.open("rb") as log:
                log.seek(self._from)
                if b"running" in log.read():
                    return True
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended by itself: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        return False

    def kill(self) -> float:
        assert self.process is not None
        moment = time.time()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return moment


def write_config(folder: Path, newsroom: Newsroom, receivers: Receivers) -> Path:
    sources = "".join(
        f'[[sources]]\nname = "site{site}"\nfeed = "{newsroom.address(site)}/feed.xml"\ncountry = "PK"\nlanguage = "en"\nmin_interval = "1s"\nmax_interval = "1s"\n'
        for site in range(newsroom.sites)
    )
    channels = "".join(
        f'[[channels]]\nname = "c{index}"\nurl = "webhook+http://127.0.0.1:{port}/flaky?rate=0.33"\n'
        for index, port in enumerate(receivers.ports)
    )
    service = '[service]\nallow_networks = ["127.0.0.0/8"]\nhost_delay = 0\nworkers = 1\ntick = "500ms"\nrequests_per_day = 10000000\n'
    path = folder / "borderwatch.toml"
    path.write_text(service + sources + channels, encoding="utf-8")
    return path


def run(
    rounds: int,
    seed: int,
    rate: float,
    folder: Path,
    *,
    progress: bool = False,
    enough: threading.Event | None = None,
) -> Report:
    """Kill `rounds` times (fewer where `enough` is set meanwhile), let it settle, and compare the books."""
    began = time.monotonic()
    chance = Random(seed)
    newsroom = Newsroom(SITES, seed)
    newsroom.start()
    receivers = Receivers(CHANNELS)
    report = Report(rounds)
    service = ServiceProcess(
        write_config(folder, newsroom, receivers), folder / "data", folder / "service.log"
    )
    kills: list[float] = []
    done = threading.Event()

    def publish() -> None:
        while not done.wait(chance.expovariate(rate)):
            newsroom.publish()

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for number in range(rounds):
            service.start()
            if chance.random() < 0.2:
                time.sleep(chance.uniform(0.0, 1.5))
                report.kills_before_running += 1
            else:
                service.wait_until_running(30)
                time.sleep(chance.uniform(0.0, 2.5))
            kills.append(service.kill())
            report.rounds = number + 1
            if enough is not None and enough.is_set():
                break
            if progress and (number + 1) % 10 == 0:
                print(f"{number + 1} kills, {len(newsroom.reports)} published", file=sys.stderr, flush=True)
        done.set()
        publisher.join()
        service.start()
        _settle(folder / "data" / "borderwatch.db", len(newsroom.reports), limit_s=60)
        service.kill()
        db = open_database(folder / "data" / "borderwatch.db")
        try:
            _audit(db, newsroom, [receivers.posts(index) for index in range(CHANNELS)], kills, report)
        finally:
            db.conn.close()
    finally:
        done.set()
        if service.process is not None and service.process.poll() is None:
            service.process.kill()
            service.process.wait()
        receivers.stop()
        newsroom.stop()
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _settle(path: Path, published: int, limit_s: float) -> None:
    """Wait until every page is read and every delivery sent, or for `limit_s` seconds nothing moves any more."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < limit_s:
        db = open_database(path, readonly=True)
        try:
            articles = scalar(db, "SELECT count(*) FROM articles")
            pending = scalar(db, "SELECT count(*) FROM captures WHERE state = 'pending'")
            unsent = scalar(db, "SELECT count(*) FROM deliveries WHERE state != 'sent'")
        finally:
            db.conn.close()
        if articles >= published and not pending and not unsent:
            return
        if (articles, pending, unsent) != last:
            last, since = (articles, pending, unsent), time.monotonic()
        time.sleep(0.5)


def _audit(
    db: Database, newsroom: Newsroom, posts: list[list[dict[str, Any]]], kills: list[float], report: Report
) -> None:
    faults: Counter[str] = Counter()
    event_of = {f"{newsroom.address(r.site)}{r.path}": r.event for r in newsroom.reports}
    alerts = rows(
        db,
        "SELECT a.id, a.story_id, r.url FROM alerts a JOIN articles r ON r.id = a.article_id WHERE a.kind = 'new'",
    )
    report.published = len(newsroom.reports)
    report.copies = report.published - len(set(event_of.values()))
    report.articles_read = scalar(db, "SELECT count(*) FROM articles")
    report.alerts = len(alerts)
    faults["pages never read"] = report.published - report.articles_read
    listed = {row["url"] for row in rows(db, "SELECT url FROM entries")}
    report.fell_out_of_the_feed = sum(url not in listed for url in event_of)
    faults["pages never read"] -= report.fell_out_of_the_feed
    faults["captures left pending"] = scalar(db, "SELECT count(*) FROM captures WHERE state = 'pending'")
    faults["captures set aside"] = scalar(db, "SELECT count(*) FROM captures WHERE state = 'set_aside'")
    faults["stories with two alerts"] = sum(
        count - 1 for count in Counter(alert["story_id"] for alert in alerts).values()
    )
    faults["alerts for a copy"] = sum(
        count - 1 for count in Counter(event_of[alert["url"]] for alert in alerts).values()
    )
    known = {alert["id"] for alert in alerts}
    for index, items in enumerate(posts):
        accepted: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in items:
            if item["accepted"]:
                accepted[item["headers"]["webhook-id"]].append(item)
        report.posts += len(items)
        report.refused += sum(not item["accepted"] for item in items)
        report.deliveries += len(accepted)
        faults["alerts that never arrived"] += len(known - set(accepted))
        faults["arrivals of nothing decided"] += len(set(accepted) - known)
        unsent = scalar(
            db, "SELECT count(*) FROM deliveries WHERE channel = ? AND state != 'sent'", (f"c{index}",)
        )
        faults["deliveries not marked sent"] += unsent
        for copies in accepted.values():
            faults["repeats with another content"] += len({item["body"] for item in copies}) - 1
            for earlier in copies[:-1]:
                if earlier.get("unclear"):
                    report.repeats_after_unclear_answer += 1
                elif any(earlier["at"] - 0.1 <= kill <= earlier["at"] + IN_THE_SEND_S for kill in kills):
                    report.repeats_after_kill += 1
                else:
                    faults["repeats without a reason"] += 1
    report.faults = dict(faults)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=float, default=1.0, help="publications a second")
    options.add_argument("--keep", type=Path, help="keep the data here")
    given = options.parse_args()
    enough = threading.Event()
    signal.signal(
        signal.SIGTERM, lambda *_: enough.set()
    )  # ends the kills early, with a report of those there were
    with tempfile.TemporaryDirectory(prefix="bench-crash-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = run(given.rounds, given.seed, given.rate, folder, progress=True, enough=enough)
    for key, value in asdict(report).items():
        print(f"{key:32} {value}")
    target = ROOT / "bench-results" / "crash.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(
        json.dumps(asdict(report) | {"cpus": os.cpu_count()}, indent=2) + "\n", encoding="utf-8"
    )
    return 1 if any(report.faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
