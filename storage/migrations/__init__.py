"""The schema as an ordered list of migrations; each is SQL that runs once, under the write lock.

A migration that was released is never edited: a change is a new file, appended to `MIGRATIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

_NAMES = ("m0001_core", "m0002_stories", "m0004_web", "m0006_websub")


@dataclass(frozen=True, slots=True)
class Migration:
    """A name that is kept for ever, and the statements it runs."""

    name: str
    sql: str


MIGRATIONS: tuple[Migration, ...] = tuple(
    Migration(name, import_module(f"storage.migrations.{name}").SQL) for name in _NAMES
)
