"""WebSub against a real hub in a child process, and its rules as tables."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.engine import Engine, EngineOptions
from crawler.stores import MemoryTables
from jobs.config.websub import WebsubOptions
from jobs.websub.protocol import asked, is_due, is_live, is_signed, request_form, secret, token, verify
from jobs.websub.subscriber import Subscriber, load_key
from jobs.writer import Writer
from storage.database import Database, open_database, scalar, write_transaction
from storage.model import Source
from storage.sources import sync_sources
from storage.subscriptions import Subscription, offer, subscriptions

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
KEY = b"k" * 32
SUB = Subscription("dawn", "https://hub.example/", "https://dawn.example/feed")
HOUR = timedelta(hours=1)


class TestProtocol:
    def test_the_request_has_all_that_a_hub_needs(self) -> None:
        form = request_form(SUB, "https://me.example/websub/", KEY)
        assert form["hub.callback"] == f"https://me.example/websub/{token(KEY, 'dawn')}"
        assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", SUB.topic)
        assert len(form["hub.secret"]) < 200
        assert token(KEY, "dawn") != token(KEY, "dawn2") != secret(KEY, "dawn")[:32]

    @pytest.mark.parametrize(
        ("query", "confirmed"),
        [
            ({}, True),
            ({"hub.topic": "https://other.example/"}, False),
            ({"hub.mode": "unsubscribe"}, False),
            ({"hub.challenge": ""}, False),
            ({"hub.challenge": "x" * 5000}, False),
        ],
    )
    def test_only_what_was_asked_for_is_confirmed(self, query: dict[str, str], confirmed: bool) -> None:
        given_query = {
            "hub.mode": "subscribe",
            "hub.topic": SUB.topic,
            "hub.challenge": "abc",
            "hub.lease_seconds": "7200",
        }
        after, challenge = verify(asked(SUB, NOW, None), given_query | query, NOW)
        assert (challenge is not None, is_live(after, NOW)) == (confirmed, confirmed)
        assert verify(SUB, given_query, NOW)[1] is None  # we never asked

    @pytest.mark.parametrize(
        ("lease", "seconds"),
        [
            ("7200", 7200),
            ("0", 300),
            ("99999999999", 30 * 86400),
            ("x", 864000),
            ("", 864000),
            ("-5", 864000),
        ],
    )
    def test_leases_are_kept_within_reason(self, lease: str, seconds: int) -> None:
        query = {
            "hub.mode": "subscribe",
            "hub.topic": SUB.topic,
            "hub.challenge": "abc",
            "hub.lease_seconds": lease,
        }
        assert verify(asked(SUB, NOW, None), query, NOW)[0].lease_until == NOW + timedelta(seconds=seconds)

    def test_a_denial_ends_it_with_its_reason(self) -> None:
        live = replace(SUB, state="live", asked_at=NOW, lease_until=NOW + HOUR)
        after, challenge = verify(
            live, {"hub.mode": "denied", "hub.topic": SUB.topic, "hub.reason": "closed"}, NOW
        )
        assert (after.state, after.reason, after.lease_until, challenge) == ("refused", "closed", None, None)

    def test_when_a_hub_is_asked(self) -> None:
        live = replace(SUB, state="live", asked_at=NOW, lease_until=NOW + 3 * HOUR)
        assert is_due(SUB, NOW)
        assert [is_due(live, NOW + HOUR * hours) for hours in (1, 1.9, 2, 3)] == [False, False, True, True]
        waiting = asked(SUB, NOW, None)
        assert [is_due(waiting, NOW + HOUR * hours) for hours in (0, 0.9, 1, 24)] == [
            False,
            False,
            True,
            True,
        ]
        refused = replace(SUB, state="refused", asked_at=NOW, failures=30)
        assert [is_due(refused, NOW + HOUR * hours) for hours in (1, 23, 24)] == [False, False, True]

    @pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
    def test_signatures(self, method: str) -> None:
        good = f"{method}={hmac.new(b's', b'body', method).hexdigest()}"
        assert is_signed(b"body", good, "s")
        assert is_signed(b"body", good.upper().replace(method.upper(), method), "s")
        assert not is_signed(b"other", good, "s")
        assert not is_signed(b"body", good, "t")

    @given(st.text(max_size=80) | st.none())
    def test_any_other_header_is_no_signature(self, header: str | None) -> None:
        assert not is_signed(b"body", header, "s")

    def test_md5_is_no_signature(self) -> None:
        assert not is_signed(b"body", f"md5={hashlib.md5(b'x').hexdigest()}", "s")


class TestTables:
    def test_another_hub_starts_anew_and_none_ends_it(self, db: Database) -> None:
        with write_transaction(db):
            sync_sources(db, [Source("dawn", "feed", SUB.topic)], NOW)
            offer(db, "dawn", SUB.hub, SUB.topic)
            db.execute("UPDATE subscriptions SET state = 'live', failures = 3")
            offer(db, "dawn", SUB.hub, SUB.topic)
        assert [s.state for s in subscriptions(db)] == ["live"]
        with write_transaction(db):
            offer(db, "dawn", "https://other.example/", SUB.topic)
        assert subscriptions(db) == [replace(SUB, hub="https://other.example/")]
        with write_transaction(db):
            offer(db, "dawn", None, SUB.topic)
        assert subscriptions(db) == []

    def test_the_key_is_made_once_and_only_ours(self, tmp_path: Path) -> None:
        key = load_key(tmp_path)
        assert load_key(tmp_path) == key
        assert (tmp_path / "websub.key").stat().st_mode & 0o777 == 0o600


@contextmanager
def running_hub(mode: str = "good") -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("hub.py")), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        process.communicate(timeout=10)


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 15.0) -> Any:
    """The first true value of a condition."""
    async with asyncio.timeout(limit_s):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
        return value


class Parts:
    """A subscriber over a database and a crawler of its own."""

    def __init__(self, tmp_path: Path, hub: str, *, port: int, clock: Callable[[], datetime]) -> None:
        self.pushed: list[str] = []
        self.db = open_database(tmp_path / "borderwatch.db")
        with write_transaction(self.db):
            sync_sources(self.db, [Source("dawn", "feed", f"{hub}/feed.xml")], NOW)
            offer(self.db, "dawn", f"{hub}/hub", f"{hub}/feed.xml")
        self.writer = Writer(self.db)
        tables = MemoryTables()
        options = EngineOptions("borderwatch/1 (+test)", ("127.0.0.0/8",), 0.0, environment={})
        self.engine = Engine(options, self.ignore, tables, tables)
        self.subscriber = Subscriber(
            WebsubOptions(callback=f"http://127.0.0.1:{port}/websub", port=port), load_key(tmp_path), self.writer,
            self.engine.post_form, self.push, now=clock, round_s=0.05,
        )  # fmt: skip

    async def ignore(self, answer: Any) -> None:
        """No jobs are submitted here."""

    async def push(self, source: str) -> None:
        self.pushed.append(source)

    async def state(self) -> Subscription:
        return (await self.writer.read(subscriptions))[0]


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def parts(
    tmp_path: Path, hub: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Parts]:
    made = Parts(tmp_path, hub, port=free_port(), clock=clock)
    yield made
    made.writer.close()


class TestWithAHub:
    async def test_subscribe_push_forge_renew(self, tmp_path: Path) -> None:
        moved = timedelta()
        with running_hub() as hub, parts(tmp_path, hub, lambda: datetime.now(UTC) + moved) as made:
            await made.engine.start()
            stop = asyncio.Event()
            work = asyncio.create_task(made.subscriber.run(stop))

            async def is_state_live() -> bool:
                return (await made.state()).state == "live"

            await until(is_state_live)
            assert scalar(made.db, "SELECT hub FROM sources") == f"{hub}/hub"

            assert await asyncio.to_thread(get, f"{hub}/publish?sign=no") == [202]
            assert made.pushed == []
            assert await asyncio.to_thread(get, f"{hub}/publish") == [202]
            assert made.pushed == ["dawn"]
            assert (await made.state()).last_push is not None

            moved = timedelta(minutes=45)  # two thirds of the hour's lease are over
            renewed = [
                row for row in await until(lambda: self.asked_twice(hub)) if row["what"] == "subscribe"
            ]
            assert renewed[0]["hub.callback"] == renewed[1]["hub.callback"]
            stored = (
                Path(tmp_path / "borderwatch.db").read_bytes()
                + Path(tmp_path / "borderwatch.db-wal").read_bytes()
            )
            assert renewed[0]["hub.secret"].encode() not in stored

            stop.set()
            await work
            await made.engine.close()

    @staticmethod
    async def asked_twice(hub: str) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = (await asyncio.to_thread(get, f"{hub}/state"))["log"]
        return log if sum(row["what"] == "subscribe" for row in log) == 2 else []

    @pytest.mark.parametrize(("mode", "reason"), [("refuse", "404"), ("deny", "not today")])
    async def test_a_hub_that_says_no_leaves_the_source_to_polling(
        self, tmp_path: Path, mode: str, reason: str
    ) -> None:
        with running_hub(mode) as hub, parts(tmp_path, hub) as made:
            await made.engine.start()
            stop = asyncio.Event()
            work = asyncio.create_task(made.subscriber.run(stop))

            async def refused() -> Subscription | None:
                state = await made.state()
                return state if state.state == "refused" else None

            state = await until(refused)
            assert reason in (state.reason or "")
            assert scalar(made.db, "SELECT hub FROM sources") is None
            stop.set()
            await work
            await made.engine.close()

    async def test_a_hub_inside_is_not_asked(self, tmp_path: Path) -> None:
        with parts(tmp_path, "http://10.0.0.1") as made:
            await made.engine.start()
            await made.subscriber.ask_due()
            state = await made.state()
            assert (state.state, "not a public address" in (state.reason or "")) == ("refused", True)
            await made.engine.close()

    async def test_a_lease_that_ran_out_is_polled_again(self, tmp_path: Path) -> None:
        with parts(tmp_path, "http://10.0.0.1") as made:
            await made.engine.start()
            with write_transaction(made.db):
                made.db.execute(
                    "UPDATE subscriptions SET state = 'live', asked_at = '2020-01-01T00:00:00.000Z', lease_until = '2020-01-02T00:00:00.000Z'"
                )
                made.db.execute("UPDATE sources SET hub = 'x'")
            await made.subscriber.ask_due()
            assert scalar(made.db, "SELECT hub FROM sources") is None
            await made.engine.close()
