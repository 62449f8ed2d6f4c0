"""`borderwatch demo`: see the whole thing work, without a configuration and without the internet."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console

from jobs.cli.app import App, pass_app
from jobs.config.fields import parse_duration_s
from jobs.demo.newsroom import Newsroom
from jobs.demo.session import crawl_once, free_port, matching_articles, prepare, watch
from jobs.demo.show import Show, opening, told_once
from storage.model import UsageError


@click.command()
@click.option("--once", is_flag=True, help="End after the first pass and its alerts; open no browser.")
@click.option(
    "--json", "as_json", is_flag=True, help="Alerts as JSON: one document with --once, else one line each."
)
@click.option(
    "--every",
    default="20s",
    show_default=True,
    metavar="TIME",
    help="How often the newsroom publishes something new.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the analyst's page.")
@pass_app
def demo(app: App, once: bool, as_json: bool, every: str, no_browser: bool) -> None:
    """Watch a bundled newsroom on this machine: seven invented publishers in English, Persian and Urdu.

    The real crawler reads their feeds, sitemaps and pages over loopback; each story about the Iran–Pakistan border is
    alerted once, with the sentence that proves it. Wire copies, a machine-respun copy, an edited page and stories about
    other borders are among them. Without --once the newsroom goes on publishing until Ctrl-C.

    The data is temporary unless --data-dir is given; nothing is sent anywhere.
    """
    every_s = _every(every)
    show = Show(Console(), Console(stderr=True), quiet_alerts=as_json)
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as stack:
        data_dir = app.data_dir_option or Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="borderwatch-demo-", ignore_cleanup_errors=True)
            )
        )
        newsroom = stack.enter_context(Newsroom())
        port = free_port()
        place = prepare(data_dir, newsroom, port)
        show.note(opening(len(newsroom.sites), len(newsroom.published), newsroom.bases["indus-wire"]))
        if once:
            counts = crawl_once(newsroom, place, show)
            show.result(told_once(show.alerts, [] if as_json else matching_articles(place)))
            if as_json:
                app.emit({"alerts": show.alerts, "crawl": counts}, as_json=True)
            return
        page = f"http://127.0.0.1:{port}/"
        show.note(f"The analyst's page is {page} · configuration and data are in {data_dir} · Ctrl-C ends.")
        opener = _Opener(
            page, wanted=not no_browser and has_display(dict(os.environ), sys.platform), as_json=as_json
        )
        try:
            watch(newsroom, place, show, every_s=every_s, on_alert=opener)
        except KeyboardInterrupt:
            show.busy(None)
            show.note("Ended." if app.data_dir_option else "Ended; the temporary data is removed.")


class _Opener:
    """Opens the page with the first alert, when there is something to see, and prints each as JSON if wanted."""

    def __init__(self, page: str, *, wanted: bool, as_json: bool) -> None:
        self._page, self._wanted, self._as_json = page, wanted, as_json

    def __call__(self, data: dict[str, Any]) -> None:
        if self._as_json:
            click.echo(json.dumps(data, ensure_ascii=False))
        if self._wanted:
            self._wanted = False
            webbrowser.open(self._page)


def has_display(environment: dict[str, str], platform: str) -> bool:
    """Whether a browser window could be seen: a desktop's display, and no remote shell without one."""
    if platform == "darwin":
        return "SSH_CONNECTION" not in environment
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _every(text: str) -> float:
    try:
        seconds = parse_duration_s(text)
    except ValueError as fault:
        raise UsageError(f"--every {text}: {fault}") from None
    if seconds < 1:
        raise UsageError("--every is at least one second")
    return seconds


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
