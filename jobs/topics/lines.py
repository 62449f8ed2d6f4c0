"""On which line of a TOML file a key stands, so that a fault can say where to look."""

from __future__ import annotations

import re
from typing import Final

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\]\s]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*([A-Za-z0-9_.\-]+|\"[^\"]+\")\s*=")


class KeyLines:
    """Line numbers by path: `("threshold",)`, `("concepts.border", "en")`, `("rules", 3, "phrases")`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str | int, ...], int] = {}
        prefix: tuple[str | int, ...] = ()
        counts: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            header = _HEADER.match(line)
            if header is not None:
                name = header[2]
                if header[1] == "[[":
                    place = counts.get(name, 0)
                    counts[name] = place + 1
                    prefix = (name, place)
                else:
                    prefix = (name,)
                self._lines.setdefault(prefix, number)
                continue
            key = _KEY.match(line)
            if key is not None:
                self._lines.setdefault((*prefix, key[1].strip('"')), number)

    def find(self, *path: str | int) -> int:
        """The line of the path, else that of the nearest table around it, else 1."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1
