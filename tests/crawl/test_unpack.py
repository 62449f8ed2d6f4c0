"""Content encodings, unpacked chunk by chunk within a limit."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.spiders.unpack import BadEncodingError, Body, TooLargeError

PACK = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "GZIP,identity": gzip.compress,
}


def read(encoding: str, packed: bytes, *, chunk: int = 1000, limit: int = 10_000_000) -> tuple[bytes, bool]:
    body = Body(encoding, limit)
    for start in range(0, len(packed), chunk):
        for _ in body.feed(packed[start : start + chunk]):
            pass
    return body.finish()


@settings(max_examples=40)
@given(st.sampled_from(sorted(PACK)), st.binary(max_size=5000), st.integers(1, 3000))
def test_what_was_packed_comes_back(encoding: str, data: bytes, chunk: int) -> None:
    assert read(encoding, PACK[encoding](data), chunk=chunk) == (data, True)


@settings(max_examples=40)
@given(st.sampled_from(sorted(PACK)), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(encoding: str, data: bytes) -> None:
    with contextlib.suppress(BadEncodingError):
        read(encoding, data)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_a_cut_body_is_told(encoding: str) -> None:
    packed = PACK[encoding](b"abcdefgh" * 4000)
    body, whole = read(encoding, packed[: len(packed) // 2])
    assert not whole
    assert (b"abcdefgh" * 4000).startswith(body)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_cut_at_the_limit(encoding: str) -> None:
    packed = PACK[encoding](b"\0" * 6_000_000)
    with pytest.raises(TooLargeError):
        read(encoding, packed, chunk=65536, limit=2_000_000)


def test_steps_are_small() -> None:
    """The caller gets a turn after each megabyte, so that the event loop stays free."""
    body = Body("gzip", 50_000_000)
    assert len(list(body.feed(gzip.compress(b"\0" * 8_000_000)))) >= 8


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_several_members_are_one_body_and_padding_is_not(encoding: str) -> None:
    pack = PACK[encoding]
    assert read(encoding, pack(b"one") + pack(b"two")) == (b"onetwo", True)
    assert read(encoding, pack(b"one") + b"\0" * 50) == (b"one", True)


def test_deflate_without_its_header() -> None:
    assert read("deflate", zlib.compress(b"raw" * 100, wbits=-15), chunk=7) == (b"raw" * 100, True)


@pytest.mark.parametrize("encoding", ["compress", "gzip, x", "gzip, gzip, gzip, gzip"])
def test_unknown_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(BadEncodingError):
        Body(encoding, 100)


@pytest.mark.parametrize("encoding", sorted(PACK))
def test_no_body_is_whole(encoding: str) -> None:
    assert read(encoding, b"") == (b"", True)
