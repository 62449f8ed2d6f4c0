"""A way out for a browser: a proxy on loopback whose every connection passes the address guard.

A browser resolves and connects by itself, for whatever a page's scripts ask; behind this proxy, and with its own
exceptions for loopback switched off, it cannot reach an address that we would not.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from crawler.spiders.netguard import AddressRefusedError, Guard
from crawler.spiders.resolve import look_up

CONNECT_TIMEOUT_S = 10.0
_OF_A_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection", "proxy-authorization"})
HEAD_LIMIT_BYTES = 64 * 1024
CONNECTION_LIMIT_BYTES = 32 * 1024 * 1024
"""Most that one connection brings: as much as a listing may."""


class Gateway:
    """Listens on a free port of 127.0.0.1 for one browser, which knows `username` and `password`."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.username = "browser"
        self.password = secrets.token_urlsafe(24)
        self.refused: list[str] = []
        """Hosts that were asked for and refused, newest last."""

    @property
    def address(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_LIMIT_BYTES)

    async def close(self) -> None:
        """Stop, and end what is open."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # either side went away, or sent what is no request
        except asyncio.CancelledError:
            pass  # by `close` alone: nobody waits for this task
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [
            (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]
        if not self._is_ours(headers):
            await _answer(
                writer, "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="gateway"\r\n'
            )
            return
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = url.hostname or "", url.port or 80
        try:
            remote_reader, remote_writer = await self._connect(host, port)
        except AddressRefusedError:
            self.refused.append(host)  # no answer at all: a page cannot take it for one
            return
        except OSError:
            await _answer(writer, "502 Bad Gateway")
            return
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _first(_pipe(reader, remote_writer), _pipe(remote_reader, writer))
            else:
                await self._forward(method, target, headers, reader, remote_writer)
                await _first(reader.read(1), _answer_of(remote_reader, writer))
        finally:
            remote_writer.close()

    async def _forward(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        reader: asyncio.StreamReader,
        remote: asyncio.StreamWriter,
    ) -> None:
        """Send one request on, with its body; another request on this connection may be for another host."""
        url = urlsplit(target)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        kept = [f"{name}: {value}" for name, value in headers if name.lower() not in _OF_A_CONNECTION]
        remote.write(
            "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")
        )
        length = next((value for name, value in headers if name.lower() == "content-length"), "0")
        if int(length) > HEAD_LIMIT_BYTES:
            raise ValueError("a page sends too much")
        remote.write(await reader.readexactly(int(length)))
        await remote.drain()

    def _is_ours(self, headers: list[tuple[str, str]]) -> bool:
        expected = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        given = next((value for name, value in headers if name.lower() == "proxy-authorization"), "")
        return secrets.compare_digest(given.encode(), f"Basic {expected}".encode())

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._guard.refuse_literal(host)
        loop = asyncio.get_running_loop()
        fault: OSError = OSError(f"{host} has no address")
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            for found in await look_up(host, port):
                where = (found["host"], port)
                try:
                    connection = self._guard.open_socket(
                        (found["family"], socket.SOCK_STREAM, found["proto"], "", where)
                    )
                    connection.setblocking(False)
                    await loop.sock_connect(connection, where)
                    return await asyncio.open_connection(sock=connection)
                except OSError as error:
                    fault = error
        raise fault


async def _answer(writer: asyncio.StreamWriter, status: str, headers: str = "") -> None:
    writer.write(
        f"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1")
    )
    with suppress(ConnectionError):
        await writer.drain()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends or the limit is reached."""
    left = CONNECTION_LIMIT_BYTES
    while left > 0 and (chunk := await reader.read(65536)):
        left -= len(chunk)
        writer.write(chunk)
        await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()


async def _answer_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on one answer, told to be the last of its connection."""
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1")
    first, *lines = head.split("\r\n")
    kept = [line for line in lines if line.partition(":")[0].strip().lower() not in _OF_A_CONNECTION]
    writer.write("\r\n".join([first, *kept, "Connection: close", "", ""]).encode("latin-1"))
    await _pipe(reader, writer)


async def _first(*works: Coroutine[Any, Any, object]) -> None:
    """Until one of them has ended."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
