"""A web site with every behaviour that the crawl tests need, as a child process on a free port of 127.0.0.1 and 127.0.0.2.

Run as a script it prints one JSON line, `{"port": …}` (and `"tls_port"` where a certificate is given), and serves
until its standard input closes. Every request is one JSON line in the log file: time, host, path, headers.

Paths: `/page/…` (a page), `/status/N`, `/redirect?to=…&status=N`, `/loop`, `/endless/N`, `/hang`, `/drip`,
`/big/N` and `/announced/N` (megabytes), `/bomb?encoding=…` (a small body that unpacks to 60 MB), `/packed?encoding=…`,
`/claims-gzip`, `/bad-gzip`, `/cut`, `/cut-html`, `/garbage`, `/robots.txt` (from `robots.json` by host), `/etag`, `/sitemap…`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import sys
import time
import zlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import brotli
from backports import zstd

PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw-deflate": lambda body: zlib.compress(body, wbits=-15),
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body)),
}


def page(title: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body><p>{title}</p></body></html>".encode()


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = (folder / "requests.jsonl").open("a", buffering=1)
        self.active: dict[str, int] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await self.read(reader):
                if not await self.handle(writer, *request):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines if line)
        }
        return first.split(" ")[1], headers

    async def handle(self, writer: asyncio.StreamWriter, target: str, headers: dict[str, str]) -> bool:
        absolute = target.startswith("http")
        url = urlsplit(target)
        host = (url.netloc if absolute else headers.get("host", "")).split(":")[0]
        path = target.partition("://")[2][len(url.netloc) :] if absolute else target
        begun = time.time()
        self.active[host] = self.active.get(host, 0) + 1
        row = {
            "t": begun,
            "host": host,
            "path": path,
            "at_once": self.active[host],
            "proxied": absolute,
            "headers": headers,
        }
        self.log.write(json.dumps(row) + "\n")
        try:
            return await self.answer(writer, host, url.path, parse_qs(url.query), headers)
        finally:
            self.active[host] -= 1
            self.log.write(json.dumps({"end": time.time(), "host": host, "path": path}) + "\n")

    async def send(
        self, writer: asyncio.StreamWriter, status: int, body: bytes = b"", **headers: str
    ) -> bool:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await writer.drain()
        return True

    async def news(self, writer, name, base, html) -> bool:
        """A small news site: a front page that names a feed, the feed, and two articles."""
        if name == "":
            head = '<link rel="alternate" type="application/rss+xml" title="All" href="feed.xml">'
            front = f"<html><head><title>News</title>{head}</head><body></body></html>"
            return await self.send(writer, 200, front.encode(), **html)
        if name == "feed.xml":
            items = "".join(
                f"<item><title>Story {n}</title><link>{base}/story-{n}</link><pubDate>Mon, 0{n} Nov 2026 10:00:00 +0500</pubDate></item>"
                for n in (2, 1)
            )
            channel = f"<channel><title>The News</title><language>en-PK</language>{items}</channel>"
            feed = f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'
            return await self.send(writer, 200, feed.encode(), Content_Type="application/rss+xml")
        if name.startswith("story-"):
            text = "".join(f"<p>{ARTICLE * 3}</p>" for _ in range(4))
            head = "<head><title>Gate at Taftan closed</title></head>"
            story = f"<html lang=en>{head}<body><article><h1>Gate at Taftan closed</h1>{text}</article></body></html>"
            return await self.send(writer, 200, story.encode(), **html)
        return await self.send(writer, 404)

    async def answer(self, writer, host, path, query, headers) -> bool:
        html = {"Content_Type": "text/html; charset=utf-8"}
        part = path.split("/")
        if path == "/robots.txt":
            robots = (
                json.loads((self.folder / "robots.json").read_text())
                if (self.folder / "robots.json").exists()
                else {}
            )
            rules = robots.get(host)
            if isinstance(rules, int):
                return await self.send(writer, rules)
            if isinstance(rules, str) and rules.startswith("http"):
                return await self.send(writer, 302, Location=rules)
            return (
                await self.send(writer, 404)
                if rules is None
                else await self.send(writer, 200, rules.encode())
            )
        if part[1] == "page":
            await asyncio.sleep(float(query.get("wait", ["0"])[0]))
            return await self.send(writer, 200, page(path), **html)
        if part[1] == "status":
            extra = {"Retry_After": query["after"][0]} if "after" in query else {}
            return await self.send(writer, int(part[2]), b"" if part[2] == "204" else b"x", **extra)
        if path == "/redirect":
            return await self.send(writer, int(query.get("status", ["302"])[0]), Location=query["to"][0])
        if path == "/redirect-utf8":
            writer.write(
                b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /page/" + "خبر".encode() + b"\r\n\r\n"
            )
            await writer.drain()
            return True
        if path == "/loop":
            return await self.send(writer, 302, Location="/loop")
        if part[1] == "endless":
            return await self.send(writer, 302, Location=f"/endless/{int(part[2]) + 1}")
        if path == "/hang":
            await asyncio.sleep(60)
            return False
        if path == "/drip":
            writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(600):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)
            return False
        if part[1] == "big":
            size = int(part[2]) * 1024 * 1024
            writer.write(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")
            for _ in range(size // 65536):
                writer.write(b"x" * 65536)
                await writer.drain()
            return False
        if part[1] == "announced":
            writer.write(f"HTTP/1.1 200 X\r\nContent-Length: {int(part[2]) * 1024 * 1024}\r\n\r\n".encode())
            await writer.drain()
            return False
        if path == "/bomb":
            encoding = query["encoding"][0]
            return await self.send(writer, 200, bomb(encoding), Content_Encoding=encoding)
        if path == "/packed":
            encoding = query["encoding"][0]
            name = encoding.removeprefix("raw-")
            return await self.send(
                writer, 200, PACK[encoding](page("packed") * 100), Content_Encoding=name, **html
            )
        if path == "/claims-gzip":
            return await self.send(writer, 200, page("plain"), Content_Encoding="gzip", **html)
        if path == "/bad-gzip":
            return await self.send(
                writer, 200, gzip.compress(page("plain"))[:-8] + b"\xff" * 8, Content_Encoding="gzip"
            )
        if path in {"/cut", "/cut-html"}:
            body = page("cut") if path == "/cut-html" else b"<html><p>cut"
            writer.write(f"HTTP/1.1 200 X\r\nContent-Length: {len(body) + 100}\r\n\r\n".encode() + body)
            await writer.drain()
            return False
        if path == "/garbage":
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
            await writer.drain()
            return False
        if path == "/etag":
            if headers.get("if-none-match") == '"v1"':
                return await self.send(writer, 304, ETag='"v1"')
            return await self.send(writer, 200, page("etag"), ETag='"v1"', Set_Cookie="id=1", **html)
        if path == "/sitemap-index.xml":
            base = f"http://{headers['host']}"
            names = (
                ("old", "new", "missing")
                if headers["host"].startswith("127.0.0.2")
                else ("old", "new", "news-2", "missing-news")
            )
            dates = ("2020-01-01", "2026-01-01", "2021-01-01", "2026-02-01")[: len(names)]
            items = "".join(
                f"<sitemap><loc>{base}/child/{n}.xml</loc><lastmod>{d}</lastmod></sitemap>"
                for n, d in zip(names, dates, strict=True)
            )
            return await self.send(
                writer,
                200,
                f'<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</sitemapindex>'.encode(),
                ETag="v1",
            )
        if path == "/scripted":
            text = "<p id=p>empty</p><script>document.getElementById('p').textContent = 'written by ' + 'a script'</script>"
            return await self.send(writer, 200, f"<html><body>{text}</body></html>".encode(), **html)
        if path == "/curious":
            return await self.send(writer, 200, CURIOUS.replace("PORT", query["port"][0]).encode(), **html)
        if path.startswith("/rss/articles/"):
            out = b'<html><body><a rel="nofollow" href="http://paper.example/page/story">go</a></body></html>'
            return await self.send(writer, 200, out, **html)
        if part[1] == "news":
            return await self.news(writer, part[2], f"http://{headers['host']}/news", html)
        if part[1] == "child" and "missing" not in part[2]:
            return await self.send(
                writer, 200, f"<urlset><url><loc>http://x/{part[2]}</loc></url></urlset>".encode()
            )
        return await self.send(writer, 404, page("not found"), **html)


CURIOUS = """<html><body><p id=p>nothing</p><script>
for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
  fetch(`http://${host}:PORT/page/inside`, {mode: "no-cors"}).then(() => { document.getElementById("p").textContent = "reached" });
  const frame = document.createElement("iframe"); frame.src = `http://${host}:PORT/page/frame`; document.body.append(frame);
  const code = document.createElement("script"); code.src = `http://${host}:PORT/page/code`; document.body.append(code);
}
</script></body></html>"""
ARTICLE = "Officials at the Taftan crossing said on Monday that the border gate with Iran was closed after shots were fired. "


def bomb(encoding: str) -> bytes:
    """60 MB of zeros, packed."""
    zeros, count = b"\0" * 1_000_000, 60
    if encoding == "gzip":
        machine = zlib.compressobj(9, wbits=31)
    elif encoding == "zstd":
        machine = zstd.ZstdCompressor()
    else:
        packer = brotli.Compressor(quality=3)
        return b"".join(packer.process(zeros) for _ in range(count)) + packer.finish()
    return b"".join(machine.compress(zeros) for _ in range(count)) + machine.flush()


async def main() -> None:
    folder = Path(sys.argv[1])
    site = Site(folder)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, limit=1 << 20)
    said = {"port": server.sockets[0].getsockname()[1]}
    await asyncio.start_server(site.serve, "127.0.0.2", said["port"], limit=1 << 20)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
        tls = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context)
        said["tls_port"] = tls.sockets[0].getsockname()[1]
    print(json.dumps(said), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
