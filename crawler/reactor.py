"""Scrapy's reactor on the loop that runs."""

from __future__ import annotations

import asyncio
import resource
import sys

from storage.model import BorderwatchError


def use_running_loop() -> None:
    """Make the running asyncio loop Twisted's reactor, as Scrapy expects it.

    A reactor belongs to one loop for ever. Where an earlier loop of this process has been closed (a second
    `asyncio.run`), its reactor is of no use to anybody and is replaced.
    """
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - importing a reactor installs it

    loop = asyncio.get_running_loop()
    installed = sys.modules.get("twisted.internet.reactor")
    if installed is not None:
        its_loop = getattr(installed, "_asyncioEventloop", None)
        if its_loop is loop:
            return
        if its_loop is None or not its_loop.is_closed():
            raise BorderwatchError(
                "Another reactor already runs in this process, so the crawler cannot start. "
                "Start it from the loop that runs first."
            )
        del sys.modules["twisted.internet.reactor"]
    asyncioreactor.install(loop)


OPEN_FILES = 8_192


def allow_open_files() -> None:
    """Raise this process's limit on open files, within what the system allows: the usual 1,024 are too few for the
    connections of a pass over a thousand hosts beside database, archive and workers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
