"""The one spider: it makes the requests that the engine hands out and hands back what came."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.spiders.desk import Desk


class NewsSpider(Spider):
    """Long-lived: its `start` waits for work for as long as the engine runs.

    Whatever happens to a request (a download, a failure in a handler, an ignored request), `arrived` or `failed`
    tells the desk; what it means is for the engine to decide.
    """

    name = "borderwatch"

    def __init__(self, desk: Desk, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.desk = desk

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.broke, signals.spider_error)
        crawler.signals.connect(spider.dropped, signals.request_dropped)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        async for ticket in self.desk.tickets():
            meta = {
                "ticket": ticket,
                "verbatim_url": True,
                "proxy": ticket.proxy,
                "download_timeout": ticket.timeout_s,
                "download_maxsize": ticket.max_bytes,
                "handle_httpstatus_all": True,
            }
            method = "GET" if ticket.form is None else "POST"
            yield Request(
                ticket.url,
                method=method,
                callback=self.arrived,
                errback=self.failed,
                dont_filter=True,
                meta=meta,
            )

    def arrived(self, response: Response) -> None:
        """Scrapy's callback."""
        self.desk.arrived(response.meta["ticket"], response.meta["download"])

    def failed(self, failure: Failure) -> None:
        """Scrapy's errback."""
        self._tell(getattr(failure, "request", None), failure)

    def broke(self, failure: Failure, response: Response | Failure) -> None:
        """Scrapy's signal for an exception in a callback or errback."""
        self._tell(getattr(response, "request", None), failure)

    def dropped(self, request: Request) -> None:
        """Scrapy's signal for a request that its scheduler refuses."""
        self.desk.failed(request.meta["ticket"], RuntimeError("the scheduler refused the request"))

    def _tell(self, request: Request | None, failure: Failure) -> None:
        if request is not None and failure.value is not None:
            self.desk.failed(request.meta["ticket"], failure.value)
