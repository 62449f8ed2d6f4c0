"""robots.txt, delays and pauses, read from the server's log, over restarts as well."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch import SourceJob
from crawler.hops import MAX_RETRY_AFTER_S, retry_after_s
from crawler.hosts import Lanes, PostponedError
from crawler.storethread import StoreThread
from storage.database import Database, open_database
from storage.hosts import HostTables, Pause, StoredRobots
from storage.model import Source

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def gaps(rows: list[dict[str, Any]]) -> list[float]:
    """Seconds between the starts of requests."""
    times = sorted(row["t"] for row in rows)
    return [later - earlier for earlier, later in itertools.pairwise(times)]


class TestRobots:
    async def test_it_is_asked_for_once_by_many_at_once(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.1": "User-agent: *\nDisallow: /page/secret\n"})
        async with crawl() as c:
            answers = await c.pages(*(site.url(f"/page/{n}") for n in range(30)), site.url("/page/secret/1"))
        assert site.paths(robots=True).count("/robots.txt") == 1
        assert site.paths(robots=True)[0] == "/robots.txt"
        assert all(answer.capture for answer in answers[:-1])
        assert answers[-1].error.kind == "robots"
        assert "/page/secret/1" not in site.paths()

    async def test_it_is_kept_over_restarts_for_a_day(self, site: Any, crawl: Any) -> None:
        for _ in range(2):
            async with crawl() as c:
                await c.capture(site.url("/page/1"))
        assert site.paths(robots=True).count("/robots.txt") == 1

    async def test_rules_for_us_by_name_win(self, site: Any, crawl: Any) -> None:
        site.robots(
            {
                "127.0.0.1": "User-agent: *\nDisallow: /\n\nUser-agent: borderwatch\nAllow: /page/\nDisallow: /etag\n"
            }
        )
        async with crawl() as c:
            good, bad = await c.pages(site.url("/page/1"), site.url("/etag"))
        assert good.capture is not None
        assert bad.error.kind == "robots"

    async def test_a_redirect_to_a_disallowed_path_is_not_followed(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.2": "User-agent: *\nDisallow: /page/\n"})
        async with crawl() as c:
            error = await c.error(site.url(f"/redirect?to={site.other('/page/1')}"))
        assert error.kind == "robots"
        assert not any(path.startswith("/page/") for path in site.paths())

    async def test_listings_keep_to_it_as_well(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.1": "User-agent: *\nDisallow: /etag\n"})
        async with crawl() as c:
            answer = await c.source(SourceJob(Source("s", "feed", site.url("/etag"))))
        assert answer.error.kind == "robots"

    async def test_a_failing_robots_txt_forbids_and_a_missing_one_does_not(
        self, site: Any, crawl: Any
    ) -> None:
        site.robots({"127.0.0.1": 503})
        async with crawl() as c:
            error = await c.error(site.url("/page/1"))
            await c.capture(site.other("/page/1"))
        assert (error.kind, "503" in error.detail) == ("robots", True)

    async def test_an_unreachable_host_is_told_as_such(self, crawl: Any) -> None:
        async with crawl() as c:
            first, second = await c.pages("http://127.0.0.1:1/a", "http://127.0.0.1:1/b")
        assert [first.error.kind, second.error.kind] == ["refused", "refused"]

    async def test_a_host_that_comes_back_is_asked_again_soon(
        self, site: Any, crawl: Any, tmp_path: Path
    ) -> None:
        """What could not be reached at all (our network, a proxy) blocks nothing after a restart or a minute."""
        async with crawl(environment={"http_proxy": "http://127.0.0.1:1"}) as c:
            assert (await c.error("http://back.example/page/1")).kind == "proxy"
        tables = HostTables(open_database(tmp_path / "borderwatch.db"))
        tables.save_robots(
            StoredRobots("http://back.example", datetime.now(UTC), None, unreachable_since=NOW)
        )
        async with crawl(environment={"http_proxy": site.proxy}) as c:
            await c.capture("http://back.example/page/1")

    async def test_crawl_delay_raises_the_delay(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.1": "User-agent: *\nCrawl-delay: 0.2\n"})
        async with crawl() as c:
            await c.pages(*(site.url(f"/page/{n}") for n in range(4)))
        assert min(gaps(site.requests())) > 0.19


class TestHosts:
    async def test_one_request_at_a_time_to_a_host_and_many_over_hosts(self, site: Any, crawl: Any) -> None:
        proxied = {"http_proxy": site.proxy}
        urls = [f"http://h{host}.example/page/{n}?wait=0.03" for n in range(4) for host in range(8)]
        async with crawl(environment=proxied) as c:
            await c.pages(*urls)
        log = site.log()
        assert max(row["at_once"] for row in log if "t" in row) == 1
        running, most = 0, 0
        for row in log:
            running += 1 if "t" in row else -1
            most = max(most, running)
        assert most >= 4

    async def test_the_delay_lies_between_two_requests(self, site: Any, crawl: Any) -> None:
        async with crawl(host_delay_s=0.2) as c:
            await c.pages(
                *(site.url(f"/page/{n}") for n in range(3)), site.url(f"/redirect?to={site.url('/page/r')}")
            )
        rows = site.requests(robots=True)
        assert len(rows) == 6
        assert min(gaps(rows)) >= 0.2

    async def test_delays_hold_over_restarts(self, site: Any, crawl: Any) -> None:
        for _ in range(2):
            async with crawl(host_delay_s=0.6) as c:
                await c.page(site.url("/page/1"))
        rows = site.requests(robots=True)
        assert len(rows) == 3
        assert min(gaps(rows)) >= 0.6

    async def test_a_slow_host_does_not_hold_up_the_others(self, site: Any, crawl: Any) -> None:
        async with crawl(timeout_s=0.4, concurrency=4, environment={"http_proxy": site.proxy}) as c:
            urls = [f"http://slow.example/hang?{n}" for n in range(3)] + [
                f"http://h{n}.example/page/1" for n in range(40)
            ]
            started = asyncio.create_task(c.pages(*urls))
            async with asyncio.timeout(30):
                while sum(answer.capture is not None for answer in c.answers) < 40:
                    await asyncio.sleep(0.01)
                slow_done = sum("slow" in answer.job.url for answer in c.answers)
                await started
        assert slow_done <= 2


class TestLanes:
    def lanes(self, db: Database, clock: list[float], **options: Any) -> Lanes:
        chosen = {"delay_s": 1.0, "max_wait_s": 60.0} | options
        tables = HostTables(db)
        return Lanes(
            tables,
            tables.pauses(),
            StoreThread(),
            wall=lambda: NOW + timedelta(seconds=clock[0]),
            clock=lambda: clock[0],
            **chosen,
        )

    async def test_a_pause_longer_than_a_job_may_wait_is_told(self, db: Database) -> None:
        clock = [0.0]
        lanes = self.lanes(db, clock)
        lanes.pause("h", 300, "Retry-After")
        with pytest.raises(PostponedError) as told:
            async with lanes.turn("h"):
                pass
        assert told.value.wait_s == 300
        clock[0] = 301.0
        async with lanes.turn("h"):
            pass

    async def test_pauses_are_read_back(self, db: Database) -> None:
        clock = [0.0]
        lanes = self.lanes(db, clock)
        lanes.pause("h", 300, "Retry-After")
        await lanes.save()
        clock[0] = 100.0
        with pytest.raises(PostponedError) as told:
            async with self.lanes(db, clock).turn("h"):
                pass
        assert told.value.wait_s == pytest.approx(200, abs=0.01)

    async def test_a_short_delay_never_shortens_a_long_pause(self, db: Database) -> None:
        clock = [0.0]
        lanes = self.lanes(db, clock)
        async with lanes.turn("h"):
            lanes.pause("h", 300, "Retry-After")
        with pytest.raises(PostponedError):
            async with lanes.turn("h"):
                pass

    async def test_an_exception_inside_a_turn_frees_the_host(self, db: Database) -> None:
        lanes = self.lanes(db, [0.0], delay_s=0.0)
        with pytest.raises(ZeroDivisionError):
            async with lanes.turn("h"):
                raise ZeroDivisionError
        async with asyncio.timeout(1), lanes.turn("h"):
            pass


class TestTables:
    def test_robots_are_kept_as_given(self, db: Database) -> None:
        tables = HostTables(db)
        assert tables.robots("https://a.example") is None
        for row in (
            StoredRobots("https://a.example", NOW, 200, "User-agent: *\n", "read"),
            StoredRobots("https://a.example", NOW + timedelta(1), None, "User-agent: *\n", "x", NOW),
        ):
            tables.save_robots(row)
            assert tables.robots("https://a.example") == row

    def test_pauses_that_are_over_go(self, db: Database) -> None:
        tables = HostTables(db)
        tables.pause(
            [
                Pause("a", NOW + timedelta(seconds=5), "delay"),
                Pause("b", NOW + timedelta(days=1), "Retry-After"),
            ],
            NOW,
        )
        assert tables.pauses()["a"] == NOW + timedelta(seconds=5)
        tables.pause([], NOW + timedelta(seconds=6))
        assert tables.pauses() == {"b": NOW + timedelta(days=1)}


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("120", 120.0), (" 5 ", 5.0), ("0", 0.0), ("315360000", MAX_RETRY_AFTER_S), ("9" * 400, MAX_RETRY_AFTER_S),
            ("Tue, 24 Nov 2026 10:05:00 GMT", 300.0), ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0), ("Fri, 24 Nov 2036 10:00:00 GMT", MAX_RETRY_AFTER_S),
            ("soon", None), ("-5", None), ("", None), (None, None), ("1.5", None), ("٣", None),
        ],
    )  # fmt: skip
    def test_its_forms(self, value: str | None, seconds: float | None) -> None:
        assert retry_after_s(value, NOW) == seconds

    @given(st.text(max_size=40))
    def test_any_text(self, value: str) -> None:
        found = retry_after_s(value, NOW)
        assert found is None or 0 <= found <= MAX_RETRY_AFTER_S
