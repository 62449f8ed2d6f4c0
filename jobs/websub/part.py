"""WebSub as a part of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from jobs.config.models import Config
from jobs.machine import Machine
from jobs.websub.subscriber import Subscriber, load_key


def hub_parts(config: Config, machine: Machine, stop: asyncio.Event) -> list[Awaitable[None]]:
    """The subscriber's work, where the configuration names a callback address."""
    if config.websub.callback is None:
        return []

    async def push(source: str) -> None:
        machine.check(await machine.claim_named([source]))

    key = load_key(machine.data_dir)
    return [Subscriber(config.websub, key, machine.writer, machine.engine.post_form, push).run(stop)]
