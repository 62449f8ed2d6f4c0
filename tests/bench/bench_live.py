"""The service live: pages are released while `borderwatch run` watches 200 sources; from seen to delivered.

    make bench-live

Pages of the evaluation corpus are released by the replay server, in random order at a steady rate; a topic of
everyday words makes each an alert, and a webhook receiver takes the time. Seen is the capture's time, delivered
the arrival of the POST. Needs BORDERWATCH_SHARED.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from storage.database import open_database, rows
from tests.bench.common import ROOT, print_table, read_jsonl, shared_or_exit, write_results

TOPIC = """
name = "any-news"
title = "Any news"
threshold = 1.0

[concepts.word]
label = "an everyday word"
en = ["the", "and", "of", "to", "a", "in"]
de = ["der", "die", "das", "und", "in", "zu", "mit"]
fr = ["le", "la", "les", "et", "de", "du"]
ru = ["и", "в", "на", "не", "что", "по", "с"]

[[rules]]
name = "any"
says = "an everyday word"
phrases = ["[word]"]
weight = 1.0
"""


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks and the time of each."""

    arrived: ClassVar[list[tuple[float, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.arrived.append((time.time(), json.loads(body)["data"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Quiet."""


def main() -> None:
    """Release, wait, compare the books, print and write bench-results/live.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="pages released a second")
    options = parser.parse_args()
    shared = shared_or_exit()
    warc, truth = shared / "corpus" / "news.warc.gz", shared / "corpus" / "truth.jsonl"
    languages = {"en", "de", "fr", "ru"}
    listed = read_jsonl(truth)
    hosts = Counter(urlsplit(row["url"]).netloc for row in listed if row["lang"] in languages)
    chosen = [host for host, _ in hosts.most_common(options.sources)]
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="borderwatch-live-") as name:
        folder = Path(name)
        (folder / "any.toml").write_text(TOPIC, encoding="utf-8")
        config = folder / "borderwatch.toml"
        sources = "".join(
            f'[[sources]]\nname = "{host}"\nfeed = "http://{host}/feed.xml"\nmin_interval = "1s"\nmax_interval = "3s"\n'
            for host in chosen
        )
        config.write_text(
            '[service]\ncontact = "bench@example.org"\nhost_delay = 0\ntick = "500ms"\nalert_window = "3650d"\n[web]\nenabled = false\n'
            f'[include]\ntopics = ["any.toml"]\n[[channels]]\nname = "hook"\nurl = "webhook+http://127.0.0.1:{receiver.server_port}/"\n{sources}',
            encoding="utf-8",
        )
        server = subprocess.Popen(
            [sys.executable, str(shared / "tools" / "replay_web.py"), "--warc", str(warc), "--truth", str(truth), "--released", "0"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        proxy = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
        environment = {**os.environ, "http_proxy": proxy, "no_proxy": "127.0.0.1"}
        command = [
            sys.executable,
            "-m",
            "jobs",
            "run",
            "--config",
            str(config),
            "--data-dir",
            str(folder / "data"),
        ]
        service = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=(folder / "log").open("w"))
        try:
            _until(
                lambda: (
                    _count(folder, "SELECT count(*) FROM sources WHERE last_success IS NOT NULL")
                    >= len(chosen)
                ),
                120,
            )
            releases = [host for host in chosen for _ in range(hosts[host])]
            random.Random(1).shuffle(releases)
            for host in releases:
                opener.open(
                    urllib.request.Request(f"http://replay.control/release?n=1&host={host}", method="POST")
                ).read()
                time.sleep(1.0 / options.rate)
            _until(
                lambda: (
                    _count(folder, "SELECT count(*) FROM captures WHERE state != 'pending'") >= len(releases)
                ),
                60,
            )
            _until(lambda: _count(folder, "SELECT count(*) FROM deliveries WHERE state != 'sent'") == 0, 20)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(timeout=15)
            server.kill()
        db = open_database(folder / "data" / "borderwatch.db")
        seen = {row["url"]: row["first_seen"] for row in rows(db, "SELECT url, first_seen FROM articles")}
        captured = _count(folder, "SELECT count(*) FROM captures")
        articles = _count(folder, "SELECT count(*) FROM articles")
        alerts = _count(folder, "SELECT count(*) FROM alerts WHERE kind = 'new'")
        stories = _count(folder, "SELECT count(DISTINCT story_id) FROM articles")
    delays = sorted(
        at - datetime.fromisoformat(seen[data["url"]]).timestamp()
        for at, data in Receiver.arrived
        if data["url"] in seen
    )
    p50, p95, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.95, 0.99))
    print_table(
        ["what", "figure", "goal"],
        [
            ("sources", len(chosen), "200"), ("pages released", len(releases), "–"), ("captured", captured, "all"), ("articles", articles, "–"),
            ("stories", stories, "–"), ("alerts decided", alerts, "–"), ("alerts delivered", len(Receiver.arrived), "all decided"),
            ("seen to delivered p50, s", p50, "≤ 0.3"), ("seen to delivered p95, s", p95, "≤ 1"), ("seen to delivered p99, s", p99, "≤ 1"),
        ],
    )  # fmt: skip
    write_results(
        "live",
        {
            "released": len(releases),
            "captured": captured,
            "articles": articles,
            "alerts": alerts,
            "delivered": len(Receiver.arrived),
            "p50_s": p50,
            "p95_s": p95,
            "p99_s": p99,
            "mean_s": statistics.mean(delays),
        },
    )


def _count(folder: Path, sql: str) -> int:
    path = folder / "data" / "borderwatch.db"
    if not path.exists():
        return 0
    try:
        db = open_database(path, readonly=True)
    except Exception:
        return 0
    found = int(db.conn.execute(sql).fetchone()[0])
    db.close()
    return found


def _until(condition: Any, limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end and not condition():
        time.sleep(0.3)


if __name__ == "__main__":
    main()
