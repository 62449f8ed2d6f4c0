"""One process a data directory, and a lock that dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.lock import DirectoryHeldError, DirectoryLock, holder_of

HOLD = "import sys, time; from pathlib import Path; from jobs.lock import DirectoryLock; lock = DirectoryLock(Path(sys.argv[1]), 'run'); lock.acquire(); print('held', flush=True); time.sleep(60)"


def test_a_second_one_names_the_first(tmp_path: Path) -> None:
    with (
        DirectoryLock(tmp_path / "data", "run"),
        pytest.raises(DirectoryHeldError, match=f"process {os.getpid()}"),
    ):
        DirectoryLock(tmp_path / "data", "crawl").acquire()
    assert holder_of(tmp_path / "data") is None
    with DirectoryLock(tmp_path / "data", "crawl"):
        assert holder_of(tmp_path / "data") is not None


def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        holder = holder_of(tmp_path)
        assert holder is not None
        assert (holder.pid, holder.job) == (child.pid, "run")
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert holder_of(tmp_path) is None
    with DirectoryLock(tmp_path, "run"):
        pass


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be written"):
        DirectoryLock(tmp_path / "file" / "data", "run").acquire()
