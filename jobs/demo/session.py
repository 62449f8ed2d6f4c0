"""One sitting of the demo: a newsroom, the real program as a child process on it, and what it delivers to the desk.

The child is `borderwatch crawl --all` or `borderwatch run` as anyone calls it, with a configuration file that can be
read in the data directory; the alerts shown are those that arrived by webhook.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.demo.articles import Article, DemoError
from jobs.demo.newsroom import Newsroom
from jobs.demo.pages import SOURCE_KEYS
from jobs.demo.show import Show, summary
from storage.model import UsageError

CONFIG_NAME = "demo.toml"
LOG_NAME = "demo.log"
TOPIC = "iran-pakistan-border"
PASS_LIMIT_S = 120.0
"""A pass takes about 10 s on two cores; a machine that needs more than this has another trouble."""
STOP_LIMIT_S = 12.0
"""`run` promises to end within 10 s of SIGTERM."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sitting keeps its things."""

    data_dir: Path

    @property
    def config(self) -> Path:
        """The configuration that the child reads."""
        return self.data_dir / CONFIG_NAME

    @property
    def log(self) -> Path:
        """What the child says on standard error."""
        return self.data_dir / LOG_NAME


def config_toml(newsroom: Newsroom, secret: str, web_port: int) -> str:
    """The configuration of a sitting, as a person would write it. Loopback is allowed by name; there is no delay."""
    head = (
        "# Written by `borderwatch demo` for its bundled newsroom.\n[service]\n"
        'contact = "demo@example.org"\nallow_networks = ["127.0.0.0/8"]\nhost_delay = 0\ntick = "1s"\n'
        f'\n[web]\nport = {web_port}\ntitle = "borderwatch demo"\n'
        f'\n[[channels]]\nname = "desk"\nurl = "webhook+{newsroom.desk_url}"\nsecret = "{secret}"\n'
    )
    sources = (
        f'\n[[sources]]\nname = "{site.name}"\n{SOURCE_KEYS[site.listing]} = "{newsroom.listing_url(site.name)}"\n'
        f'country = "{site.country}"\nlanguage = "{site.language}"\ntimezone = "{site.timezone}"\n'
        f'rank = {site.rank}\nmin_interval = "5s"\nmax_interval = "10s"\n'
        for site in newsroom.sites.values()
    )
    return head + "".join(sources)


def prepare(data_dir: Path, newsroom: Newsroom, web_port: int) -> Place:
    """Make the data directory and write the configuration; refuses a directory that holds a real database."""
    place = Place(data_dir)
    if (data_dir / "borderwatch.db").exists() and not place.config.exists():
        raise UsageError(
            f"{data_dir}: this data directory was not made by the demo, and its invented news would stay in it. "
            "Name another with --data-dir, or leave the option out for a temporary one."
        )
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        place.config.touch(mode=0o600)
        place.config.write_text(config_toml(newsroom, secret, web_port), encoding="utf-8")
    except OSError as fault:
        raise DemoError(f"{data_dir}: the data directory cannot be written ({fault.strerror}).") from fault
    return place


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def child_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment without proxies, which cannot reach this machine's loopback, and without other data directories."""
    dropped = {"http_proxy", "https_proxy", "all_proxy", "borderwatch_config", "borderwatch_data_dir"}
    return {name: value for name, value in environment.items() if name.lower() not in dropped}


@contextmanager
def child(place: Place, *arguments: str, capture: bool = False) -> Iterator[subprocess.Popen[str]]:
    """The real program on this sitting's configuration; it is ended with the block, whatever happens in it.

    With `capture` its standard output is to be read from `process.stdout`, else it goes to the log."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "jobs",
        "--config",
        str(place.config),
        "--data-dir",
        str(place.data_dir),
        *arguments,
    ]
    with place.log.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - this program itself, with arguments made here
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else log,
            stderr=log,
            text=True,
            env=child_environment(dict(os.environ)),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def crawl_once(newsroom: Newsroom, place: Place, show: Show) -> dict[str, Any]:
    """One pass of the real `crawl --all`, its alerts shown as they arrive; its counts. Raises DemoError."""
    began = time.monotonic()
    seen = len(newsroom.hits)
    with child(place, "crawl", "--all", "--json", capture=True) as process:
        while process.poll() is None:
            if time.monotonic() - began > PASS_LIMIT_S:
                raise DemoError(f"the crawl did not end within {PASS_LIMIT_S:.0f} s; {_last_words(place)}")
            show.busy(f"crawling: {len(newsroom.hits) - seen} requests answered, {len(show.alerts)} alerts")
            show_arrivals(newsroom, show, wait_s=0.1)
        output = process.stdout.read() if process.stdout else ""
    show_arrivals(newsroom, show, wait_s=0.0)
    show.busy(None)
    if process.returncode != 0:
        raise DemoError(f"the crawl ended with exit code {process.returncode}; {_last_words(place)}")
    counts: dict[str, Any] = json.loads(output)
    if unread := counts.get("set_aside"):
        raise DemoError(
            f"{unread} pages of the newsroom could not be read; this is a fault of the program, please report it"
        )
    show.note(summary(counts, len(show.alerts), len(newsroom.hits) - seen, time.monotonic() - began))
    return counts


def matching_articles(place: Place) -> list[dict[str, Any]]:
    """What the real `articles export` says of the articles that mention the border. Raises DemoError."""
    with child(place, "articles", "export", "--matching", TOPIC, capture=True) as process:
        output = process.stdout.read() if process.stdout else ""
        process.wait(STOP_LIMIT_S)
    if process.returncode != 0:
        raise DemoError(f"the export ended with exit code {process.returncode}; {_last_words(place)}")
    return [json.loads(line) for line in output.splitlines()]


def watch(newsroom: Newsroom, place: Place, show: Show, *, every_s: float, on_alert: Any = None) -> None:
    """The real `run` beside a newsroom that goes on publishing, until it is interrupted. Raises DemoError if `run` ends."""
    with child(place, "run") as process:
        publish_at = time.monotonic() + every_s
        while process.poll() is None:
            show.busy(
                f"watching: {len(newsroom.hits)} requests answered, {len(show.alerts)} alerts. Ctrl-C ends."
            )
            for data in show_arrivals(newsroom, show, wait_s=0.2):
                if on_alert is not None:
                    on_alert(data)
            if time.monotonic() >= publish_at:
                publish_at += every_s
                announce(newsroom.publish_next(), show)
        show.busy(None)
    raise DemoError(f"the service ended with exit code {process.returncode}; {_last_words(place)}")


def announce(article: Article | None, show: Show) -> None:
    """Say what the newsroom has just published."""
    if article is not None:
        word = "changes" if article.edits else "publishes"
        show.note(f"newsroom: {article.site} {word} “{article.title}”")


def show_arrivals(newsroom: Newsroom, show: Show, *, wait_s: float) -> list[dict[str, Any]]:
    """Show what has arrived at the desk, waiting up to `wait_s` for the first."""
    arrived: list[dict[str, Any]] = []
    try:
        message = newsroom.desk.get(timeout=wait_s) if wait_s else newsroom.desk.get_nowait()
        while True:
            if message.body.get("type") == "alert.created":
                data = dict(message.body["data"])
                show.alert(data, datetime.now(UTC))
                arrived.append(data)
            message = newsroom.desk.get_nowait()
    except queue.Empty:
        return arrived


def _last_words(place: Place) -> str:
    lines = place.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"it said: {' / '.join(lines[-3:])}" if lines else "it said nothing"
