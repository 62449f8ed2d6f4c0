"""The main job against plain trafilatura: `crawl` and `recrawl` of the evaluation corpus, wall time and memory.

    make bench

The peer is a plain loop of `trafilatura.bare_extraction` over the same pages in a pool of the same two processes.
The two are measured in turn, in one run; ratios are medians over the rounds. Needs BORDERWATCH_SHARED.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.common import ROOT, print_table, read_jsonl, shared_or_exit, tree_memory, write_results

WORKERS = 2


def _pages(warc: Path) -> list[bytes]:
    from storage.archive import Found, iter_pages

    return [found.capture.body for found in iter_pages(warc) if isinstance(found, Found)]


def _plain(body: bytes) -> int:
    from trafilatura import bare_extraction

    found = bare_extraction(body, with_metadata=True)
    return len(found.text or "") if found is not None else 0


def plain_loop(pages: list[bytes]) -> float:
    """Seconds that two processes of plain trafilatura (text and metadata) take."""
    with multiprocessing.get_context("forkserver").Pool(WORKERS) as pool:
        pool.map(_plain, pages[:4])  # the imports are not what is measured
        begun = time.monotonic()
        sum(pool.imap_unordered(_plain, pages, chunksize=8))
        return time.monotonic() - begun


class MemoryWatch(threading.Thread):
    """The largest resident size of each kind of process, sampled."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak: dict[str, int] = defaultdict(int)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.25):
            for pid, (_, rss) in tree_memory(self.pid).items():
                kind = "main" if pid == self.pid else "worker"
                self.peak[kind] = max(self.peak[kind], rss)


def program(words: list[str], environment: dict[str, str]) -> tuple[float, dict[str, Any], dict[str, int]]:
    """Seconds, JSON and peak memory of one call."""
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "jobs", *words, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as child:
        watch = MemoryWatch(child.pid)
        watch.start()
        output, _ = child.communicate()
        watch.ended.set()
    return time.monotonic() - begun, json.loads(output), dict(watch.peak)


def configuration(folder: Path, truth: Path) -> Path:
    """Every host of the corpus as a source, without delay."""
    hosts = sorted({urlsplit(row["url"]).netloc for row in read_jsonl(truth)})
    sources = "".join(f'[[sources]]\nname = "{host}"\nfeed = "http://{host}/feed.xml"\n' for host in hosts)
    path = folder / "borderwatch.toml"
    path.write_text(
        f'[service]\ncontact = "bench@example.org"\nhost_delay = 0\nworkers = {WORKERS}\n{sources}',
        encoding="utf-8",
    )
    return path


def main() -> None:
    """Measure, print a table, write bench-results/main.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    shared = shared_or_exit()
    warc, truth = shared / "corpus" / "news.warc.gz", shared / "corpus" / "truth.jsonl"
    pages = _pages(warc)
    rounds: list[dict[str, float]] = []
    memory: dict[str, int] = defaultdict(int)
    report: dict[str, Any] = {}
    lag: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="borderwatch-bench-") as name:
        folder = Path(name)
        config = configuration(folder, truth)
        server = subprocess.Popen(
            [
                sys.executable,
                str(shared / "tools" / "replay_web.py"),
                "--warc",
                str(warc),
                "--truth",
                str(truth),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        proxy = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        environment = {
            **os.environ,
            "http_proxy": proxy,
            "no_proxy": "",
            "BORDERWATCH_LOOP_PROBE": str(folder / "lag.json"),
        }
        try:
            for number in range(options.rounds):
                plain_s = plain_loop(pages)
                crawl_s, report["crawl"], peak = program(
                    ["crawl", "--all", "--config", str(config), "--data-dir", str(folder / f"crawl{number}")],
                    environment,
                )
                lag = json.loads((folder / "lag.json").read_text()) if (folder / "lag.json").exists() else {}
                again_s, report["second pass"], _ = program(
                    ["crawl", "--all", "--config", str(config), "--data-dir", str(folder / f"crawl{number}")],
                    environment,
                )
                recrawl_s, report["recrawl"], peak2 = program(
                    [
                        "recrawl",
                        "--archive",
                        str(warc),
                        "--config",
                        str(config),
                        "--data-dir",
                        str(folder / f"recrawl{number}"),
                    ],
                    environment,
                )
                rounds.append(
                    {"plain_s": plain_s, "crawl_s": crawl_s, "recrawl_s": recrawl_s, "second_pass_s": again_s}
                )
                for kind in peak.keys() | peak2.keys():
                    memory[kind] = max(memory[kind], peak.get(kind, 0), peak2.get(kind, 0))
                print(
                    f"round {number + 1}: plain {plain_s:.1f} s, crawl {crawl_s:.1f} s, recrawl {recrawl_s:.1f} s, second pass {again_s:.1f} s",
                    file=sys.stderr,
                )
        finally:
            server.kill()
            server.wait()
    ratio = {
        kind: statistics.median(one[f"{kind}_s"] / one["plain_s"] for one in rounds)
        for kind in ("crawl", "recrawl")
    }
    lines = [
        ("plain trafilatura, 2 processes", statistics.median(one["plain_s"] for one in rounds), 1.0, "–"),
        (
            "crawl (fetch, archive, read, tag, record)",
            statistics.median(one["crawl_s"] for one in rounds),
            ratio["crawl"],
            "≤ 1.5",
        ),
        (
            "recrawl --archive",
            statistics.median(one["recrawl_s"] for one in rounds),
            ratio["recrawl"],
            "≤ 1.2",
        ),
        (
            "second pass (all feeds 304)",
            statistics.median(one["second_pass_s"] for one in rounds),
            statistics.median(one["second_pass_s"] / one["plain_s"] for one in rounds),
            "–",
        ),
    ]
    print_table(["what", "seconds", "ratio", "goal"], lines)
    print_table(
        ["process", "peak MB", "goal"],
        [("main", memory["main"] / 2**20, "≤ 300"), ("each worker", memory["worker"] / 2**20, "≤ 400")],
    )
    if lag:
        print_table(
            ["event loop lag", "ms", "goal"],
            [("p50", lag["p50_ms"], "–"), ("p99", lag["p99_ms"], "≤ 50"), ("largest", lag["max_ms"], "–")],
        )
    write_results(
        "main",
        {
            "rounds": rounds,
            "ratio": ratio,
            "peak_bytes": dict(memory),
            "loop_lag": lag,
            "reports": report,
            "pages": len(pages),
        },
    )


if __name__ == "__main__":
    main()
