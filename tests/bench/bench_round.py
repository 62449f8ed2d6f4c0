"""What a round over many sources costs when none has anything new, and whether memory grows over the rounds.

`make bench-round`, or `python -m tests.bench.bench_round [--sources N] [--rounds N] [--memory-rounds N]`. All sources answer 304,
each on a host of its own, through a proxy in a child process. Ours is the whole of a round: claims, conditional
requests, robots.txt, schedule, storage, logs. The peer is a bare Scrapy spider that makes the same requests. Each runs
in a process of its own; rounds of the two alternate, and medians count. The first round (200s, robots.txt) is not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.common import write_results

GOAL = 1.6
"""Our CPU over the peer's (issue: what a round may cost)."""


async def serve() -> None:
    """A proxy behind which every host has a feed that never changes, and no robots.txt."""
    item = "".join(f"<item><title>Story {n}</title><link>http://HOST/{n}</link></item>" for n in range(3))
    feed = f'<rss version="2.0"><channel><title>x</title>{item}</channel></rss>'

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                host = head.split(b"/", 3)[2].decode()
                if b"/robots.txt" in head.split(b"\r\n", 1)[0]:
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                elif b"if-none-match" in head.lower():
                    writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
                else:
                    page = b"/feed.xml" not in head.split(b"\r\n", 1)[0]
                    body = (f"<html><p>{host}</p></html>" if page else feed.replace("HOST", host)).encode()
                    writer.write(
                        f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(body)}\r\n\r\n'.encode()
                        + body
                    )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def cpu_s() -> float:
    used = os.times()
    return used.user + used.system


async def run_ours(sources: int, rounds: int, *, watch_memory: bool) -> dict[str, Any]:
    import psutil

    from jobs.config.load import load_config
    from jobs.log import configure_logging
    from jobs.machine import Machine
    from jobs.policy import alert_policy

    configure_logging("json", level="INFO")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "borderwatch.toml"
        tables = "".join(
            f'[[sources]]\nname = "s{n}"\nfeed = "http://s{n}.example/feed.xml"\n' for n in range(sources)
        )
        config.write_text(
            f'[service]\ncontact = "bench@example.org"\nhost_delay = "0s"\nworkers = 1\n{tables}'
        )
        loaded = load_config(config)
        used: list[float] = []
        memory: list[float] = []
        process = psutil.Process()
        async with Machine(loaded, Path(folder) / "data", "crawl", policy=alert_policy(loaded)) as machine:
            for number in range(rounds + 1):
                begun = cpu_s()
                machine.check(await machine.claim_named(None))
                await machine.settled()
                if number:
                    used.append(cpu_s() - begun)
                if watch_memory and number >= rounds // 5:
                    if number % 10 == 0:
                        gc.collect()
                    memory.append(process.memory_info().rss / 1e6)
            answered = machine.intake.result.counts["not_modified"]
    result: dict[str, Any] = {
        "requests": answered,
        "cpu_ms_per_source": statistics.median(used) * 1000 / sources,
    }
    if watch_memory:
        slope = statistics.linear_regression(range(len(memory)), memory).slope
        result |= {
            "rss_mb": memory[-1],
            "rss_growth_mb_per_100_rounds": slope * 100,
            "rss_noise_mb": statistics.stdev(memory[-len(memory) // 2 :]),
        }
    return result


def run_scrapy(sources: int, rounds: int) -> dict[str, Any]:
    import logging

    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    logging.disable(logging.CRITICAL)
    answered = 0
    proxy = os.environ["http_proxy"]

    class Bare(scrapy.Spider):
        name = "bare"
        custom_settings = {"HTTPERROR_ALLOW_ALL": True}  # noqa: RUF012 - Scrapy's own form

        async def start(self):
            for _ in range(rounds):
                for number in range(sources):
                    url = f"http://s{number}.example/feed.xml"
                    yield scrapy.Request(
                        url, headers={"If-None-Match": '"v1"'}, meta={"proxy": proxy}, dont_filter=True
                    )

        def parse(self, response):
            nonlocal answered
            answered += response.status == 304

    settings = {
        "CONCURRENT_REQUESTS": 32, "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }  # fmt: skip
    process = AsyncCrawlerProcess(settings)
    begun = cpu_s()
    process.crawl(Bare)
    process.start()
    return {"requests": answered, "cpu_ms_per_source": (cpu_s() - begun) * 1000 / (sources * rounds)}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    here = [sys.executable, "-m", "tests.bench.bench_round"]
    with subprocess.Popen(
        [*here, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        proxy = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment["http_proxy"] = proxy

        def child(peer: str, *more: str) -> dict[str, Any]:
            given = [
                "--one",
                peer,
                "--sources",
                str(arguments.sources),
                "--rounds",
                str(arguments.rounds),
                *more,
            ]
            done = subprocess.run(
                [*here, *given], capture_output=True, text=True, check=False, env=environment
            )
            if done.returncode:
                raise SystemExit(done.stderr[-4000:])
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found

        runs: dict[str, list[dict[str, Any]]] = {"scrapy": [], "borderwatch": []}
        for _ in range(arguments.repeats):
            for peer, found in runs.items():
                found.append(child(peer))
        results: dict[str, Any] = {
            peer: {key: statistics.median(run[key] for run in found) for key in found[0]}
            for peer, found in runs.items()
        }
        if arguments.memory_rounds:
            few = ["--memory", "--sources", "100", "--rounds", str(arguments.memory_rounds)]
            results["memory"] = {
                "rounds": arguments.memory_rounds,
                "sources": 100,
                **child("borderwatch", *few),
            }
        server.communicate(timeout=10)
    results["ratio"] = results["borderwatch"]["cpu_ms_per_source"] / results["scrapy"]["cpu_ms_per_source"]
    results["goal"] = GOAL
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds in each process")
    parser.add_argument("--repeats", type=int, default=3, help="processes of each peer")
    parser.add_argument(
        "--memory-rounds",
        type=int,
        default=500,
        help="rounds over 100 sources for the memory; 0 leaves it out",
    )
    parser.add_argument("--one", choices=("scrapy", "borderwatch"), help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    if arguments.one:
        if arguments.one == "scrapy":
            result = run_scrapy(arguments.sources, arguments.rounds)
        else:
            result = asyncio.run(run_ours(arguments.sources, arguments.rounds, watch_memory=arguments.memory))
        print(json.dumps(result))
        return
    begun = time.perf_counter()
    results = measure(arguments)
    print(f"{'peer':<12} {'304 answers':>11} {'CPU ms/source':>14}")
    for peer in ("scrapy", "borderwatch"):
        print(f"{peer:<12} {results[peer]['requests']:>11.0f} {results[peer]['cpu_ms_per_source']:>14.2f}")
    print(f"ratio {results['ratio']:.2f} (goal: at most {GOAL})")
    if memory := results.get("memory"):
        growth = memory["rss_growth_mb_per_100_rounds"]
        print(
            f"memory {memory['rss_mb']:.1f} MB after {memory['rounds']} rounds; {growth:+.3f} MB per 100 rounds (noise {memory['rss_noise_mb']:.3f} MB)"
        )
    print(f"took {time.perf_counter() - begun:.0f} s")
    write_results("round", results)


if __name__ == "__main__":
    main()
