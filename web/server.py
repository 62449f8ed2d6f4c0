"""Running the page inside the service's own event loop, and stopping it within a second."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from storage.database import StorageError
from storage.model import BorderwatchError, UsageError
from storage.users import count_users
from web.access import check_binding
from web.reading import open_reader
from web.site import Site


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service around it has its own."""

    on_started: Callable[[], None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_started is not None:
            self.on_started()


async def serve(
    app: FastAPI, host: str, port: int, stop: asyncio.Event, *, ready: Callable[[str], None] | None = None
) -> None:
    """Answer on `host` and `port` (0: a free one) until `stop` is set; then end open streams and return.

    `ready` is told the address. Raises UsageError where the binding needs users, or the port is taken.
    """
    site: Site = app.state.site
    check_binding(site.options.model_copy(update={"host": host}), stored_users(site))
    listener = bind(host, port)
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, lifespan="on", ws="none", server_header=False, timeout_graceful_shutdown=1, timeout_keep_alive=15,
        limit_concurrency=400, h11_max_incomplete_event_size=65_536,
    )  # fmt: skip
    server = _Server(config)
    if ready is not None:
        where = address(host, listener.getsockname()[1])
        server.on_started = lambda: ready(where)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        site.hub.close()
        server.should_exit = True
        await running
        listener.close()


def stored_users(site: Site) -> int:
    """How many users there are; none where there is no database yet."""
    try:
        db = open_reader(site.database)
    except BorderwatchError:
        return 0
    try:
        return count_users(db)
    finally:
        db.conn.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError or StorageError with the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, for asyncio sets TCP_NODELAY on no other: without it each answer waits 40 ms for an ACK (measured).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as fault:
        listener.close()
        if isinstance(fault, PermissionError):
            raise UsageError(
                f"The page may not listen on port {port}. Choose one above 1023 ([web] port, or --port)."
            ) from fault
        if port:
            raise UsageError(
                f"The page cannot listen on {host} port {port} ({fault.strerror}). Another program has it: choose another ([web] port, or --port)."
            ) from fault
        raise StorageError(
            f"The page cannot listen on {host} ({fault.strerror}). Choose another address ([web] host)."
        ) from fault
    listener.setblocking(False)
    return listener


def address(host: str, port: int) -> str:
    """The address as a browser takes it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown, not bound
    return f"http://{name}:{port}/"
