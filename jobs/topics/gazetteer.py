"""The gazetteer: places, crossings, groups and terms of the border with their names by language (`presets/gazetteer.json`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jobs.topics.model import GazetteerEntry
from storage.model import UsageError

SHIPPED: Final = Path(__file__).resolve().parents[2] / "presets" / "gazetteer.json"


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Entries by id, with a look-up by reference: an id, `#tag`, `type:place` or `country:IR`."""

    entries: dict[str, GazetteerEntry]
    content: bytes

    def select(self, reference: str) -> list[GazetteerEntry]:
        """The entries a reference names, in file order; empty for an unknown one. `neg-` ids answer to ids and tags only."""
        kind, _, value = reference.partition(":")
        if reference.startswith("#"):
            return [entry for entry in self.entries.values() if reference[1:] in entry.tags]
        if kind == "type":
            return [
                one for one in self.entries.values() if one.kind == value and not one.id.startswith("neg-")
            ]
        if kind == "country":
            return [
                one for one in self.entries.values() if one.country == value and not one.id.startswith("neg-")
            ]
        entry = self.entries.get(reference)
        return [] if entry is None else [entry]


def parse_gazetteer(content: bytes, name: str) -> Gazetteer:
    """Read the JSON of a gazetteer; raises UsageError naming the entry and what is wrong with it."""
    try:
        raw = json.loads(content)
        listed: Iterable[dict[str, Any]] = raw["entries"]
        entries = {one["id"]: _entry(one) for one in listed}
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise UsageError(f"{name}: not a gazetteer ({type(fault).__name__}: {fault}).") from None
    return Gazetteer(entries, content)


def _entry(raw: dict[str, Any]) -> GazetteerEntry:
    return GazetteerEntry(
        id=str(raw["id"]),
        kind=str(raw["type"]),
        country=raw.get("country"),
        names={str(language): tuple(map(str, names)) for language, names in raw["names"].items()},
        tags=tuple(raw.get("tags", ())),
        lat=raw.get("lat"),
        lon=raw.get("lon"),
        ambiguous=bool(raw.get("ambiguous", False)),
    )


@cache
def shipped_gazetteer() -> Gazetteer:
    """The gazetteer that comes with the product."""
    return parse_gazetteer(SHIPPED.read_bytes(), str(SHIPPED))
