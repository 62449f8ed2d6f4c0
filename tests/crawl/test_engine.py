"""The engine over real sockets: every job gets one answer, whatever the other side and Scrapy do."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import pytest

from crawler.engine import Engine, EngineOptions, user_agent
from crawler.fetch import Answer, PageJob, SourceJob
from crawler.stores import MemoryTables
from storage.model import BorderwatchError, Source, Validators


def feed(url: str, **options: Any) -> Source:
    return Source("s", "feed", url, **options)


class TestPages:
    async def test_a_page_is_captured_as_it_came(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            answer = await c.page(site.url("/page/1"))
        capture = answer.capture
        assert capture is not None
        assert capture.body == b"<html><head><title>/page/1</title></head><body><p>/page/1</p></body></html>"
        assert (capture.status, capture.url, capture.listed_url, capture.source) == (
            200,
            site.url("/page/1"),
            site.url("/page/1"),
            "s",
        )
        assert capture.headers == (
            ("Content-Length", str(len(capture.body))),
            ("Content-Type", "text/html; charset=utf-8"),
        )
        assert dict(capture.request_headers)["User-Agent"] == "borderwatch/1 (+test)"
        assert answer.bytes_received == len(capture.body)

    @pytest.mark.parametrize(
        ("listed", "asked"),
        [
            ("/page/a%2Fb%c3%a9?q=%41&&x=;y=1&b=2&a=1", None),
            ("/page/./a/../b//c", None),
            ("/page/(a)'!*~,;=:@$&", None),
            ("/page/{x}|y^z`?q=[1]&r={2}", None),
            ("/page/100%", None),
            ("/page/خبر?q=سراوان", "/page/%D8%AE%D8%A8%D8%B1?q=%D8%B3%D8%B1%D8%A7%D9%88%D8%A7%D9%86"),
            ("/page/a b", "/page/a%20b"),
            ("/page/1?utm_source=rss#comments", "/page/1?utm_source=rss"),
            ("/page/1?next=http://x/#/a", "/page/1?next=http://x/"),
        ],
    )
    async def test_the_address_is_asked_for_as_listed(
        self, site: Any, crawl: Any, listed: str, asked: str | None
    ) -> None:
        async with crawl() as c:
            capture = await c.capture(site.url(listed))
        assert site.paths() == [asked or listed]
        assert capture.listed_url == site.url(listed)

    async def test_nothing_personal_is_sent(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            await c.pages(site.url("/etag"), site.url("/etag"))
            await c.capture(site.url(f"/redirect?to={site.url('/page/2')}"))
        for row in site.requests(robots=True):
            assert set(row["headers"]) == {"host", "user-agent", "accept-encoding"} | (
                {"accept"} if row["path"] != "/robots.txt" else set()
            )
            assert row["headers"]["user-agent"] == "borderwatch/1 (+test)"

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw-deflate", "br", "zstd", "gzip, br"])
    async def test_bodies_are_unpacked(self, site: Any, crawl: Any, encoding: str) -> None:
        async with crawl() as c:
            answer = await c.page(site.url(f"/packed?encoding={encoding.replace(' ', '%20')}"))
        assert answer.capture is not None, answer.error
        assert answer.capture.body.startswith(b"<html><head><title>packed")
        assert answer.capture.header("content-encoding") == encoding.removeprefix("raw-")
        assert answer.bytes_received < len(answer.capture.body)

    async def test_a_plain_body_that_says_gzip_is_kept(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            assert (await c.capture(site.url("/claims-gzip"))).body.startswith(b"<html>")

    async def test_a_whole_page_on_a_connection_that_breaks_is_kept(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            assert (await c.capture(site.url("/cut-html"))).body.endswith(b"</html>")

    async def test_redirects_are_followed_and_permanent_ones_told(self, site: Any, crawl: Any) -> None:
        target = site.other("/page/there")
        async with crawl() as c:
            moved, found, mixed, plain = await c.pages(
                site.url(f"/redirect?status=301&to={site.url(f'/redirect?status=308%26to={target}')}"),
                site.url(f"/redirect?status=302&to={target}"),
                site.url(f"/redirect?status=301&to={site.url(f'/redirect?status=307%26to={target}')}"),
                target,
            )
        assert [a.permanent_url for a in (moved, found, mixed, plain)] == [target, None, None, None]
        assert {a.capture.url for a in (moved, found, mixed)} == {target}
        assert moved.capture.listed_url == moved.job.url

    async def test_a_redirect_in_raw_utf8_is_understood(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            capture = await c.capture(site.url("/redirect-utf8"))
        assert capture.url == site.url("/page/%D8%AE%D8%A8%D8%B1")

    async def test_links_of_google_news_lead_to_the_publisher(self, site: Any, crawl: Any) -> None:
        inside = base64.urlsafe_b64encode(b'\x08\x13"\x1ehttp://paper.example/page/1234').decode().rstrip("=")
        listed = [
            "http://news.google.com/rss/articles/opaque",
            f"http://news.google.com/rss/articles/{inside}",
        ]
        async with crawl(environment={"http_proxy": site.proxy}) as c:
            by_page, by_link = await c.pages(*listed)
        assert [by_page.capture.url, by_link.capture.url] == [
            "http://paper.example/page/story",
            "http://paper.example/page/1234",
        ]
        assert [by_page.capture.listed_url, by_link.capture.listed_url] == listed
        assert sum(row["host"] == "news.google.com" for row in site.requests()) == 1

    async def test_a_publisher_that_cannot_be_reached_leaves_the_page_as_listed(
        self, site: Any, crawl: Any
    ) -> None:
        inside = base64.urlsafe_b64encode(b'\x08\x13"\x1dhttps://paper.example/page/12').decode().rstrip("=")
        listed = f"http://news.google.com/rss/articles/{inside}"
        async with crawl(environment={"http_proxy": site.proxy, "https_proxy": "http://127.0.0.1:1"}) as c:
            capture = await c.capture(listed)
        assert capture.url in {listed, "http://paper.example/page/story"}


class TestFaults:
    @pytest.mark.parametrize(
        ("path", "kind", "words"),
        [
            ("/status/404", "http", "404"),
            ("/status/500", "http", "500"),
            ("/status/204", "http", "204"),
            ("/loop", "redirect loop", "/loop"),
            ("/endless/1", "redirect loop", "/endless/"),
            ("/hang", "timeout", "0.7 s"),
            ("/drip", "timeout", "0.7 s"),
            ("/cut", "incomplete", "bytes"),
            ("/garbage", "protocol", ""),
            ("/bad-gzip", "encoding", ""),
            ("/redirect?to=//[bad", "redirect", "bad"),
        ],
    )
    async def test_each_fault_has_its_kind(
        self, site: Any, crawl: Any, path: str, kind: str, words: str
    ) -> None:
        async with crawl(timeout_s=0.7) as c:
            error = await c.error(site.url(path))
            assert (await c.capture(site.url("/page/after"))).status == 200
        assert (error.kind, words in error.detail) == (kind, True), error

    async def test_hosts_that_are_not_there(self, crawl: Any) -> None:
        async with crawl() as c:
            refused, unknown = await c.pages("http://127.0.0.1:1/x", "http://no-such-host.invalid/x")
        assert [refused.error.kind, unknown.error.kind] == ["refused", "dns"]
        assert refused.error.detail == "127.0.0.1: Connection refused"
        assert unknown.error.detail.startswith("no-such-host.invalid: ")

    @pytest.mark.parametrize(
        "path", ["/big/3", "/announced/3", "/bomb?encoding=gzip", "/bomb?encoding=br", "/bomb?encoding=zstd"]
    )
    async def test_large_bodies_and_bombs_are_cut(self, site: Any, crawl: Any, path: str) -> None:
        begun = time.monotonic()
        async with crawl(page_max_bytes=2 * 1024 * 1024) as c:
            error = await c.error(site.url(path))
        assert (error.kind, error.detail) == ("too large", "larger than 2 MB")
        assert time.monotonic() - begun < 5

    async def test_retry_after_is_told_and_holds_for_the_host(self, site: Any, crawl: Any) -> None:
        async with crawl(max_wait_s=5) as c:
            error = await c.error(site.url("/status/503?after=3600"))
            later = await c.error(site.url("/page/1"))
            await c.capture(site.other("/page/1"))
        assert (error.status, error.retry_after_s) == (503, 3600.0)
        assert later.kind == "postponed"
        assert 3500 < later.retry_after_s <= 3600
        async with crawl(max_wait_s=5) as c:  # a new process
            again = await c.error(site.url("/page/1"))
        assert again.kind == "postponed"
        assert site.paths().count("/page/1") == 1

    async def test_ten_years_count_as_a_day(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            error = await c.error(site.url("/status/429?after=315360000"))
        assert error.retry_after_s == 86400.0


class TestSources:
    async def test_conditional_requests(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            first = await c.source(SourceJob(feed(site.url("/etag"))))
            second = await c.source(
                SourceJob(
                    feed(site.url("/etag")), Validators(first.header("etag"), "Tue, 24 Nov 2026 10:00:00 GMT")
                )
            )
        assert (first.status, first.error, first.final_url) == (200, None, site.url("/etag"))
        assert (second.status, second.error, second.body) == (304, None, b"")
        sent = site.requests()[1]["headers"]
        assert (sent["if-none-match"], sent["if-modified-since"]) == ('"v1"', "Tue, 24 Nov 2026 10:00:00 GMT")

    async def test_a_failing_source_keeps_its_answer(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            answer = await c.source(SourceJob(feed(site.url("/status/410"))))
        assert (answer.status, answer.error.kind, answer.error.status) == (410, "http", 410)

    async def test_the_news_sitemaps_of_an_index_are_followed(self, site: Any, crawl: Any) -> None:
        source = Source("s", "sitemap", site.url("/sitemap-index.xml"))
        async with crawl() as c:
            answer = await c.source(SourceJob(source))
        assert [child.url.rsplit("/", 1)[1] for child in answer.children] == ["news-2.xml"]
        assert [(url.rsplit("/", 1)[1], error.status) for url, error in answer.child_errors] == [
            ("missing-news.xml", 404)
        ]
        assert b"http://x/news-2.xml" in answer.children[0].body
        assert answer.header("etag") is None  # a 304 of the index would hide news in its sitemaps

    async def test_without_news_the_newest_are_followed(self, site: Any, crawl: Any) -> None:
        source = Source("s", "sitemap", site.other("/sitemap-index.xml"))
        async with crawl() as c:
            answer = await c.source(SourceJob(source, max_children=3))
        assert [child.url.rsplit("/", 1)[1] for child in answer.children] == ["new.xml", "old.xml"]


class TestOneAnswerEach:
    async def test_jobs_of_all_kinds_at_once(self, site: Any, crawl: Any) -> None:
        paths = [
            "/page/{}",
            "/status/404?n={}",
            "/loop?n={}",
            "/cut?n={}",
            "/redirect?to=/page/{}",
            "/packed?encoding=br&n={}",
        ]
        urls = [base(paths[n % len(paths)].format(n)) for n in range(60) for base in (site.url, site.other)]
        async with crawl() as c:
            answers = await c.pages(*urls, *urls[:20])
        assert [answer.job.url for answer in answers] == urls + urls[:20]

    async def test_a_crawler_that_ends_is_started_again_and_loses_nothing(
        self, site: Any, crawl: Any
    ) -> None:
        urls = [base(f"/page/{n}?wait=0.05") for n in range(8) for base in (site.url, site.other)]
        async with crawl() as c:
            for number, url in enumerate(urls):
                await c.engine.put(PageJob(number, url, "s"))
            while len(c.answers) < 4:
                await asyncio.sleep(0.01)
            await c.engine.crawler.engine.close_spider_async(reason="cancelled")
            async with asyncio.timeout(20):
                await c.engine.idle()
            assert c.engine.restarts == 1
        assert sorted(a.job.entry_id for a in c.answers) == list(range(len(urls)))
        assert all(answer.capture for answer in c.answers)

    async def test_an_exception_in_the_spider_answers_its_job(
        self, site: Any, crawl: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from crawler.spiders.news import NewsSpider

        def broken(self: Any, response: Any) -> None:
            if "/page/bad" in response.url:
                raise RuntimeError("spider bug")
            self.desk.arrived(response.meta["ticket"], response.meta["download"])

        monkeypatch.setattr(NewsSpider, "arrived", broken)
        async with crawl() as c:
            bad, good = await c.pages(site.url("/page/bad"), site.url("/page/good"))
        assert (bad.error.kind, "spider bug" in bad.error.detail) == ("crawler", True)
        assert good.capture is not None

    async def test_an_exception_of_the_taker_is_counted_and_stops_nothing(
        self, site: Any, crawl: Any
    ) -> None:
        async def taker(answer: Answer) -> None:
            if answer.job.url.endswith("/1"):
                raise RuntimeError("taker bug")

        async with crawl(taker) as c:
            await c.pages(site.url("/page/1"), site.url("/page/2"))
            assert c.engine.lost_answers == 1
        assert len(c.answers) == 2

    async def test_closing_answers_all_that_is_open_in_time(self, site: Any, crawl: Any) -> None:
        async with crawl(timeout_s=20) as c:
            for number in range(30):
                await c.engine.put(PageJob(number, site.url("/hang"), "s"))
                await c.engine.put(PageJob(100 + number, site.other("/drip"), "s"))
            await c.engine.put(SourceJob(feed(site.url("/hang"))))
            while not {"/hang", "/drip"} <= set(site.paths()):
                await asyncio.sleep(0.01)
            for number in range(200, 210):
                c.engine.submit(PageJob(number, site.url("/page/1"), "s"))
            begun = time.monotonic()
            await c.engine.close()
            assert time.monotonic() - begun < 2
        assert len(c.answers) == 71
        assert {answer.error.kind for answer in c.answers} == {"shutdown"}

    async def test_no_job_is_taken_after_closing(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            await c.engine.close()
            with pytest.raises(BorderwatchError, match="closing"):
                c.engine.submit(PageJob(1, site.url("/page/1"), "s"))

    async def test_put_waits_while_too_many_are_open(self, site: Any, crawl: Any) -> None:
        async with crawl(max_open_jobs=3) as c:
            most = 0
            for number in range(20):
                await c.engine.put(PageJob(number, site.url(f"/page/{number}"), "s"))
                most = max(most, c.engine.open_jobs)
            await c.engine.idle()
        assert most <= 3
        assert len(c.answers) == 20


def test_two_runs_in_one_process(site: Any, crawl: Any) -> None:
    """Each `asyncio.run` has its own loop; the second finds the first one's reactor and replaces it."""

    async def run() -> int:
        async with crawl() as c:
            return (await c.capture(site.url("/page/1"))).status

    assert [asyncio.run(run()), asyncio.run(run())] == [200, 200]


async def test_the_effective_settings_of_a_running_crawler(site: Any, crawl: Any) -> None:
    async with crawl(host_delay_s=0.1) as c:
        await c.capture(site.url("/page/1"))
        crawler = c.engine.crawler
        settings = crawler.settings
        assert not settings.getbool("TELNETCONSOLE_ENABLED")
        assert not settings.getbool("REMOTE_CONTROL_ENABLED")
        assert [type(extension).__name__ for extension in crawler.extensions.middlewares] == []
        assert not settings.getbool("COOKIES_ENABLED")
        assert not settings.getbool("REFERER_ENABLED")
        assert not settings.getbool("HTTPCACHE_ENABLED")
        assert not settings.getbool("REDIRECT_ENABLED")
        assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
        assert settings.getint("DOWNLOAD_MAXSIZE") == 32 * 1024 * 1024
        assert settings.getfloat("DOWNLOAD_TIMEOUT") == 20
        assert settings["USER_AGENT"] == "borderwatch/1 (+test)"
        handlers = crawler.engine.downloader.handlers
        assert set(handlers._schemes) == {"http", "https"}
        assert {type(handler).__name__ for handler in handlers._handlers.values()} == {"GuardedHandler"}
        assert crawler.engine.downloader.middleware.middlewares == ()
        assert crawler.engine.scraper.spidermw.middlewares == ()
        assert settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") == 1


def test_the_user_agent_names_product_and_contact() -> None:
    assert user_agent("0.1.0", "ops@example.org") == "borderwatch/0.1.0 (+ops@example.org)"


def test_an_engine_is_cheap_until_it_starts() -> None:
    Engine(EngineOptions("x"), on_answer=None, robots_store=None, host_store=None)  # type: ignore[arg-type]


def test_a_program_that_fails_while_the_crawler_runs_ends(site: Any) -> None:
    """`asyncio.run` cancels every task; Scrapy swallows that of the crawl, which must not start another crawler."""

    async def fail() -> None:
        tables = MemoryTables()
        engine = Engine(EngineOptions("x"), _ignore, tables, tables)
        await engine.start()
        raise ZeroDivisionError

    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
    assert time.monotonic() - begun < 5


async def _ignore(answer: Answer) -> None:
    """No job is submitted."""
