"""Everything that routes share: options, data, actions, the readers, the live hub, files and templates."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import jinja2
from starlette.requests import Request

from jobs.config.web import WebOptions
from jobs.topics.loader import TopicSet
from storage.model import BorderwatchError
from web.access import LoginThrottle, Visitor
from web.actions import Actions
from web.assets import Asset
from web.live import Hub
from web.reading import ReadPool

T = TypeVar("T")
TOPICS_KEPT_S = 10.0
GLANCE_KEPT_S = 15.0


@dataclass(slots=True)
class Site:
    """The page's parts; one a process."""

    options: WebOptions
    data_dir: Path
    database: Path
    actions: Actions | None
    pool: ReadPool
    hub: Hub
    assets: dict[str, Asset]
    templates: jinja2.Environment
    clock: Callable[[], datetime]
    zone: ZoneInfo
    load_topics: Callable[[], TopicSet] | None = None
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    throttle: LoginThrottle = field(default_factory=lambda: LoginThrottle(time.monotonic))
    remember_answers: bool = True
    """False makes every answer anew (for measuring)."""
    memory: dict[tuple[object, ...], tuple[float, object]] = field(default_factory=dict)
    had_users: bool = False
    _users_known_at: int = -1

    def remember(self, key: tuple[object, ...], seconds: float, make: Callable[[], T]) -> T:
        """What `make` found at most `seconds` ago under this key; at most 64 keys are kept."""
        now = time.monotonic()
        kept = self.memory.get(key)
        if kept is not None and kept[0] > now:
            return cast("T", kept[1])
        value = make()
        if len(self.memory) >= 64:
            self.memory.clear()
        self.memory[key] = (now + seconds, value)
        return value

    def until_changed(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` found since the data changed last, GLANCE_KEPT_S ago at most."""
        if not self.remember_answers:
            return make()
        return self.remember((*key, self.hub.version), GLANCE_KEPT_S, make)

    def topic_set(self) -> tuple[TopicSet | None, str]:
        """The configured topics, or None and why they cannot be used."""
        if self.load_topics is None:
            return None, "This page was started without a configuration of topics."
        try:
            return self.remember(("topics",), TOPICS_KEPT_S, self.load_topics), ""
        except BorderwatchError as fault:
            return None, str(fault)

    def open_to_all(self) -> bool:
        """Whether a look since the last change of the data found that nobody has to log in."""
        return not self.had_users and self.options.loopback() and self._users_known_at == self.hub.version

    def remember_users(self, count: int) -> None:
        """What a look at the users found, good until the data change."""
        self.had_users = count > 0
        self._users_known_at = self.hub.version


def site_of(request: Request) -> Site:
    """The site a request belongs to."""
    return cast("Site", request.app.state.site)


def visitor_of(request: Request) -> Visitor | None:
    """Who asks; None on the few pages that are open before the login."""
    return cast("Visitor | None", getattr(request.state, "visitor", None))
