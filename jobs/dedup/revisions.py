"""What changed between two readings of one page, in sentences that a person can read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

_SENTENCE: Final = re.compile(r"[^\n.!?؟۔。]+[.!?؟۔。]*[\"»”’']?|\n+")
_MOST_SENTENCES: Final = 2000
"""difflib is quadratic in the worst case: longer pages are compared by paragraph."""


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch of text that was taken away or put in."""

    kind: Literal["removed", "added"]
    text: str


def difference(old: str, new: str) -> tuple[Change, ...]:
    """The sentences that `new` lost and gained against `old`, in order of the text; empty where only spaces differ."""
    before, after = _pieces(old), _pieces(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes: list[Change] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        if old_to > old_from:
            changes.append(Change("removed", " ".join(before[old_from:old_to])))
        if new_to > new_from:
            changes.append(Change("added", " ".join(after[new_from:new_to])))
    return tuple(changes)


def render(changes: tuple[Change, ...]) -> str:
    """One line a change: `- ` what went, `+ ` what came."""
    return "\n".join(f"{'-' if change.kind == 'removed' else '+'} {change.text}" for change in changes)


def _pieces(text: str) -> list[str]:
    pieces = [" ".join(piece.split()) for piece in _SENTENCE.findall(text)]
    pieces = [piece for piece in pieces if piece]
    if len(pieces) <= _MOST_SENTENCES:
        return pieces
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()][:_MOST_SENTENCES]
