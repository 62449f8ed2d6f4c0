"""One process at a time works on a data directory: an advisory lock that dies with its holder."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from storage.model import BorderwatchError

LOCK_NAME = "borderwatch.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data directory: process id and job (`run`, `crawl`)."""

    pid: int
    job: str


class DirectoryHeldError(BorderwatchError):
    """Another process works on this data directory."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"{directory}: `borderwatch {holder.job}` already runs on this data directory as process {holder.pid}. Stop that process first (kill {holder.pid}), or choose another with --data-dir."
        )


class DirectoryLock:
    """Holds `DIRECTORY/borderwatch.lock` by flock(2), which the kernel frees when the holder dies, however it dies."""

    def __init__(self, directory: Path, job: str) -> None:
        self.directory = directory
        self.job = job
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; raises DirectoryHeldError naming the holder, or BorderwatchError where nothing can be written."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            file = (self.directory / LOCK_NAME).open("a+", encoding="utf-8")
        except OSError as fault:
            raise BorderwatchError(
                f"{self.directory}: the data directory cannot be written ({fault.strerror}). Give this user write access, or choose another with --data-dir."
            ) from fault
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise DirectoryHeldError(self.directory, holder_of(self.directory) or Holder(0, "run")) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "job": self.job}))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock up; the file stays, empty."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder_of(directory: Path) -> Holder | None:
    """Who holds the data directory now, or None."""
    try:
        with (directory / LOCK_NAME).open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                data = json.loads(file.read() or "{}")
                return Holder(int(data.get("pid", 0)), str(data.get("job", "run")))
            return None
    except (OSError, ValueError):
        return None
