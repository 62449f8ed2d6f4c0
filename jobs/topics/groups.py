"""Names of concepts turned into bit masks, one by one and in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.topics.model import ROLES, Role, Roles


def mask_of(names: Iterable[str], numbers: Mapping[str, int]) -> int:
    """One bit for each concept named; `numbers` are the concepts' numbers in the lexicon."""
    found = 0
    for name in names:
        found |= 1 << numbers[name]
    return found


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a weighing as masks of concepts: by (role, group), and joined by role."""

    masks: Mapping[tuple[Role, str], int]
    joined: Mapping[Role, int]

    @classmethod
    def of(cls, roles: Roles, numbers: Mapping[str, int]) -> Groups:
        """The masks; `numbers` are the concepts' numbers in the lexicon."""
        masks = {
            (role, group): mask_of(names, numbers)
            for role, groups in roles.items()
            for group, names in groups.items()
        }
        joined = dict.fromkeys(ROLES, 0)
        for (role, _), mask in masks.items():
            joined[role] |= mask
        return cls(masks, joined)

    def may_matter(self, mask: int) -> bool:
        """Whether a text with these concepts is worth weighing: one of the sides, and something that happens there."""
        side = self.joined["here"] | self.joined["there"]
        return bool(mask & side) and bool(mask & (self.joined["line"] | self.joined["acts"]))
