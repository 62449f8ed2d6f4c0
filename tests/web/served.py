"""A page on a real socket, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from jobs.config.web import WebOptions
from jobs.topics.loader import load_topics
from storage.database import now_utc
from web.actions import Actions, StoredActions
from web.app import create_app
from web.server import serve


@dataclass
class Served:
    """A running page."""

    url: str
    data_dir: Path
    client: httpx.Client

    def csrf(self, client: httpx.Client | None = None) -> dict[str, str]:
        """The header that a change needs, for this client's cookies."""
        return {"X-CSRF-Token": (client or self.client).get("/csrf").json()["csrf"]}


@contextmanager
def served(
    data_dir: Path,
    options: WebOptions | None = None,
    *,
    read_only: bool = False,
    wrap: Callable[[Actions], Actions] = lambda actions: actions,
    remember_answers: bool = True,
) -> Iterator[Served]:
    """Serve a data directory until the block ends."""
    ready = threading.Event()
    address: list[str] = []
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    faults: list[BaseException] = []

    async def run() -> None:
        stop = asyncio.Event()
        handles.append((asyncio.get_running_loop(), stop))
        actions = None if read_only else wrap(StoredActions(data_dir / "borderwatch.db", now_utc))
        app = create_app(
            data_dir,
            options or WebOptions(),
            actions,
            topics=lambda: load_topics(("presets:iran-pakistan-border",), Path()),
            remember_answers=remember_answers,
        )

        def told(where: str) -> None:
            address.append(where)
            ready.set()

        await serve(app, (options or WebOptions()).host, 0, stop, ready=told)

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as fault:
            faults.append(fault)
        finally:
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(30)
        if faults:
            raise faults[0]
        with httpx.Client(base_url=address[0], timeout=20) as client:
            yield Served(address[0].rstrip("/"), data_dir, client)
    finally:
        if handles:
            loop, stop = handles[0]
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive()
