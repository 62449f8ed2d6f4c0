"""Blocking sends in threads that can be left behind: a hanging receiver holds up neither the loop nor the exit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

MAX_STUCK = 4
"""A thread cannot be stopped. With four sends of one channel left behind, the channel waits until one comes back."""


class HandsFullError(Exception):
    """Earlier sends of the channel still hang."""


class Hands:
    """Runs one channel's blocking calls, each in a daemon thread (an executor's threads are joined at exit)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy = 0

    async def run(self, call: Callable[[], T], limit_s: float) -> T:
        """The call's result; raises TimeoutError after `limit_s`, HandsFullError, or what the call raises."""
        if self._busy >= MAX_STUCK:
            raise HandsFullError(f"{self._busy} earlier sends still hang")
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def finish(value: T | None, fault: Exception | None) -> None:
            self._busy -= 1
            if result.done():
                return
            if fault is not None:
                result.set_exception(fault)
            else:
                result.set_result(value)  # type: ignore[arg-type]

        def work() -> None:
            value: T | None = None
            fault: Exception | None = None
            try:
                value = call()
            except Exception as raised:  # noqa: BLE001 - it is handed to the waiting side
                fault = raised
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(finish, value, fault)

        self._busy += 1
        threading.Thread(target=work, name=f"alert-{self._name}", daemon=True).start()
        async with asyncio.timeout(limit_s):
            return await result
