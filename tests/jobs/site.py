"""A web site as a child process: what it answers is set over HTTP, and it keeps a log of what it was asked.

python -m tests.jobs.site      prints {"port": N}; PUT /_pages with {path: {"status", "headers", "body", "delay_s"}}
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

from aiohttp import web

PAGES: dict[str, dict[str, object]] = {}
LOG: list[dict[str, object]] = []


async def put_pages(request: web.Request) -> web.Response:
    PAGES.update(await request.json())
    return web.Response()


async def get_log(_request: web.Request) -> web.Response:
    return web.json_response(LOG)


async def post_hook(request: web.Request) -> web.Response:
    """A receiver of webhooks: kept in the log, answered as the page of that path says."""
    entry = {
        "path": request.path,
        "method": "POST",
        "headers": dict(request.headers),
        "body": await request.text(),
        "at": time.time(),
    }
    LOG.append(entry)
    page = PAGES.get(request.path, {})
    return web.Response(status=int(str(page.get("status", 200))))


async def answer(request: web.Request) -> web.Response:
    path = request.path_qs
    begun = time.time()
    page = PAGES.get(path)
    if page is not None:
        await asyncio.sleep(float(str(page.get("delay_s", 0))))
    status = 404 if page is None else int(str(page.get("status", 200)))
    body = b"" if page is None else str(page.get("body", "")).encode()
    headers = {"Content-Type": "text/html; charset=utf-8"} | (page.get("headers", {}) if page else {})  # type: ignore[operator]
    if status == 200:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers.setdefault("ETag", tag)
        if request.headers.get("If-None-Match") == tag:
            status, body = 304, b""
    LOG.append(
        {
            "path": path,
            "method": request.method,
            "status": status,
            "headers": dict(request.headers),
            "at": begun,
            "until": time.time(),
        }
    )
    return web.Response(status=status, body=body, headers=headers)


async def main() -> None:
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_put("/_pages", put_pages)
    app.router.add_get("/_log", get_log)
    app.router.add_post("/{tail:.*}", post_hook)
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    port = runner.addresses[0][1]
    await web.TCPSite(runner, "127.0.0.2", port).start()  # a second host: pauses hold for a whole host
    print(json.dumps({"port": port}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
