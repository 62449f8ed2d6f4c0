"""The `[weighing]` of a topic file: groups of concepts by role, and the weights that were trained for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobs.topics.model import ROLES, Role, Roles, Weighing
from jobs.topics.passages import feature_names
from jobs.topics.weighing import read_trees

if TYPE_CHECKING:
    from jobs.topics.topicfile import TopicFile

_KEYS: Final = {"says", "weights", "holds_at", *ROLES}
_PLACE: Final = "weighing"


def read_weighing(file: TopicFile, known: set[str]) -> Weighing | None:
    """The weighing of a topic file, None where it has none; faults go to the file."""
    table = file.raw.get(_PLACE)
    if table is None:
        return None
    if not isinstance(table, dict):
        file.fault((_PLACE,), "must be a table [weighing]")
        return None
    file.unknown((_PLACE,), table, _KEYS)
    holds_at = file.number((_PLACE,), table, "holds_at", 0.5)
    if not 0 < holds_at < 1:
        file.fault((_PLACE, "holds_at"), "must lie between 0 and 1")
    says = file.string((_PLACE,), table, "says", required=True)
    weights = file.string((_PLACE,), table, "weights", required=True)
    found = read_roles(file, known)
    if not weights or file.faults:
        return None
    try:
        trees = read_trees(file.path.parent / weights, feature_names(found))
    except ValueError as fault:
        file.fault((_PLACE, "weights"), f"{weights}: {fault}")
        return None
    return Weighing(says, holds_at, found, trees)


def read_roles(file: TopicFile, known: set[str]) -> Roles:
    """The groups of a weighing by role, in the order of `ROLES`; names that are no concepts are faults."""
    table = file.raw[_PLACE]
    found: dict[Role, dict[str, tuple[str, ...]]] = {}
    for role in ROLES:
        groups = table.get(role, {})
        place = (f"{_PLACE}.{role}",)
        if not isinstance(groups, dict):
            file.fault(place, 'must be a table of groups, such as country = ["iran"]')
            continue
        found[role] = {}
        for group in groups:
            names = tuple(file.strings(place, groups, group))
            for name in names:
                file.known(place, group, name, known)
            found[role][group] = names
    if not found.get("here") or not found.get("there"):
        file.fault((_PLACE,), "a weighing needs groups for both sides: [weighing.here] and [weighing.there]")
    return found
