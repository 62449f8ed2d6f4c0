"""What passes between the engine and the spider: tickets out, downloads or failures back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from crawler.fetch import FetchError
from crawler.spiders.failures import Download, FetchFailedError
from storage.model import Headers

MAX_LIVES = 2
"""How many crawlers a request may see die before it is given up as the culprit."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One HTTP request on its way through Scrapy; `result` gets its outcome, once."""

    number: int
    url: str
    headers: Headers
    proxy: str | None
    timeout_s: float
    max_bytes: int
    render: bool
    form: bytes | None
    """The body of a POST (a form); None makes it a GET."""
    result: asyncio.Future[Download]
    lives: int = MAX_LIVES
    running: list[asyncio.Task[Download]] = field(default_factory=list)
    """The download itself, once the handler has it."""


class Desk:
    """The queue that the spider's `start` awaits, and the requests that are out. It outlives crawlers."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._queue: asyncio.Queue[Ticket] = asyncio.Queue()
        self._out: dict[int, Ticket] = {}
        self.opened = asyncio.Event()
        """Set while a spider takes tickets."""

    async def fetch(
        self,
        url: str,
        *,
        headers: Headers,
        proxy: str | None,
        timeout_s: float,
        max_bytes: int,
        render: bool = False,
        form: bytes | None = None,
    ) -> Download:
        """Hand a request to the spider and wait for its outcome. Raises `FetchFailedError`."""
        result: asyncio.Future[Download] = asyncio.get_running_loop().create_future()
        ticket = Ticket(next(self._numbers), url, headers, proxy, timeout_s, max_bytes, render, form, result)
        self._out[ticket.number] = ticket
        self._queue.put_nowait(ticket)
        try:
            # The handler keeps the time limit; this one only catches a request that Scrapy lost.
            async with asyncio.timeout(3 * timeout_s + 30):
                return await result
        except TimeoutError as error:
            raise FetchFailedError(FetchError("crawler", "the crawler lost the request")) from error
        finally:
            self._out.pop(ticket.number, None)
            for task in ticket.running:
                task.cancel()

    async def tickets(self) -> AsyncIterator[Ticket]:
        """Requests to make, as they come, for ever."""
        self.opened.set()
        while True:
            ticket = await self._queue.get()
            if not ticket.result.done():
                yield ticket

    def arrived(self, ticket: Ticket, download: Download) -> None:
        """The request brought something."""
        if not ticket.result.done():
            ticket.result.set_result(download)

    def failed(self, ticket: Ticket, error: BaseException) -> None:
        """The request failed, in whatever part of Scrapy."""
        if not ticket.result.done():
            if not isinstance(error, FetchFailedError):
                error = FetchFailedError(FetchError("crawler", f"{type(error).__name__}: {error}"[:300]))
            ticket.result.set_exception(error)

    def recover(self) -> None:
        """The crawler died: queue what it had out again, and give up what has seen too many die."""
        self._queue = asyncio.Queue()
        for ticket in self._out.values():
            ticket.lives -= 1
            if ticket.lives > 0:
                self._queue.put_nowait(ticket)
            else:
                self.failed(ticket, RuntimeError("the crawler died of it twice"))

    def abort(self) -> None:
        """End everything that is out, so that the crawler can close at once."""
        for ticket in tuple(self._out.values()):
            self.failed(ticket, FetchFailedError(FetchError("shutdown", "the crawler was closed")))
            for task in ticket.running:
                task.cancel()
