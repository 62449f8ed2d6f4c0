"""How fast the page answers over 200,000 articles and 20,000 stories, what it weighs, and what it costs a crawl.

    python -m tests.bench.bench_web [--articles 200000] [--stories 20000] [--data-dir DIR] [--quick]   (make bench-web)

1. Every page: time to answer without any answer being kept (wall and the server's CPU), and its weight on first load.
   The peer in the same run is a route of the same server that only says that it lives.
2. Largest paint in Chromium with the CPU slowed four times.
3. *Now* under `wrk`, idle.
4. Thirty requests a second on *Now* while two processes read pages and a third one writes stories: answers, and how
   much slower the reading gets against the same reading alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import multiprocessing
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from jobs.topics.loader import load_topics
from tests.bench.common import print_table, write_results
from tests.bench.seed import seed_database
from tests.bench.seed_texts import FILLER
from tests.web.stories_made import add_story

RUNS = 40
PEER = "(peer: /health)"
PAGES = {
    "Now": ("/", "/?lang=ur", "/?place=washuk&lang=en&country=GB", "/?source=copyfeed-24&min=10", "/?state=not_relevant", "/?state=handled", "/?order=active"),
    "Story": ("/stories/{story}",),
    "Article": ("/articles/{article}",),
    "Map": ("/map", "/map?days=all"),
    "Timeline": ("/timeline", "/timeline?days=180", "/timeline?days=180&by=country"),
    "Search": ("/search?q=Saravan", "/search?q=wheat&topic=iran-pakistan-border", "/search?q=Iran&lang=fa", "/search?source=copyfeed-24"),
    "Sources": ("/sources",),
    "Alerts": ("/alerts", "/alerts?state=dead"),
    "Topics": ("/topics",),
    "API": ("/api/v1/stories?limit=50", "/api/v1/articles?q=Saravan"),
}  # fmt: skip


@contextmanager
def server(directory: Path, *, forget: bool) -> Iterator[tuple[str, psutil.Process]]:
    """The page in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.serve_web",
        str(directory),
        *(["--forget"] if forget else []),
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield child.stdout.readline().strip().rstrip("/"), psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(15)
        if child.stdout:
            child.stdout.close()


def cpu_s(process: psutil.Process) -> float:
    """CPU that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(client: httpx.Client, path: str, process: psutil.Process, runs: int) -> tuple[list[float], float]:
    """(wall milliseconds of each answer, CPU milliseconds an answer)."""
    client.get(path).raise_for_status()
    before = cpu_s(process)
    walls = []
    for _ in range(runs):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        walls.append((time.perf_counter() - began) * 1000)
    return walls, (cpu_s(process) - before) / runs * 1000


def weight(client: httpx.Client, path: str) -> int:
    """Compressed bytes of a first load: the page and every file that it names."""
    text = client.get(path).text
    total = len(gzip.compress(text.encode(), 5))
    for asset in set(re.findall(r'(?:src|href|data-map)="(/static/[^"]+)"', text)):
        with client.stream("GET", asset, headers={"Accept-Encoding": "gzip"}) as answer:
            total += sum(len(part) for part in answer.iter_raw())
    return total


def pages(directory: Path, runs: int) -> list[dict[str, Any]]:
    """Every page's times and weight, none of the answers kept."""
    found = []
    with server(directory, forget=True) as (url, process), httpx.Client(base_url=url, timeout=60) as client:
        story = client.get("/api/v1/stories?limit=1&min=6").json()["items"][0]
        for name, paths in {PEER: ("/health",), **PAGES}.items():
            walls: list[float] = []
            cpus = []
            for path in paths:
                one, cpu = measure(
                    client, path.format(story=story["story_id"], article=story["article_id"]), process, runs
                )
                walls += one
                cpus.append(cpu)
            size = 0
            if name not in {PEER, "API"}:
                size = weight(client, paths[0].format(story=story["story_id"], article=story["article_id"]))
            found.append(
                {
                    "page": name,
                    "p50_ms": statistics.median(walls),
                    "p95_ms": percentile(walls, 0.95),
                    "cpu_ms_mean": statistics.fmean(cpus),
                    "cpu_ms_worst": max(cpus),
                    "first_load_kb": round(size / 1000, 1),
                }
            )
    return found


def paints(directory: Path) -> dict[str, float]:
    """Largest contentful paint in milliseconds with the CPU slowed four times; the median of three."""
    executable = shutil.which("chromium")
    if executable is None:
        return {}
    from playwright.sync_api import sync_playwright

    result = {}
    with server(directory, forget=False) as (url, _), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        story = httpx.get(url + "/api/v1/stories?limit=1").json()["items"][0]["story_id"]
        for name, path in {
            "Now": "/",
            "Story": f"/stories/{story}",
            "Map": "/map",
            "Sources": "/sources",
        }.items():
            times = []
            for _ in range(3):
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
                page.goto(url + path, wait_until="load")
                page.wait_for_timeout(700)
                times.append(
                    page.evaluate(
                        "new Promise(found => new PerformanceObserver(list => found(list.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true}))"
                    )
                )
                page.context.close()
            result[name] = round(statistics.median(times))
        browser.close()
    return result


def throughput(directory: Path, seconds: int) -> dict[str, float]:
    """Requests a second that *Now* carries under wrk (one thread, eight connections), kept answers and anew."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return {}
    result = {}
    for name, forget in (("answers kept", False), ("every answer anew", True)):
        with server(directory, forget=forget) as (url, _):
            httpx.get(url + "/", timeout=60)
            said = subprocess.run(
                [wrk, "-t1", "-c8", f"-d{seconds}s", "-H", "Accept-Encoding: gzip", url + "/"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
            assert rate is not None
            assert "Non-2xx" not in said
            result[name] = float(rate[1])
    return result


def read_pages(seconds: float, results: Any) -> None:
    """A crawl's reading: extract, fingerprint and match written pages for a time; puts how many were read."""
    from jobs.reading import read
    from storage.model import Capture

    topics = load_topics(("presets:iran-pakistan-border",), Path())
    body = "".join(f"<p>{text} {number}</p>" for number in range(30) for text in FILLER["en"])
    html = f"<html><head><title>Gate at Taftan on the Iran-Pakistan border shut</title></head><body><nav>{'<a href=/x>x</a>' * 60}</nav><article><h1>Gate shut</h1>{body}</article></body></html>".encode()
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        read(
            Capture(
                f"https://x.example/{count}",
                datetime.now(UTC),
                200,
                (("Content-Type", "text/html; charset=utf-8"),),
                html,
                "x",
                f"https://x.example/{count}",
            ),
            None,
            None,
            topics,
        )
        count += 1
    results.put(count)


def write_stories(path: Path, seconds: float) -> None:
    """A crawl's writing: five new stories a second, which make every kept answer stale."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        add_story(path, f"Story at {time.monotonic():.2f}")
        time.sleep(0.2)


async def ask_steadily(url: str, per_second: int, seconds: float) -> tuple[list[float], int]:
    """Ask at a fixed rate whatever the answers take: (milliseconds, failures)."""
    times: list[float] = []
    failures = 0

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal failures
        began = time.perf_counter()
        try:
            answer = await client.get(url, headers={"Accept-Encoding": "gzip"})
            failures += answer.status_code != 200
        except httpx.HTTPError:
            failures += 1
        times.append((time.perf_counter() - began) * 1000)

    async with (
        httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=64)) as client,
        asyncio.TaskGroup() as group,
    ):
        begun = time.monotonic()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            group.create_task(ask(client))
    return times, failures


def beside_a_crawl(directory: Path, seconds: float) -> dict[str, float]:
    """Reading alone, with requests, and alone again, each for the same time; the two alone bound the noise."""
    context = multiprocessing.get_context("spawn")
    counts: list[int] = []
    asked: tuple[list[float], int] = ([], 0)
    with server(directory, forget=False) as (url, _):
        httpx.get(url + "/", timeout=60)
        for loaded in (False, True, False):
            results = context.Queue()
            workers = [context.Process(target=read_pages, args=(seconds, results)) for _ in range(2)]
            writer = context.Process(target=write_stories, args=(directory / "borderwatch.db", seconds))
            for process in (*workers, writer):
                process.start()
            if loaded:
                asked = asyncio.run(ask_steadily(url + "/", 30, seconds))
            counts.append(sum(results.get(timeout=seconds * 4 + 60) for _ in workers))
            for process in (*workers, writer):
                process.join(60)
    alone = (counts[0] + counts[2]) / 2
    return {
        "requests": len(asked[0]),
        "failed": asked[1],
        "p50_ms": statistics.median(asked[0]),
        "p95_ms": percentile(asked[0], 0.95),
        "pages_read_alone": alone,
        "pages_read_beside": counts[1],
        "crawl_loses_percent": round((1 - counts[1] / alone) * 100, 1),
        "noise_percent": round(abs(counts[0] - counts[2]) / alone * 100, 1),
    }


def main() -> None:
    """Run all parts, print the tables, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--stories", type=int, default=20_000)
    parser.add_argument(
        "--data-dir", type=Path, help="A directory that was seeded before (tests.bench.seed)."
    )
    parser.add_argument("--quick", action="store_true", help="Fewer runs and seconds.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = options.data_dir or Path(folder)
        if not (directory / "borderwatch.db").exists():
            seed_database(
                directory / "borderwatch.db",
                articles=options.articles,
                stories=options.stories,
                now=datetime.now(UTC),
            )
        seconds = 6 if options.quick else 20
        answered = pages(directory, 10 if options.quick else RUNS)
        print_table(list(answered[0]), [list(one.values()) for one in answered])
        painted = paints(directory)
        print("\nlargest paint, CPU slowed 4 times, ms:", painted)
        carried = throughput(directory, 4 if options.quick else 10)
        print("Now, requests a second:", carried)
        crawl = beside_a_crawl(directory, seconds)
        print("30 requests a second beside a crawl:", crawl)
        path = write_results(
            "web",
            {
                "pages": answered,
                "largest_paint_ms": painted,
                "requests_per_s": carried,
                "beside_a_crawl": crawl,
            },
        )
        print(f"kept in {path}")


if __name__ == "__main__":
    main()
