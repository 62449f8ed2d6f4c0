"""Servers that do not speak HTTP as they should: each job is still answered, and the next one works."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: 4\r\n\r\ngood"
BROTLI_OF_NOTHING = b"\x06"

NASTY: dict[str, bytes] = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status of words": b"HTTP/1.1 OK\r\n\r\n",
    "status 999": b"HTTP/1.1 999 Blocked\r\nContent-Length: 0\r\n\r\n",
    "status 99": b"HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "HTTP/3.7": b"HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2 preface": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
    "header without colon": OK + b"Nonsense\r\nContent-Length: 0\r\n\r\n",
    "header with nulls": OK + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "header name with blanks": OK + b"X A B: c\r\nContent-Length: 0\r\n\r\n",
    "folded header": OK + b"X-A: a\r\n  b\r\nContent-Length: 0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 4\n\ngood",
    "huge header": OK + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n",
    "many headers": OK + b"X-A: a\r\n" * 20_000 + b"\r\n",
    "endless header": OK + b"X-A: " + b"a" * 2_000_000,
    "length of words": OK + b"Content-Length: many\r\n\r\nx",
    "negative length": OK + b"Content-Length: -5\r\n\r\nx",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length beyond all": OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nx",
    "length and chunks": OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "chunk size of words": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "chunk too large": OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc",
    "chunks without end": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "unknown transfer encoding": OK + b"Transfer-Encoding: magic\r\n\r\nabc",
    "unknown content encoding": OK + b"Content-Encoding: magic\r\nContent-Length: 3\r\n\r\nabc",
    "gzip cut": OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1000)[:20],
    "brotli of nothing": OK + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n" + BROTLI_OF_NOTHING,
    "zstd that is none": OK + b"Content-Encoding: zstd\r\nContent-Length: 8\r\n\r\nabcdefgh",
    "304 with a body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
    "continue for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000 + GOOD,
    "redirect with line breaks": b"HTTP/1.1 302 Found\r\nLocation: /a%0d%0aX: y\r\nContent-Length: 0\r\n\r\n",
    "redirect to nothing": b"HTTP/1.1 302 Found\r\nLocation:\r\nContent-Length: 0\r\n\r\n",
    "redirect in letters": b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\nContent-Length: 0\r\n\r\n",
    "two answers at once": GOOD + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
    "garbage behind": GOOD + b"\x00\xff" * 1000,
}


@asynccontextmanager
async def serving(answers: dict[str, bytes]) -> AsyncIterator[str]:
    """A server that sends the raw bytes of the path's number, and closes."""
    raw = list(answers.values())

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
            part = path.strip(b"/")
            writer.write(
                raw[int(part)]
                if part.isdigit()
                else GOOD
                if part == b"good"
                else b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_each_job_is_answered_and_the_crawler_goes_on(crawl: Any) -> None:
    async with serving(NASTY) as base, crawl(timeout_s=3.0) as c:
        answers = await c.pages(*(f"{base}/{number}" for number in range(len(NASTY))))
        assert (await c.capture(f"{base}/good")).body == b"good"
        assert c.engine.restarts == 0
    kinds = {
        name: answer.error.kind if answer.error else "page"
        for name, answer in zip(NASTY, answers, strict=True)
    }
    assert len(kinds) == len(NASTY)
    assert set(kinds.values()) <= {
        "page",
        "protocol",
        "incomplete",
        "http",
        "encoding",
        "redirect",
        "redirect loop",
        "timeout",
        "url",
        "too large",
        "dns",
    }
    pages = {name for name, kind in kinds.items() if kind == "page"}
    assert "two answers at once" in pages
    for name in (
        "nothing",
        "half a status line",
        "huge header",
        "chunk size of words",
        "unknown content encoding",
        "gzip cut",
    ):
        assert name not in pages, kinds
    assert all(answer.capture is None or b"bad" not in answer.capture.body for answer in answers)


@pytest.mark.parametrize("body", [b"", b"\x00" * 100, "خبر".encode()])
async def test_any_body_is_kept_as_it_is(crawl: Any, body: bytes) -> None:
    answers = {"x": OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body}
    async with serving(answers) as base, crawl() as c:
        assert (await c.capture(f"{base}/0")).body == body
