"""A source as the TOML that a person pastes into the configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import tomlkit

from storage.model import Source


def source_toml(sources: Iterable[Source]) -> str:
    """`[[sources]]` tables, with the keys that say something."""
    document = tomlkit.document()
    tables = tomlkit.aot()
    for source in sources:
        table = tomlkit.table()
        table["name"] = source.name
        telegram = source.url.rsplit("/", 1)[-1]
        table[source.kind] = telegram if source.kind == "telegram" else source.url
        for key in ("country", "language", "folder", "timezone", "link_pattern", "proxy"):
            if value := getattr(source, key):
                table[key] = value
        if source.full_text and source.kind != "telegram":
            table["full_text"] = True
        if source.render:
            table["render"] = True
        tables.append(table)
    document["sources"] = tables
    return tomlkit.dumps(document).strip() + "\n"
