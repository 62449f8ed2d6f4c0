"""The archive: WARC 1.1 files that only grow (the only import of a WARC library).

A page is one `response` record and the `request` record that belongs to it, each its own gzip member, both in one
`write` at the end of the file. A write is whole or undone; a crash can only tear the last one, and `Archive`
cuts that off when it opens. Several processes may append (a lock on the file orders them), and threads.

The stored payload is the body as unpacked; the headers that no longer describe it are kept under the names
`X-Crawler-Content-Encoding` and the like, as is usual, so that every reader and digest check agrees with it.
"""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from storage.captures import Archived
from storage.database import now_utc
from storage.model import Capture, Headers
from storage.tears import ArchiveError, Torn, append, check_archive, explain, repair_archive, torn_after
from storage.warc import name_as_sent, request_record, response_record, warcinfo_record

__all__ = [
    "Archive",
    "ArchiveError",
    "Found",
    "Torn",
    "check_archive",
    "iter_pages",
    "read_capture",
    "repair_archive",
]

GZIP_LEVEL = 4
"""1.2 ms a page of the corpus (122 KB); level 6 takes 2.1 ms for 4 % less (measured)."""
_DAMAGE = (ArchiveLoadFailed, zlib.error, EOFError, ValueError)
ROTATE_BYTES = 512 * 1024 * 1024
"""A file larger than this is not appended to: still quick to copy, check and repair."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page in a WARC file, and where its record lies. `capture.source` is the page's host."""

    capture: Capture
    offset: int
    length: int


class Archive:
    """Appends captures to the files of a folder, one file a month and `rotate_bytes`."""

    def __init__(
        self,
        folder: Path,
        *,
        rotate_bytes: int = ROTATE_BYTES,
        software: str = "borderwatch",
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
        wall: Callable[[], datetime] = now_utc,
    ) -> None:
        """Open the folder, creating it, and cut off what a crash tore. Raises `ArchiveError`."""
        self.folder = folder
        self._rotate_bytes = rotate_bytes
        self._software = software
        self._new_id = new_id
        self._wall = wall
        self._lock = threading.Lock()
        self._file: int | None = None
        self._name = ""
        self._month = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            newest = max(folder.glob("borderwatch-*.warc.gz"), default=None)
            if newest is not None:
                repair_archive(newest)
        except OSError as fault:
            raise explain(fault, folder) from fault

    def append(self, capture: Capture) -> Archived:
        """Write a capture at the end of the archive; it is on disk for certain after `sync`.

        Raises `ArchiveError` where that fails; the file is then as it was before.
        """
        response_id, request_id = self._new_id(), self._new_id()
        response = zlib.compress(response_record(capture, response_id), GZIP_LEVEL, wbits=31)
        request = zlib.compress(request_record(capture, request_id, response_id), GZIP_LEVEL, wbits=31)
        name, offset = self._write(response + request)
        return Archived(name, offset, len(response))

    def adopt(self, path: Path, found: Found) -> Archived:
        """Copy a record of another WARC file as it is, bytes unchanged, and return its new place."""
        with path.open("rb") as file:
            file.seek(found.offset)
            record = file.read(found.length)
        if not record.startswith(b"\x1f\x8b"):
            record = zlib.compress(record, GZIP_LEVEL, wbits=31)
        name, offset = self._write(record)
        return Archived(name, offset, len(record))

    def sync(self) -> None:
        """Return when all that was appended is on disk."""
        with self._lock:
            file = None if self._file is None else os.dup(self._file)
        if file is None:
            return
        try:
            os.fdatasync(file)  # outside the lock: appending goes on meanwhile
        except OSError as fault:
            raise explain(fault, self.folder) from fault
        finally:
            os.close(file)

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _write(self, data: bytes) -> tuple[str, int]:
        try:
            with self._lock:
                offset = append(self._current_file(), data)
                return self._name, offset
        except OSError as fault:
            raise explain(fault, self.folder) from fault

    def _current_file(self) -> int:
        moment = self._wall().astimezone(UTC)
        month = f"{moment:%Y%m}"
        if self._file is not None:
            if month == self._month and os.fstat(self._file).st_size < self._rotate_bytes:
                return self._file
            os.fdatasync(self._file)
            os.close(self._file)
            self._file = None
        last = max(self.folder.glob(f"borderwatch-{month}-*.warc.gz"), default=None)
        number = int(last.name[:-8].rsplit("-", 1)[1]) if last else 1
        if last is not None and last.stat().st_size >= self._rotate_bytes:
            number += 1
        self._name, self._month = f"borderwatch-{month}-{number:04d}.warc.gz", month
        path = self.folder / self._name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._file = file
        if os.fstat(file).st_size == 0:
            info = warcinfo_record(self._name, self._software, moment, self._new_id())
            append(file, zlib.compress(info, GZIP_LEVEL, wbits=31))
            _sync_folder(self.folder)
        return file


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_capture(folder: Path, place: Archived, *, source: str | None = None) -> Capture:
    """The capture that a row names. `source` overrides what the record says. Raises `ArchiveError`."""
    path = folder / place.file
    try:
        with path.open("rb") as file:
            file.seek(place.offset)
            data = file.read(place.length)
    except OSError as fault:
        raise ArchiveError(f"{path}: cannot be read ({fault.strerror}). Restore the file.") from fault
    try:
        record = next(iter(ArchiveIterator(BytesIO(data))), None)
        capture = _page(record, source) if record is not None else None
        if record is None or capture is None:
            raise ArchiveError(f"{path}: there is no page at offset {place.offset}. Restore the file.")
        if record.raw_stream.limit > 0:
            raise EOFError("it is cut off")
        return capture
    except _DAMAGE as fault:
        raise ArchiveError(
            f"{path}: the record at offset {place.offset} is damaged ({fault}). Restore the file."
        ) from fault


def iter_pages(path: Path) -> Iterator[Found | Torn]:
    """The pages of any WARC file, in order; other records (requests, WET conversions, DNS) are passed over.

    Where the file is damaged, the last item says how far it was read. Raises `ArchiveError` where the file cannot
    be opened or is no WARC file at all.
    """
    try:
        file = path.open("rb")
    except OSError as fault:
        raise ArchiveError(f"{path}: cannot be read ({fault.strerror}). Check the name.") from fault
    start = end = 0
    with file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        records = ArchiveIterator(file)
        try:
            for record in records:
                capture = _page(record)
                offset, length = records.get_record_offset(), records.get_record_length()
                if record.raw_stream.limit > 0:  # it ends before the length that it names
                    yield Torn(offset, f"the record at offset {offset} is cut off")
                    return
                start, end = offset, offset + length
                if capture is not None:
                    yield Found(capture, offset, length)
        except (*_DAMAGE, AttributeError) as fault:  # the latter where warcio meets a head that is cut off
            if end == 0:
                raise ArchiveError(f"{path}: is no WARC file ({_first_line(fault)}).") from fault
            yield Torn(end, f"is damaged behind offset {end} ({_first_line(fault)})")
            return
    # warcio does not miss a gzip trailer, nor what follows the last record.
    if packed and (torn := torn_after(path, start)) is not None:
        yield torn
    elif not packed and end == 0:
        raise ArchiveError(f"{path}: is no WARC file (it holds no record).")


def _page(record: Any, source: str | None = None) -> Capture | None:
    """The capture in a record with a page: a successful response, or a resource by http(s); None for others."""
    if record.rec_type == "response" and record.http_headers is not None:
        if record.http_headers.get_statuscode() in {"200", "203"}:
            return _capture(record, source)
        return None
    target = record.rec_headers.get_header("WARC-Target-URI") or ""
    if record.rec_type == "resource" and target.startswith(("http://", "https://")):
        return _capture(record, source)
    return None


def _capture(record: Any, source: str | None) -> Capture:
    fields = record.rec_headers
    url = (fields.get_header("WARC-Target-URI") or "").strip("<>")
    body = record.content_stream().read()
    status = 200
    headers: Headers
    if record.http_headers is None:
        headers = (("Content-Type", record.content_type or ""),)
    else:
        status = int(record.http_headers.get_statuscode())
        headers = tuple(
            (name_as_sent(key), value)
            for key, value in record.http_headers.headers
            if key.lower() != "content-length"
        )
    return Capture(
        url=url,
        fetched_at=_moment(fields.get_header("WARC-Date")),
        status=status,
        headers=headers,
        body=body,
        source=source or fields.get_header("Borderwatch-Source") or urlsplit(url).hostname or "",
        listed_url=fields.get_header("Borderwatch-Listed-URI") or url,
    )


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _first_line(fault: BaseException) -> str:
    return next((line.strip() for line in str(fault).splitlines() if line.strip()), type(fault).__name__)
