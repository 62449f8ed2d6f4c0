"""Receivers for tests: an HTTP server (webhooks, and ntfy's way of publishing) or an SMTP server, as a child process.

`python -m tests.alerts.receiver http|smtp` prints its port on the first line and lives until its standard input closes.
What an HTTP path does: `/ok`, `/status/404`, `/moved`, `/busy` (429, Retry-After 1), `/half` (a broken answer), `/huge`
(a gigabyte), `/never`, `/drip` (a byte at a time), `/flaky?rate=0.33` (accepts, refuses, or breaks off after accepting),
`/switch` (503 until POST /_up); anything else accepts. `GET /_received` lists what came, accepted or not.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import Any

RECEIVED: list[dict[str, Any]] = []
STATE: dict[str, Any] = {"up": False}


def http() -> None:
    from aiohttp import web

    chance = random.Random(7)

    async def take(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path = request.path
        item = {
            "path": path, "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": body.decode(), "at": time.time(), "accepted": False,
        }  # fmt: skip
        RECEIVED.append(item)
        if path.startswith("/status/"):
            return web.Response(
                status=int(path.rsplit("/", 1)[1]), text="refused because of a reason\r\nX: y"
            )
        if path == "/moved":
            return web.Response(status=301, headers={"location": "/ok"})
        if path == "/busy":
            return web.Response(status=429, headers={"retry-after": "1"})
        if path == "/half":
            assert request.transport is not None
            request.transport.write(b"HTTP/1.1 20")
            request.transport.close()
            return web.Response()
        if path in {"/huge", "/hugefail", "/drip"}:
            return await pour(request, item, 500 if path == "/hugefail" else 200, slowly=path == "/drip")
        if path == "/never":
            await asyncio.sleep(3600)
        if path == "/switch" and not STATE["up"]:
            return web.Response(status=503)
        if path == "/flaky":
            roll = chance.random() / float(request.query.get("rate", "0.33"))
            if roll < 0.8:
                return web.Response(status=500)
            item["accepted"] = True
            if roll < 1:  # an unclear answer: taken, but the sender cannot know
                item["unclear"] = True
                assert request.transport is not None
                request.transport.close()
                return web.Response()
        item["accepted"] = True
        return web.json_response({"id": "x", "event": "message"})

    async def pour(
        request: web.Request, item: dict[str, Any], status: int, *, slowly: bool
    ) -> web.StreamResponse:
        answer = web.StreamResponse(status=status, headers={"content-length": str(1 << 30)})
        item["poured"] = 0
        await answer.prepare(request)
        try:
            for _ in range(1 << 14):
                piece = b"x" if slowly else b"x" * (1 << 16)
                await answer.write(piece)
                item["poured"] += len(piece)
                if slowly:
                    await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return answer

    async def received(request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        return web.json_response(RECEIVED[since:])

    async def up(_request: web.Request) -> web.Response:
        STATE["up"] = True
        return web.Response()

    async def reset(_request: web.Request) -> web.Response:
        RECEIVED.clear()
        STATE["up"] = False
        return web.Response()

    async def main() -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_get("/_received", received)
        app.router.add_post("/_up", up)
        app.router.add_post("/_reset", reset)
        app.router.add_route("*", "/{path:.*}", take)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.to_thread(sys.stdin.read)

    asyncio.run(main())


def smtp() -> None:
    from aiosmtpd.smtp import SMTP

    class Handler:
        async def handle_RCPT(
            self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
        ) -> str:
            if address.startswith("nobody@"):
                return "550 no such user, says the test"
            if address.startswith("later@"):
                return "451 try again later"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            print(
                json.dumps(
                    {
                        "from": envelope.mail_from,
                        "to": envelope.rcpt_tos,
                        "data": envelope.content.decode("utf-8", "replace"),
                    }
                ),
                flush=True,
            )
            return "250 accepted"

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Handler(), hostname="test"), "127.0.0.1", 0
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)

    asyncio.run(main())


if __name__ == "__main__":
    {"http": http, "smtp": smtp}[sys.argv[1]]()
