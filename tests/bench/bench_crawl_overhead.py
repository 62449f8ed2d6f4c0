"""What fetching costs: CPU a page of the engine, beside a bare Scrapy spider and bare aiohttp, in the same run.

`make bench-crawl_overhead`, or `python -m tests.bench.bench_crawl_overhead [--pages N] [--rounds N]`. The pages are
the corpus behind the replay proxy, so it needs BORDERWATCH_SHARED. Each peer runs in a process of its own, which
reports its own CPU time; rounds alternate between the peers, and the medians count. `lag` is how late a 5 ms timer
fired in the loop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.common import shared_or_exit, write_results

PEERS = ("aiohttp", "scrapy", "engine", "engine+archive")


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class LagProbe:
    """How late a timer of 5 ms fires, in milliseconds."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []

    async def run(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            self.late_ms.append((time.perf_counter() - begun - 0.005) * 1000)


async def run_engine(urls: list[str], proxy: str, *, archive: bool) -> dict[str, Any]:
    from crawler.engine import Engine, EngineOptions
    from crawler.fetch import Answer, PageAnswer, PageJob
    from storage.archive import Archive
    from storage.database import open_database
    from storage.hosts import HostTables

    with tempfile.TemporaryDirectory() as folder:
        store = Archive(Path(folder) / "archive")
        tables = HostTables(open_database(Path(folder) / "borderwatch.db"))
        pages = 0

        async def take(answer: Answer) -> None:
            nonlocal pages
            if isinstance(answer, PageAnswer) and answer.capture is not None:
                pages += 1
                if archive:
                    store.append(answer.capture)

        options = EngineOptions(
            "bench (+x@y)", host_delay_s=0, environment={"http_proxy": proxy}, max_open_jobs=len(urls)
        )
        engine = Engine(options, take, tables, tables)
        await engine.start()
        probe = LagProbe()
        probing = asyncio.create_task(probe.run())
        cpu, wall = cpu_s(), time.perf_counter()
        for number, url in enumerate(urls):
            await engine.put(PageJob(number, url, "bench"))
        await engine.idle()
        store.sync()
        cpu, wall = cpu_s() - cpu, time.perf_counter() - wall
        probing.cancel()
        await engine.close()
    lag = sorted(probe.late_ms)
    return {
        "pages": pages,
        "cpu_s": cpu,
        "wall_s": wall,
        "lag_p99_ms": lag[int(len(lag) * 0.99)],
        "lag_max_ms": lag[-1],
    }


async def run_aiohttp(urls: list[str], proxy: str) -> dict[str, Any]:
    import aiohttp

    pages = 0
    queue = list(reversed(urls))
    cpu, wall = cpu_s(), time.perf_counter()

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal pages
        while queue:
            async with session.get(queue.pop(), proxy=proxy) as response:
                await response.read()
                pages += response.status == 200

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(worker(session) for _ in range(32)))
    return {"pages": pages, "cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - wall}


def run_scrapy(urls: list[str], proxy: str) -> dict[str, Any]:
    import logging

    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    logging.disable(logging.CRITICAL)
    pages = 0

    class Bare(scrapy.Spider):
        name = "bare"

        async def start(self):
            for url in urls:
                yield scrapy.Request(url, meta={"proxy": proxy}, dont_filter=True)

        def parse(self, response):
            nonlocal pages
            pages += response.status == 200

    settings = {
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
    process = AsyncCrawlerProcess(settings)
    cpu, wall = cpu_s(), time.perf_counter()
    process.crawl(Bare)
    process.start()
    return {"pages": pages, "cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - wall}


def run_one(peer: str, urls: list[str], proxy: str) -> dict[str, Any]:
    if peer == "scrapy":
        return run_scrapy(urls, proxy)
    if peer == "aiohttp":
        return asyncio.run(run_aiohttp(urls, proxy))
    return asyncio.run(run_engine(urls, proxy, archive=peer == "engine+archive"))


def measure(shared: Path, count: int, rounds: int) -> dict[str, Any]:
    truth = (shared / "corpus" / "truth.jsonl").read_text(encoding="utf-8").split("\n")
    urls = [json.loads(line)["url"].replace("https://", "http://", 1) for line in truth if line][:count]
    tool = [
        sys.executable,
        str(shared / "tools" / "replay_web.py"),
        "--warc",
        str(shared / "corpus" / "news.warc.gz"),
    ]
    results: dict[str, list[dict[str, Any]]] = {peer: [] for peer in PEERS}
    with subprocess.Popen(tool, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        proxy = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        for _ in range(rounds):
            for peer in PEERS:
                done = subprocess.run(
                    [sys.executable, "-m", "tests.bench.bench_crawl_overhead", "--one", peer, "--proxy", proxy],
                    input=json.dumps(urls), capture_output=True, text=True, check=False, env=environment,
                )  # fmt: skip
                if done.returncode:
                    raise SystemExit(done.stderr)
                results[peer].append(json.loads(done.stdout.splitlines()[-1]))
        server.terminate()
    return {
        peer: {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}
        for peer, runs in results.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=PEERS)
    parser.add_argument("--proxy")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one, json.loads(sys.stdin.read()), arguments.proxy)))
        return
    results = measure(shared_or_exit(), arguments.pages, arguments.rounds)
    print(f"{'peer':<16} {'pages':>6} {'CPU ms/page':>12} {'wall ms/page':>13} {'lag p99 ms':>11}")
    for peer, row in results.items():
        row["cpu_ms_per_page"] = round(row["cpu_s"] * 1000 / row["pages"], 3)
        lag = row.get("lag_p99_ms", float("nan"))
        print(
            f"{peer:<16} {row['pages']:>6.0f} {row['cpu_ms_per_page']:>12.2f} {row['wall_s'] * 1000 / row['pages']:>13.2f} {lag:>11.1f}"
        )
    write_results("crawl_overhead", results)


if __name__ == "__main__":
    main()
