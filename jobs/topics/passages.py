"""A passage in numbers: what stands in a sentence and around it, how close, and which words join it. Pure, linear.

A passage is a sentence with its neighbours and the title. Its numbers say nothing of length, style or particular
places: they name groups of concepts only (`Weighing`), so that what was learned of one crossing holds for the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import log1p
from typing import Final

from jobs.topics.conditions import Context, Place
from jobs.topics.groups import Groups
from jobs.topics.model import Role, Roles
from jobs.topics.reading import Hit, Sentence

_AFTER: Final = 1
_BEFORE: Final = 2
"""Words that may lie between a joining word and the name before or behind which it stands."""
_SIDES: Final[tuple[Role, ...]] = ("here", "there", "others")
_PLACED: Final[tuple[Role, ...]] = ("here", "there", "line", "others")
PASSAGES: Final = 400
"""Passages of one text that are weighed: more stand in no article, and time stays linear."""


def feature_names(roles: Roles) -> tuple[str, ...]:
    """The names of a passage's numbers, in order: what a trained model must have been trained on."""
    groups = [(role, group) for role, table in roles.items() for group in table]
    return (
        *(f"{group} in the sentence" for _, group in groups),
        *(f"{group} around" for role, group in groups if role != "joining"),
        *(f"{group} in the text" for role, group in groups if role in _PLACED),
        *(f"{one} close to {other}" for one, other in combinations(_PLACED, 2)),
        *(f"{group} close to the line" for role, group in groups if role in {"here", "there"}),
        *(f"{group} close to {side}" for role, group in groups if role == "acts" for side in _SIDES),
        *(
            f"{group} {where} {side}"
            for role, group in groups
            if role == "joining"
            for side in _SIDES
            for where in ("before", "behind")
        ),
        *(f"how often {role}" for role in _PLACED),
        "in the title",
    )


def passages(context: Context, groups: Groups) -> Iterator[tuple[Place, list[float]]]:
    """The passages that name a side or, beside one, the line, each with its numbers in the order of `feature_names`."""
    sides = groups.joined["here"] | groups.joined["there"]
    telling = sides | groups.joined["line"]
    whole = _whole_text(context, groups)
    seen = 0
    for field in (context.title, context.text):
        for sentence in field.sentences:
            place = Place(field, sentence, _marks(sentence, telling))
            around = 0
            for neighbour in context.neighbours(place):
                around |= neighbour.mask
            if place.hits and (sentence.mask | around) & sides:
                numbers = _numbers(place, around, groups, whole)
                yield place, [*numbers, float(field is context.title)]
                seen += 1
                if seen == PASSAGES:
                    return


def _marks(sentence: Sentence, telling: int) -> tuple[Hit, ...]:
    return tuple(hit for hit in sentence.hits if hit.mask & telling)


def _whole_text(context: Context, groups: Groups) -> tuple[list[float], list[float]]:
    """What is said of the whole text: which groups stand in it, and how often each role."""
    stands = [float(context.count(mask) > 0) for (role, _), mask in groups.masks.items() if role in _PLACED]
    return stands, [log1p(context.count(groups.joined[role])) for role in _PLACED]


def _numbers(
    place: Place, around: int, groups: Groups, whole: tuple[list[float], list[float]]
) -> list[float]:
    own = place.sentence.mask
    stands, often = whole
    by_role = {
        role: [hit for hit in place.sentence.hits if hit.mask & mask] for role, mask in groups.joined.items()
    }
    found = [float(bool(own & mask)) for mask in groups.masks.values()]
    found += [float(bool(around & mask)) for (role, _), mask in groups.masks.items() if role != "joining"]
    found += stands
    found += [closeness(by_role[one], by_role[other]) for one, other in combinations(_PLACED, 2)]
    line = by_role["line"]
    for (role, _), mask in groups.masks.items():
        if role in {"here", "there"}:
            found.append(closeness([hit for hit in by_role[role] if hit.mask & mask], line))
    for (role, _), mask in groups.masks.items():
        if role == "acts":
            acts = [hit for hit in by_role["acts"] if hit.mask & mask]
            found += [closeness(acts, by_role[side]) for side in _SIDES]
    for (role, _), mask in groups.masks.items():
        if role == "joining":
            words = [hit for hit in by_role["joining"] if hit.mask & mask]
            for side in _SIDES:
                found.append(float(_joins(words, by_role[side], _BEFORE)))
                found.append(float(_joins(by_role[side], words, _AFTER)))
    return [*found, *often]


def closeness(some: Sequence[Hit], others: Sequence[Hit]) -> float:
    """How close the nearest two of both kinds stand: 1 side by side, 0.5 four words apart, 0 not in one sentence."""
    gaps = [*_gaps(some, others), *_gaps(others, some)]
    return 1 / (1 + min(gaps) / 4) if gaps else 0.0


def _gaps(first: Sequence[Hit], second: Sequence[Hit]) -> Iterator[int]:
    """Words between each of the second and the last of the first that ends before it."""
    ends = sorted(hit.end for hit in first)
    for hit in second:
        place = bisect_right(ends, hit.begin)
        if place:
            yield hit.begin - ends[place - 1]


def _joins(first: Sequence[Hit], second: Sequence[Hit], words: int) -> bool:
    """Whether one of the first stands before one of the second with at most so many words between."""
    ends = {hit.end for hit in first}
    return any(hit.begin - gap in ends for hit, gap in product(second, range(words + 1)))
