"""Carrying one channel's deliveries: send, write what became of it, and pause the channel where it does not work."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs.alerts.backoff import Pace, is_stale, plan_retry
from jobs.alerts.notices import Notice, post_notice
from jobs.alerts.parcel import Outcome, Parcel, Sender
from jobs.alerts.store import Store
from jobs.config.channels import Channel, Rate
from storage.alerts import Claimed, Settled, recent_sends, settle, wake_channel
from storage.channels import ChannelState, channel_failed, channel_succeeded

log = structlog.get_logger()

NOTE_SUCCESS_S = 60.0
"""How often `last_success` of a channel that works is written."""
TROUBLE = 8
"""Failures in a row (some two minutes) at which the operator is told that a channel does not work."""


@dataclass(slots=True)
class LaneCounts:
    """What a lane did."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class LaneContext:
    """What every lane works with. `chance` gives a number in [0, 1); `operators` hear of a channel's faults."""

    store: Store
    claimant: str
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    new_id: Callable[[], str]
    operators: tuple[Channel, ...] = ()
    base_url: str | None = None
    scrub: Callable[[str], str] = str
    on_sent: Callable[[Claimed, datetime], None] | None = None


@dataclass(slots=True)
class Carrier:
    """What is known of a channel while it is served."""

    channel: Channel
    sender: Sender
    context: LaneContext
    counts: LaneCounts = field(default_factory=LaneCounts)
    failures: int = 0
    not_before: datetime | None = None
    _pace: Pace | None = None
    _success_noted_s: float = float("-inf")
    _unsettled: list[Settled] = field(default_factory=list)

    @property
    def parallel(self) -> int:
        """How many sends may be under way: one, a probe, where the last one failed."""
        return 1 if self.failures else self.sender.parallel

    async def prepare(self, state: ChannelState) -> None:
        """Take up failures, pause and pace from earlier runs."""
        self.failures, self.not_before = state.failures, state.not_before
        if self.channel.pace is not None:
            self._pace = await self._pace_so_far(self.channel.pace)

    async def _pace_so_far(self, rate: Rate) -> Pace:
        """The rate limit, with what an earlier process sent a moment ago."""
        now = self.context.clock()
        since = now - timedelta(seconds=rate.per_s)
        sent = await self.context.store.call(recent_sends, self.channel.name, since, rate.count)
        return Pace(
            rate.count, rate.per_s, [time.monotonic() - (now - moment).total_seconds() for moment in sent]
        )

    async def carry(self, delivery: Claimed) -> None:
        """Send one claimed delivery, in the channel's pace, and write what became of it."""
        if self._pace is not None and (wait_s := self._pace.take_s(time.monotonic())) > 0:
            await asyncio.sleep(wait_s)
        try:
            decided = datetime.fromisoformat(delivery.payload["created"])
            parcel = Parcel(delivery.alert_id, delivery.kind, delivery.payload, decided)
            outcome = await self.sender.send(parcel)
        except Exception as fault:  # noqa: BLE001 - an alert that a sender cannot handle must not stop its channel
            trace = self.context.scrub(traceback.format_exc())
            log.error("sender_fault", channel=self.channel.name, alert=delivery.alert_id, trace=trace)
            outcome = Outcome(False, f"internal fault: {type(fault).__name__}", "message")
        now = self.context.clock()
        if outcome.sent:
            await self._sent(delivery, now)
        else:
            await self._failed(delivery, outcome, now)

    async def _sent(self, delivery: Claimed, now: datetime) -> None:
        store = self.context.store
        await self._settle(Settled(delivery.delivery_id, "sent", now))
        self.counts.sent += 1
        if self.context.on_sent is not None:
            self.context.on_sent(delivery, now)
        if self.failures:
            self.failures, self.not_before = 0, None
            await store.call(wake_channel, self.channel.name, now)
            log.info("channel_answers_again", channel=self.channel.name)
            self._success_noted_s = float("-inf")
        if time.monotonic() - self._success_noted_s > NOTE_SUCCESS_S:
            self._success_noted_s = time.monotonic()
            await store.call(channel_succeeded, self.channel.name, now)

    async def _settle(self, outcome: Settled) -> None:
        """Write an outcome; where the database cannot take it now, the next look tries again. Forgetting it would send
        what was sent already once more."""
        try:
            await self.context.store.settle(outcome)
        except Exception:
            self._unsettled.append(outcome)
            raise

    async def write_unsettled(self) -> None:
        """Write outcomes that the database could not take when they came."""
        if self._unsettled:
            batch = list(self._unsettled)
            await self.context.store.call(settle, batch)
            del self._unsettled[: len(batch)]

    async def _failed(self, delivery: Claimed, outcome: Outcome, now: datetime) -> None:
        store, name = self.context.store, self.channel.name
        self.counts.failed += 1
        if outcome.scope == "channel":
            self.failures += 1
        error = outcome.error or "unknown reason"
        retry = plan_retry(
            outcome,
            tries=delivery.tries + 1,
            channel_failures=self.failures,
            now=now,
            chance=self.context.chance(),
        )
        dead = is_stale(delivery.since, now, self.channel.retry_for)
        await self._settle(
            Settled(
                delivery.delivery_id,
                "dead" if dead else "waiting",
                now,
                None if dead else retry.next_try,
                error,
            )
        )
        log.warning(
            "delivery_failed",
            channel=name,
            alert=delivery.alert_id,
            tries=delivery.tries + 1,
            error=error,
            dead=dead,
        )
        if outcome.scope == "channel" or retry.channel_pause_until is not None:
            await store.call(channel_failed, name, now, error, retry.channel_pause_until)
        if retry.channel_pause_until is not None:
            self.not_before = max(self.not_before or retry.channel_pause_until, retry.channel_pause_until)
        if dead:
            await self.died(1, error, now)
        elif self.failures == TROUBLE:
            await self._tell(
                f"channel {name} does not work", f"The last {TROUBLE} tries failed: {error}", now
            )

    async def died(self, count: int, error: str, now: datetime) -> None:
        """Deliveries were given up for their age: the operator is told."""
        self.counts.dead += count
        days = self.channel.retry_for / 86400
        text = f"{count} could not be delivered within {days:g} days: {error}"
        await self._tell(f"alerts for channel {self.channel.name} are dead", text, now)

    async def _tell(self, title: str, text: str, now: datetime) -> None:
        others = [channel for channel in self.context.operators if channel.name != self.channel.name]
        remedy = (
            "`borderwatch alerts list --undelivered` shows them, `borderwatch alerts retry` sends them again."
        )
        notice = Notice(key=title, title=title, lines=(text, remedy))
        await self.context.store.call(post_notice, notice, others, now=now, new_id=self.context.new_id)
