"""What a crawler remembers of hosts where there is no database: for one command, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage.model import Pause, StoredRobots


class MemoryTables:
    """The same as `storage.hosts.HostTables`, until the process ends."""

    def __init__(self) -> None:
        self._robots: dict[str, StoredRobots] = {}
        self._pauses: dict[str, datetime] = {}

    def robots(self, origin: str) -> StoredRobots | None:
        """What is known of an origin's robots.txt."""
        return self._robots.get(origin)

    def save_robots(self, robots: StoredRobots) -> None:
        """Remember an origin's robots.txt."""
        self._robots[robots.origin] = robots

    def pauses(self) -> dict[str, datetime]:
        """When each host may be asked again."""
        return dict(self._pauses)

    def pause(self, pauses: Iterable[Pause], now: datetime) -> None:
        """Remember pauses and forget those that are over."""
        self._pauses = {host: moment for host, moment in self._pauses.items() if moment > now}
        self._pauses.update((pause.host, pause.not_before) for pause in pauses)
