"""The terminal channel, and the threads that may be left behind."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any

import pytest
from rich.console import Console

from jobs.alerts.hands import MAX_STUCK, Hands, HandsFullError
from jobs.alerts.parcel import Parcel
from jobs.alerts.samples import sample_payloads
from jobs.alerts.terminal import TerminalSender, render_alert

from .conftest import NOW


def shown(payload: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system="truecolor")
    console.print(render_alert(payload))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_the_match_is_highlighted_and_foreign_text_is_isolated() -> None:
    payload = sample_payloads()[0] | {"title": "مرز بسته شد [bold]\x1b[2J", "language": "fa"}
    text = shown(payload)
    assert "\x1b[1;30;43mIran–Pakistan border\x1b[0m" in text
    assert "\u2068مرز بسته شد [bold] [2J\u2069" in text
    assert "\x1b[2J" not in text


def test_digests_and_notices_are_shown_too() -> None:
    notice = {
        "alert_id": "alert_1",
        "kind": "notice",
        "title": "a disk is full",
        "lines": ["free some space"],
    }
    assert "free some space" in shown(notice)
    digest = {
        "alert_id": "alert_1",
        "kind": "digest",
        "title": "2 alerts",
        "items": [{"title": "one", "url": "https://a.example/1"}],
    }
    assert "https://a.example/1" in shown(digest)


async def test_it_prints() -> None:
    output = io.StringIO()
    sender = TerminalSender(Console(file=output), language="en", timezone="UTC")
    parcel = Parcel("alert_1", "new", sample_payloads()[0], NOW)
    assert (await sender.send(parcel)).sent
    assert "TEST" in output.getvalue()


async def test_hanging_threads_are_left_behind_and_counted() -> None:
    hands, gate = Hands("x"), threading.Event()
    for _ in range(MAX_STUCK):
        with pytest.raises(TimeoutError):
            await hands.run(lambda: gate.wait(30), 0.02)
    with pytest.raises(HandsFullError, match="4 earlier sends still hang"):
        await hands.run(lambda: 1, 1)
    gate.set()
    for _ in range(200):
        await asyncio.sleep(0.01)
        try:
            assert await hands.run(lambda: 7, 1) == 7
        except HandsFullError:
            continue
        break
    with pytest.raises(ValueError, match="boom"):
        await hands.run(lambda: int("boom"), 1)
