"""Bringing alerts to their channels: for the service until it stops, or once for `crawl`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from jobs.alerts.carrier import Carrier, LaneContext
from jobs.alerts.claims import claimant_of_this_process, is_alive
from jobs.alerts.lane import Lane
from jobs.alerts.outbox import random_alert_id
from jobs.alerts.senders import make_sender, scrubber_of
from jobs.alerts.store import Store
from jobs.config.channels import Channel
from storage.alerts import Claimed, abandon_unknown, release_claims
from storage.database import Database, now_utc

UNKNOWN_AFTER = timedelta(days=3)
"""What waits so long for a channel that is not configured any more is given up; `alerts retry` revives it with the channel."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a drain did: messages that were accepted, tries that failed, and deliveries given up for their age."""

    deliveries_sent: int
    deliveries_failed: int
    deliveries_dead: int


class Deliverer:
    """Delivers what the outbox holds. One lane a channel; `poke()` when an alert was decided.

    `open_database` gives a connection of the deliverer's own. `on_sent` is told of each delivery (for measuring).
    Raises BadTemplateError on construction where a channel's template cannot be used.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        channels: Sequence[Channel],
        *,
        base_dir: Path,
        base_url: str | None = None,
        clock: Callable[[], datetime] = now_utc,
        chance: Callable[[], float] = random.random,
        new_id: Callable[[], str] = random_alert_id,
        console: Console | None = None,
        on_sent: Callable[[Claimed, datetime], None] | None = None,
    ) -> None:
        self._open, self._clock = open_database, clock
        self._channels = [channel for channel in channels if channel.enabled]
        self._scrub = scrub = scrubber_of(self._channels)
        self._senders = [
            (channel, make_sender(channel, base_dir=base_dir, scrub=scrub, console=console))
            for channel in self._channels
        ]
        self._chance, self._new_id, self._base_url, self._on_sent = chance, new_id, base_url, on_sent
        self._lanes: list[Lane] = []

    def poke(self) -> None:
        """Look at once: an alert was decided. Call it in the deliverer's loop, after the commit."""
        for lane in self._lanes:
            lane.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set. Claims of dead processes become due again first, under the same ids."""
        store = Store(self._open)
        try:
            await self._begin(store)
            self._lanes = self._make_lanes(store)
            await asyncio.gather(stop.wait(), *(lane.run(stop) for lane in self._lanes))
        finally:
            self._lanes = []
            await store.close()

    async def drain(self, limit_s: float) -> Delivered:
        """Try everything that is due once, for at most `limit_s` seconds; what is unfinished stays for the next run."""
        store = Store(self._open)
        try:
            await self._begin(store)
            lanes = self._make_lanes(store)
            started = self._clock()
            work = [asyncio.create_task(lane.drain(started)) for lane in lanes]
            if work:
                _, late = await asyncio.wait(work, timeout=limit_s)
                for task in late:
                    task.cancel()
                ended = await asyncio.gather(*work, return_exceptions=True)
                await asyncio.gather(*(lane.finish(limit_s=0.2) for lane in lanes))
                for fault in ended:
                    if isinstance(fault, Exception) and not isinstance(fault, asyncio.CancelledError):
                        raise fault
            return _sum(lanes)
        finally:
            await store.close()

    async def send_named(self, delivery_ids: Iterable[tuple[str, int]]) -> Delivered:
        """Send these deliveries (channel, id) now, whatever their time (`alerts retry`)."""
        store = Store(self._open)
        try:
            await self._begin(store)
            lanes = self._make_lanes(store)
            wanted = list(delivery_ids)
            for lane in lanes:
                await lane.prepare()
            await asyncio.gather(
                *(
                    lane.send_named([key for name, key in wanted if name == lane.channel.name])
                    for lane in lanes
                )
            )
            await asyncio.gather(*(lane.finish(limit_s=0.2) for lane in lanes))
            return _sum(lanes)
        finally:
            await store.close()

    async def _begin(self, store: Store) -> None:
        await store.call(release_claims, is_alive)
        await store.call(
            abandon_unknown, [channel.name for channel in self._channels], self._clock() - UNKNOWN_AFTER
        )

    def _make_lanes(self, store: Store) -> list[Lane]:
        context = LaneContext(
            store=store,
            claimant=claimant_of_this_process(),
            clock=self._clock,
            chance=self._chance,
            new_id=self._new_id,
            operators=tuple(channel for channel in self._channels if channel.operator),
            base_url=self._base_url,
            scrub=self._scrub,
            on_sent=self._on_sent,
        )
        return [
            Lane(channel, Carrier(channel, sender, context), context) for channel, sender in self._senders
        ]


def _sum(lanes: Iterable[Lane]) -> Delivered:
    counts = [lane.carrier.counts for lane in lanes]
    return Delivered(
        sum(count.sent for count in counts),
        sum(count.failed for count in counts),
        sum(count.dead for count in counts),
    )
