"""One channel's way out: claim what is due, send it in the channel's rhythm and pace, and write what became of it.

Lanes share nothing but the store, so that a channel that hangs delays no other.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs.alerts.bundle import join_digest, join_due
from jobs.alerts.carrier import Carrier, LaneContext
from jobs.alerts.claims import is_alive
from jobs.alerts.rhythm import digest_due, next_slot, plan_burst, quiet_until
from jobs.config.channels import Channel
from storage.alerts import claim_due, claim_named, expire, give_back, next_due, recent_sends, release_claims
from storage.bundles import count_due, release_held
from storage.channels import channel_state

log = structlog.get_logger()

POLL_S = 2.0
"""How soon a row is seen that another process wrote; this process's own recorder pokes."""
EXPIRE_EVERY_S = 60.0


@dataclass(slots=True)
class Lane:
    """The state of one channel's way out."""

    channel: Channel
    carrier: Carrier
    context: LaneContext
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    held_back: bool = False
    flying: dict[asyncio.Task[None], int] = field(default_factory=dict)
    _first_seen: datetime | None = None
    _digest_done: datetime | None = None
    _expired_at_s: float = float("-inf")
    _joined_at: datetime | None = None

    async def prepare(self) -> None:
        """Take up what is known of the channel from earlier runs."""
        state = await self.context.store.call(channel_state, self.channel.name, self.context.clock())
        await self.carrier.prepare(state)
        self._first_seen, self._digest_done = state.first_seen, state.digest_done
        if self.channel.mode == "instant":
            await self.context.store.call(release_held, self.channel.name)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then finish what is under way for a moment, and give the rest back."""
        prepared = False
        while not stop.is_set():
            self.wake.clear()
            try:
                if not prepared:
                    await self.prepare()
                    prepared = True
                wait_s = await self.turn(self.context.clock())
            except Exception:
                log.exception("delivery_lane_fault", channel=self.channel.name)
                wait_s = POLL_S
            await self._sleep(wait_s, stop)
        await self.finish(limit_s=3.0)

    async def drain(self, started: datetime) -> None:
        """Try everything that is due once, and wait for the answers."""
        await self.prepare()
        while True:
            wait_s = await self.turn(self.context.clock(), due_by=started)
            if self.flying:
                await asyncio.wait(self.flying, return_when=asyncio.FIRST_COMPLETED)
            elif wait_s > 0:
                return

    async def turn(self, now: datetime, due_by: datetime | None = None) -> float:
        """One look: join what is to be joined, claim and start sends. Returns the seconds until the next look."""
        await self.carrier.write_unsettled()
        await self._expire(now)
        pause = self._pause_until(now)
        if pause is not None and await self._still_paused(now):
            return min(POLL_S, max(0.01, (pause - now).total_seconds()))
        if self.channel.mode == "digest":
            await self._digest(now)
        room = self.carrier.parallel - len(self.flying)
        if room <= 0:
            return POLL_S
        room = await self._burst(now, room)
        if room <= 0:
            return POLL_S
        due = now if due_by is None else max(due_by, self._joined_at or due_by)
        claimed = await self.context.store.call(
            claim_due, self.channel.name, due, room, self.context.claimant
        )
        for delivery in claimed:
            task = asyncio.create_task(self.carrier.carry(delivery))
            self.flying[task] = delivery.delivery_id
            task.add_done_callback(self._landed)
        if claimed:
            return 0.0 if len(self.flying) < self.carrier.parallel else POLL_S
        return await self._until_next(now)

    async def send_named(self, delivery_ids: list[int]) -> None:
        """Send these deliveries now, whatever their time, the channel's pause or its quiet hours (`alerts retry`)."""
        claimed = await self.context.store.call(claim_named, delivery_ids, self.context.claimant)
        for delivery in claimed:
            await self.carrier.carry(delivery)

    async def finish(self, limit_s: float) -> None:
        """Wait for sends under way, then leave: what is unfinished is given back, and repeated with the same id."""
        if self.flying:
            _, unfinished = await asyncio.wait(self.flying, timeout=limit_s)
            left = [self.flying[task] for task in unfinished]
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            await self.context.store.call(give_back, left)
        await self.carrier.sender.close()

    def _landed(self, task: asyncio.Task[None]) -> None:
        self.flying.pop(task, None)
        self.wake.set()
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("delivery_fault", channel=self.channel.name, exc_info=fault)

    def _pause_until(self, now: datetime) -> datetime | None:
        if self.carrier.not_before is not None and self.carrier.not_before > now:
            return self.carrier.not_before
        return quiet_until(now, self.channel.quiet_hours, self.channel.timezone)

    async def _still_paused(self, now: datetime) -> bool:
        """Whether the pause stands; a person who asks for a retry ends it, in the channel's row."""
        if self.carrier.not_before is not None and self.carrier.not_before > now:
            state = await self.context.store.call(channel_state, self.channel.name, now)
            if state.not_before is None:
                self.carrier.not_before = None
        return self._pause_until(now) is not None

    async def _expire(self, now: datetime) -> None:
        if time.monotonic() - self._expired_at_s < EXPIRE_EVERY_S:
            return
        self._expired_at_s = time.monotonic()
        await self.context.store.call(release_claims, is_alive)
        limit = now - timedelta(seconds=self.channel.retry_for)
        dead = await self.context.store.call(
            expire, self.channel.name, limit, "not delivered in time", untried=self.carrier.failures > 0
        )
        if dead:
            await self.carrier.died(dead, "not delivered in time", now)

    async def _digest(self, now: datetime) -> None:
        channel = self.channel
        slot = digest_due(
            now, done=self._digest_done, first_seen=self._first_seen or now, clock=channel.digest_at,
            weekday=channel.digest_weekday, timezone=channel.timezone,
        )  # fmt: skip
        if slot is None:
            return
        await self.context.store.call(
            join_digest,
            channel,
            slot=slot,
            since=self._digest_done,
            now=now,
            new_id=self.context.new_id,
            base_url=self.context.base_url,
        )
        self._digest_done, self._joined_at = slot, now

    async def _burst(self, now: datetime, room: int) -> int:
        rate = self.channel.burst_rate
        if rate is None:
            return room
        store, name = self.context.store, self.channel.name
        due = await store.call(count_due, name, now, rate.count + 1)
        if due == 0:
            return room
        recent = await store.call(recent_sends, name, now - timedelta(seconds=rate.per_s), rate.count)
        recent += [now] * len(self.flying)
        plan = plan_burst(recent, due, now, rate, held_back=self.held_back)
        self.held_back = plan.action == "wait" or (
            self.held_back and plan.action == "send" and due > plan.count
        )
        if plan.action == "join":
            await store.call(
                join_due, self.channel, now=now, new_id=self.context.new_id, base_url=self.context.base_url
            )
            self._joined_at = now
            return room
        if plan.action == "wait":
            return 0
        if plan.count < due:
            self.held_back = True
        return min(room, plan.count)

    async def _until_next(self, now: datetime) -> float:
        moments = [await self.context.store.call(next_due, self.channel.name)]
        if self.channel.mode == "digest":
            moments.append(
                next_slot(now, self.channel.digest_at, self.channel.digest_weekday, self.channel.timezone)
            )
        waits = [(moment - now).total_seconds() for moment in moments if moment is not None]
        return max(0.01, min([POLL_S, *waits]))

    async def _sleep(self, wait_s: float, stop: asyncio.Event) -> None:
        if wait_s <= 0 or self.wake.is_set():
            return
        waiting = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waiting, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiting:
            waiter.cancel()
