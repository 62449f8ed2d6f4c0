"""What a topic is once its file has been read: concepts, phrases, rules, and the set of topics that judge together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Where = Literal["anywhere", "title", "text"]


@dataclass(frozen=True, slots=True, eq=False)
class GazetteerEntry:
    """A place, crossing, group, term or country of the gazetteer; names by language, coordinates in degrees."""

    id: str
    kind: str
    country: str | None
    names: dict[str, tuple[str, ...]]
    tags: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    ambiguous: bool = False

    @property
    def name(self) -> str:
        """The canonical name: the first English one, else the first of any language."""
        first = self.names.get("en") or next(iter(self.names.values()))
        return first[0]


@dataclass(frozen=True, slots=True)
class Term:
    """A word or words that stand for a concept. `language` decides which endings are recognised."""

    text: str
    language: str
    entry: GazetteerEntry | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """Everything a topic counts as one thing. With `masks`, words inside its terms are not read as other concepts."""

    name: str
    label: str
    terms: tuple[Term, ...]
    masks: bool = False
    includes: tuple[str, ...] = ()
    """Concepts whose terms are among these."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a phrase: any of these concepts, at most `gap` words after the one before (small words apart).

    With `many` it stands for a list, none included: between its items, and before what follows it, commas and numbers
    are no distance either.
    """

    concepts: tuple[str, ...]
    gap: int = 0
    many: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Slots in the order in which they must stand; `written` is how the topic file puts it."""

    slots: tuple[Slot, ...]
    written: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for (or, with a negative weight, against) a topic.

    A phrase must stand in one sentence. Each item of the other conditions is a set of alternatives:
    `near` must stand in the same sentence (within `near_words` words of the phrase), `around` in the sentence, its
    neighbours or the title, `text` anywhere in title and text, oftener than `more_than`; the `not_` forms must not.
    `unless`: phrases that must not overlap it in its sentence. `nearer_than`: what `near` names must stand closer to the phrase than these; `not_before`: these must not be
    named in the sentence before the phrase; `title` and `not_title` look at the title only.
    """

    name: str
    says: str
    weight: float
    phrases: tuple[Phrase, ...]
    unless: tuple[Phrase, ...] = ()
    where: Where = "anywhere"
    title_factor: float = 1.0
    near: tuple[tuple[str, ...], ...] = ()
    near_words: int | None = None
    nearer_than: tuple[str, ...] = ()
    around: tuple[tuple[str, ...], ...] = ()
    text: tuple[tuple[str, ...], ...] = ()
    title: tuple[tuple[str, ...], ...] = ()
    more_than: tuple[str, ...] = ()
    not_inside: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    not_near: tuple[str, ...] = ()
    not_near_words: int | None = None
    not_around: tuple[str, ...] = ()
    not_text: tuple[str, ...] = ()
    not_title: tuple[str, ...] = ()


Role = Literal["here", "there", "line", "acts", "others", "joining", "context"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Roles = Mapping[Role, Mapping[str, tuple[str, ...]]]
"""Groups of concepts by role and name."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Groups of concepts by what they are to the topic, weighed together by trained decision trees.

    `here` and `there` are the two sides, `line` what parts them, `acts` what happens over it, `others` who else could
    be meant, `joining` the words that bind a name into its sentence, `context` what else tells. A passage whose
    probability reaches `holds_at` weighs as much as the topic's threshold.
    """

    says: str
    holds_at: float
    roles: Roles
    trees: Trees


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Boosted decision trees: numbers of a passage, by name, to the log-odds that it speaks of the topic.

    All nodes stand in one row of arrays. `roots` are the trees' first nodes; a node asks whether the number `feature`
    is at most `limit` and goes on to `low` or `high`; a leaf is its own `low` and `high`, and adds its `value`.
    """

    features: tuple[str, ...]
    start: float
    depth: int
    roots: NDArray[np.intp]
    feature: NDArray[np.intp]
    limit: NDArray[np.float64]
    low: NDArray[np.intp]
    high: NDArray[np.intp]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topic:
    """A named set of rules over concepts, with the threshold that the sum of the weights must reach."""

    name: str
    title: str
    threshold: float
    concepts: tuple[Concept, ...]
    rules: tuple[Rule, ...]
    small_words: frozenset[str]
    """Normalised words that do not count as distance inside a phrase (articles, prepositions, particles)."""
    version: str
    weighing: Weighing | None = None
    path: Path | None = None
    warnings: tuple[str, ...] = field(default=())
    """What the loader found odd but usable, such as a rule that can never fire."""
