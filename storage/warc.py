"""WARC 1.1 records as bytes (ISO 28500:2017). Pure; the files that hold them are `storage.archive`'s."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from storage.model import Capture, Headers

_UNTRUE = {"content-encoding", "transfer-encoding", "content-length"}
KEPT_AS = "X-Crawler-"
"""Before the names of headers that describe the body as it was on the wire, not as it is stored unpacked."""


def response_record(capture: Capture, record_id: uuid.UUID) -> bytes:
    """The WARC 1.1 response record of a capture, not packed."""
    status = f"HTTP/1.1 {capture.status} {_phrase(capture.status)}"
    headers = [(_name_kept(key), value) for key, value in capture.headers]
    headers.append(("Content-Length", str(len(capture.body))))
    head = _head(status, headers)
    payload = hashlib.sha1(capture.body, usedforsecurity=False)
    return _record(
        "response",
        record_id,
        capture.fetched_at,
        head + capture.body,
        [
            ("WARC-Target-URI", capture.url),
            ("WARC-Payload-Digest", _digest(payload.digest())),
            ("Content-Type", "application/http; msgtype=response"),
            ("Borderwatch-Source", capture.source),
            ("Borderwatch-Listed-URI", capture.listed_url),
        ],
    )


def request_record(capture: Capture, record_id: uuid.UUID, response_id: uuid.UUID) -> bytes:
    """The record of the request that brought a capture."""
    parts = urlsplit(capture.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _record(
        "request",
        record_id,
        capture.fetched_at,
        _head(f"GET {target} HTTP/1.1", capture.request_headers),
        [
            ("WARC-Target-URI", capture.url),
            ("WARC-Concurrent-To", f"<{response_id.urn}>"),
            ("Content-Type", "application/http; msgtype=request"),
        ],
    )


def warcinfo_record(name: str, software: str, moment: datetime, record_id: uuid.UUID) -> bytes:
    """The record that begins a file."""
    text = f"software: {software}\r\nformat: WARC File Format 1.1\r\n"
    fields = [("WARC-Filename", name), ("Content-Type", "application/warc-fields")]
    return _record("warcinfo", record_id, moment, text.encode(), fields)


def _record(
    kind: str, record_id: uuid.UUID, moment: datetime, block: bytes, fields: list[tuple[str, str]]
) -> bytes:
    # RFC 3339 with up to nine digits of fraction is what WARC 1.1 adds to 1.0.
    date = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    head = _head(
        "WARC/1.1",
        [
            ("WARC-Type", kind),
            ("WARC-Record-ID", f"<{record_id.urn}>"),
            ("WARC-Date", date),
            *fields,
            ("WARC-Block-Digest", _digest(hashlib.sha1(block, usedforsecurity=False).digest())),
            ("Content-Length", str(len(block))),
        ],
        encoding="utf-8",
    )
    return head + block + b"\r\n\r\n"


def _head(first: str, headers: list[tuple[str, str]] | Headers, encoding: str = "latin-1") -> bytes:
    lines = [first, *(f"{key}: {value}" for key, value in headers)]
    return b"".join(_line(line, encoding) + b"\r\n" for line in lines) + b"\r\n"


def _line(text: str, encoding: str) -> bytes:
    if "\n" in text or "\r" in text:
        text = " ".join(text.split())
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _digest(raw: bytes) -> str:
    return "sha1:" + base64.b32encode(raw).decode("ascii")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _name_kept(name: str) -> str:
    return KEPT_AS + name if name.lower() in _UNTRUE else name


def name_as_sent(name: str) -> str:
    """The header's name on the wire: the inverse of how it is stored."""
    plain = name.removeprefix(KEPT_AS)
    return plain if plain.lower() in _UNTRUE else name
