"""Content encodings, unpacked while a body is read, so that a bomb is cut at the limit and not in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # before Python 3.14
    from backports import zstd

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
STEP_BYTES = 1024 * 1024
"""Most bytes that one step unpacks: about 3 ms, so that the event loop stays free."""


class TooLargeError(Exception):
    """The body is larger than the limit."""


class BadEncodingError(Exception):
    """The body does not unpack as its Content-Encoding says."""


class _Step(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...
    def end(self) -> bool: ...


class _Inflate:
    """gzip and deflate; a `deflate` without its zlib header is common and read too (RFC 9110 section 8.4.1.2)."""

    def __init__(self, *, gzip: bool) -> None:
        self._wbits = 31 if gzip else zlib.MAX_WBITS
        self._raw_next = not gzip
        self._machine = zlib.decompressobj(wbits=self._wbits)
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._machine.eof:
                if self._wbits != 31 or not data.startswith(b"\x1f\x8b"):
                    return  # padding behind the stream
                self._machine = zlib.decompressobj(wbits=31)
            try:
                piece = self._machine.decompress(data, STEP_BYTES)
            except zlib.error as error:
                if self._started or not self._raw_next:
                    raise BadEncodingError(str(error)) from error
                self._raw_next, self._machine = False, zlib.decompressobj(wbits=-zlib.MAX_WBITS)
                continue
            self._started = True
            data = self._machine.unconsumed_tail or self._machine.unused_data
            yield piece

    def end(self) -> bool:
        return self._machine.eof or not self._started


class _Brotli:
    def __init__(self) -> None:
        self._machine = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            yield self._machine.process(data, output_buffer_limit=STEP_BYTES)
            while not self._machine.can_accept_more_data():
                yield self._machine.process(b"", output_buffer_limit=STEP_BYTES)
        except brotli.error as error:
            raise BadEncodingError(str(error)) from error

    def end(self) -> bool:
        return bool(self._machine.is_finished())


class _Zstd:
    def __init__(self) -> None:
        self._machine = zstd.ZstdDecompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while True:
                if self._machine.eof:
                    if not data.startswith(b"\x28\xb5\x2f\xfd"):
                        return  # padding behind the frame
                    self._machine = zstd.ZstdDecompressor()
                yield self._machine.decompress(data, STEP_BYTES)
                data = self._machine.unused_data if self._machine.eof else b""
                if not data and (self._machine.eof or self._machine.needs_input):
                    return
        except zstd.ZstdError as error:
            raise BadEncodingError(str(error)) from error

    def end(self) -> bool:
        return bool(self._machine.eof)


_STEPS: dict[str, Callable[[], _Step]] = {
    "gzip": lambda: _Inflate(gzip=True),
    "x-gzip": lambda: _Inflate(gzip=True),
    "deflate": lambda: _Inflate(gzip=False),
    "br": _Brotli,
    "zstd": _Zstd,
}


class Body:
    """Collects a body chunk by chunk, unpacked, within `limit_bytes` on the wire and unpacked.

    `content_encoding` is the header's value. A body that says gzip but is none is kept as it is: servers that
    label plain files so are common. `feed` raises `TooLargeError` and `BadEncodingError`.
    """

    def __init__(self, content_encoding: str, limit_bytes: int) -> None:
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name and name != "identity"]
        unknown = [name for name in names if name not in _STEPS]
        if unknown or len(names) > 3:
            raise BadEncodingError(f"Content-Encoding {content_encoding!r} is not supported")
        self._steps = [_STEPS[name]() for name in reversed(names)]
        self._gzip_first = bool(names) and names[-1] in {"gzip", "x-gzip"}
        self._limit = limit_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self.received = 0
        """Bytes on the wire."""

    def feed(self, chunk: bytes) -> Iterator[None]:
        """Take a chunk of the wire; yields after each step of unpacking, so that the caller may let others run."""
        if self._gzip_first and not self.received and not b"\x1f\x8b".startswith(chunk[:2]):
            self._steps = []
        self.received += len(chunk)
        if self.received > self._limit:
            raise TooLargeError
        for piece in self._through(chunk, 0):
            self._size += len(piece)
            if self._size > self._limit:
                self._parts.clear()
                raise TooLargeError
            self._parts.append(piece)
            yield

    def _through(self, data: bytes, level: int) -> Iterator[bytes]:
        if level == len(self._steps):
            yield data
            return
        for piece in self._steps[level].feed(data):
            yield from self._through(piece, level + 1)

    def finish(self) -> tuple[bytes, bool]:
        """The body, and whether its packing came to its end."""
        # An answer without a body (304) may well name an encoding.
        return b"".join(self._parts), not self.received or all(step.end() for step in self._steps)
