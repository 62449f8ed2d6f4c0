"""What a crash or a bad disk does to a file of gzip members: found, and cut off where it is the end."""

from __future__ import annotations

import errno
import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.model import BorderwatchError

_MEMBER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
"""How each of our gzip members begins: deflate, no flags, no time."""
_TAIL_BYTES = 1024 * 1024


class ArchiveError(BorderwatchError):
    """An archive file cannot be written or read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Torn:
    """The whole records of a file end at `valid_bytes`; what follows is damaged, as `reason` says."""

    valid_bytes: int
    reason: str


def check_archive(path: Path) -> Torn | None:
    """Unpack a whole file of ours; None where every record is whole. Raises `ArchiveError`."""
    return torn_after(path, 0)


def repair_archive(path: Path) -> Torn | None:
    """Cut off what a crash tore at the end of a file of ours, and say what that was. Raises `ArchiveError`.

    Only the end is read: a write is whole or the last. Other processes' writes are waited for.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with locked(file):
                torn = _torn_tail(path, os.fstat(file).st_size)
                if torn is not None:
                    os.ftruncate(file, torn.valid_bytes)
                    os.fsync(file)
                return torn
        finally:
            os.close(file)
    except OSError as fault:
        raise explain(fault, path) from fault


def _torn_tail(path: Path, size: int) -> Torn | None:
    """Judge the end of a file, from the earliest place in a growing window where one of our records begins."""
    window = _TAIL_BYTES
    while True:
        start = max(0, size - window)
        with path.open("rb") as file:
            file.seek(start)
            tail = file.read(size - start)
        at = 0 if start == 0 else tail.find(_MEMBER)
        while at >= 0:
            torn = torn_after(path, start + at)
            # A chance likeness in packed data does not unpack; where records do, the rest of the window follows.
            if start == 0 or torn is None or torn.valid_bytes > start + at:
                return torn
            at = tail.find(_MEMBER, at + 1)
        window *= 4


def torn_after(path: Path, start: int) -> Torn | None:
    """None where whole gzip members follow one another from `start` to the end."""
    end, at = start, start
    machine: Any = None
    try:
        with path.open("rb") as file:
            file.seek(start)
            while block := file.read(_TAIL_BYTES):
                while block:
                    if machine is None:
                        machine = zlib.decompressobj(wbits=31)
                    machine.decompress(block)
                    at += len(block) - len(machine.unused_data)
                    block = machine.unused_data
                    if machine.eof:
                        end, machine = at, None
    except zlib.error as fault:
        return Torn(end, f"is damaged behind offset {end} ({fault})")
    except OSError as fault:
        raise explain(fault, path) from fault
    return Torn(end, f"ends in the middle of a record (offset {end})") if machine is not None else None


def append(file: int, data: bytes) -> int:
    """Write at the end under the file's lock, wholly or not at all; returns the offset."""
    with locked(file):
        offset = os.fstat(file).st_size
        try:
            written = os.write(file, data)
            if written < len(data):  # a full disk takes a part; the rest says why
                os.write(file, data[written:])
                if os.fstat(file).st_size != offset + len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.ftruncate(file, offset)
            raise
        return offset


@contextmanager
def locked(file: int) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def explain(fault: OSError, path: Path) -> ArchiveError:
    if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ArchiveError(f"{path}: the disk is full. Free some space; nothing that was stored is lost.")
    if fault.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ArchiveError(
            f"{path}: cannot be written ({fault.strerror}). Give this user write access to the folder, or choose "
            "another with --data-dir."
        )
    return ArchiveError(f"{path}: {fault.strerror or fault}.")
