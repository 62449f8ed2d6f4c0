"""Subscribes to the hubs that feeds offer, answers their verifications, and takes their pushes."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from aiohttp import web

from jobs.config.websub import WebsubOptions
from jobs.websub.protocol import asked, is_due, is_live, is_signed, request_form, secret, token, verify
from storage.database import Database, now_utc
from storage.model import BorderwatchError
from storage.subscriptions import Subscription, save, subscriptions

KEY_NAME = "websub.key"
ROUND_S = 30.0
"""How often due subscriptions are looked for."""
STOP_S = 1.0
"""How long open connections of hubs may hold up the end of the service."""
MAX_PUSH_BYTES = 16 * 1024 * 1024

log = structlog.get_logger("websub")

T = TypeVar("T")
Post = Callable[[str, dict[str, str]], Awaitable[tuple[int, str]]]


class Store(Protocol):
    """The writer's side that is used here."""

    async def write(self, action: Callable[[Database], T]) -> T: ...
    async def read(self, action: Callable[[Database], T]) -> T: ...


def load_key(data_dir: Path) -> bytes:
    """The key that callback addresses and secrets are derived from: a file that only this user reads."""
    path = data_dir / KEY_NAME
    with suppress(FileNotFoundError):
        return path.read_bytes()
    key = secrets.token_bytes(32)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key


class Subscriber:
    """`run` listens and keeps subscriptions until the event is set.

    `post` sends a form past the crawler's address check; `push` is called with the source that was pushed.
    """

    def __init__(
        self,
        options: WebsubOptions,
        key: bytes,
        database: Store,
        post: Post,
        push: Callable[[str], Awaitable[None]],
        *,
        now: Callable[[], datetime] = now_utc,
        round_s: float = ROUND_S,
    ) -> None:
        self._options = options
        self._key = key
        self._database = database
        self._post = post
        self._push = push
        self._now = now
        self._round_s = round_s
        self.port: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Listen for hubs, and ask those that are due, until `stop`. Raises BorderwatchError where the port is taken."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        site = web.TCPSite(runner, self._options.host, self._options.port)
        try:
            await site.start()
        except OSError as fault:
            await runner.cleanup()
            where = f"{self._options.host}:{self._options.port}"
            raise BorderwatchError(
                f"[websub]: cannot listen on {where} ({fault.strerror}). Choose another `port`."
            ) from fault
        self.port = runner.addresses[0][1]
        log.info("listening for hubs", host=self._options.host, port=self.port)
        try:
            while not stop.is_set():
                await self.ask_due()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._round_s)
        finally:
            await runner.cleanup()

    async def ask_due(self) -> None:
        """Subscribe, renew and give up leases that ran out; one hub after the other."""
        for subscription in await self._database.read(subscriptions):
            now = self._now()
            if subscription.state == "live" and not is_live(subscription, now):
                ended = replace(subscription, state="offered", asked_at=None, lease_until=None)
                await self._save(ended)
                log.info("lease ended; polling goes on", source=subscription.source)
                subscription = ended  # noqa: PLW2901
            if is_due(subscription, now):
                await self._ask(subscription)

    async def _ask(self, subscription: Subscription) -> None:
        # Stored before the hub is asked: it may verify before its answer comes.
        now = self._now()
        await self._save(asked(subscription, now, None))
        form = request_form(subscription, self._options.callback or "", self._key)
        try:
            status, text = await self._post(subscription.hub, form)
            fault = (
                None if 200 <= status < 300 else f"the hub answers {status}: {' '.join(text.split())[:100]}"
            )
        except BorderwatchError as error:
            fault = str(error)
        if fault is not None:
            await self._save(asked(subscription, now, fault))
            log.warning(
                "hub refused; polling goes on", source=subscription.source, hub=subscription.hub, reason=fault
            )

    async def _save(self, subscription: Subscription) -> None:
        live = is_live(subscription, self._now())
        await self._database.write(lambda db: save(db, subscription, live=live))

    async def _of_token(self, given: str) -> Subscription | None:
        for subscription in await self._database.read(subscriptions):
            if secrets.compare_digest(token(self._key, subscription.source), given):
                return subscription
        return None

    # What hubs call

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_PUSH_BYTES)
        app.add_routes([web.get("/{tail:.*}", self._verify), web.post("/{tail:.*}", self._take)])
        return app

    async def _called(self, request: web.Request) -> Subscription:
        given = request.path.rstrip("/").rpartition("/")[2]
        found = await self._of_token(given) if given.isascii() else None
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _verify(self, request: web.Request) -> web.Response:
        before = await self._called(request)
        after, challenge = verify(before, request.query, self._now())
        if after != before:
            await self._save(after)
            log.info("subscription", source=after.source, state=after.state, reason=after.reason)
        if challenge is None:
            raise web.HTTPNotFound
        return web.Response(text=challenge, content_type="text/plain")

    async def _take(self, request: web.Request) -> web.Response:
        subscription = await self._called(request)
        body = await request.read()
        # Section 7.1: an unsigned or wrongly signed push is acknowledged all the same, and ignored.
        if is_signed(body, request.headers.get("X-Hub-Signature"), secret(self._key, subscription.source)):
            await self._save(replace(subscription, last_push=self._now()))
            await self._push(subscription.source)
        else:
            log.warning("a push without our signature was ignored", source=subscription.source)
        return web.Response(status=202)
