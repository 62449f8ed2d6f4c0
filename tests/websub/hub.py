"""A hub and the feed that names it, as a child process on a free port (WebSub sections 5 and 6).

`GET /feed.xml` is the feed; `POST /hub` subscribes, and verifies after it has answered; `GET /publish` adds an entry and pushes
it, `GET /publish?sign=no` with a wrong signature; `GET /state` tells what the hub knows. `?mode=` of the hub's own
address: `refuse` answers 404, `deny` denies, `lie` verifies another topic.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys

import aiohttp
from aiohttp import web

PAGE = (
    "<html><head><title>{0}</title></head><body><article><h1>{0}</h1>"
    + "<p>Some words about it, in a sentence. </p>" * 30
    + "</article></body></html>"
)


class Hub:
    def __init__(self) -> None:
        self.entries = 1
        self.subscriptions: dict[str, dict[str, str]] = {}
        self.log: list[dict[str, object]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.mode = sys.argv[1] if len(sys.argv) > 1 else "good"

    def base(self, request: web.Request) -> str:
        return f"http://{request.host}"

    async def feed(self, request: web.Request) -> web.Response:
        self.log.append({"what": "feed"})
        return web.Response(text=self.text(self.base(request)), content_type="application/rss+xml")

    def text(self, base: str) -> str:
        items = "".join(
            f"<item><title>Story {n}</title><link>{base}/story-{n}</link></item>"
            for n in range(self.entries, 0, -1)
        )
        links = f'<atom:link rel="hub" href="{base}/hub"/><atom:link rel="self" href="{base}/feed.xml"/>'
        return f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>F</title>{links}{items}</channel></rss>'

    async def story(self, request: web.Request) -> web.Response:
        return web.Response(text=PAGE.format(request.path.strip("/")), content_type="text/html")

    async def subscribe(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.log.append({"what": "subscribe", **form})
        if self.mode == "refuse":
            return web.Response(status=404, text="no such topic")
        task = asyncio.create_task(self.verify(form))
        self.tasks.add(task)
        return web.Response(status=202)

    async def verify(self, form: dict[str, str]) -> None:
        query = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": "c0ffee",
            "hub.lease_seconds": "3600",
        }
        if self.mode == "deny":
            query = {"hub.mode": "denied", "hub.topic": form["hub.topic"], "hub.reason": "not today"}
        if self.mode == "lie":
            query["hub.topic"] = "http://other.example/feed"
        async with (
            aiohttp.ClientSession() as session,
            session.get(form["hub.callback"], params=query) as answer,
        ):
            text = await answer.text()
        self.log.append({"what": "verified", "status": answer.status, "text": text})
        if answer.status == 200 and text == "c0ffee":
            self.subscriptions[form["hub.callback"]] = form

    async def publish(self, request: web.Request) -> web.Response:
        self.entries += 1
        body = self.text(self.base(request)).encode()
        statuses = []
        for callback, form in self.subscriptions.items():
            key = "wrong" if request.query.get("sign") == "no" else form["hub.secret"]
            signature = f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"
            async with (
                aiohttp.ClientSession() as session,
                session.post(callback, data=body, headers={"X-Hub-Signature": signature}) as answer,
            ):
                statuses.append(answer.status)
        return web.json_response(statuses)

    async def state(self, _: web.Request) -> web.Response:
        return web.json_response({"log": self.log, "subscriptions": list(self.subscriptions.values())})


async def main() -> None:
    hub = Hub()
    app = web.Application()
    app.add_routes(
        [
            web.get("/feed.xml", hub.feed), web.post("/hub", hub.subscribe), web.get("/publish", hub.publish), web.get("/state", hub.state),
            web.get("/{story:story-.*}", hub.story),
        ]
    )  # fmt: skip
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
