"""Rules with names turned into numbers: sets of concepts become bit masks that are compared in one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jobs.topics.groups import Groups, mask_of
from jobs.topics.model import Phrase, Rule, Topic


@dataclass(frozen=True, slots=True)
class PhraseProgram:
    """Slots as (mask of concepts, words that may lie before, whether it is a list)."""

    slots: tuple[tuple[int, int, bool], ...]
    needed: tuple[int, ...]
    """The masks of the slots that cannot be empty."""
    written: str


@dataclass(frozen=True, slots=True)
class RuleProgram:
    """One rule over masks; the fields are those of `Rule`."""

    rule: Rule
    phrases: tuple[PhraseProgram, ...]
    unless: tuple[PhraseProgram, ...]
    near: tuple[int, ...]
    around: tuple[int, ...]
    text: tuple[int, ...]
    title: tuple[int, ...]
    nearer_than: int
    more_than: int
    not_inside: int
    not_before: int
    not_near: int
    not_around: int
    not_text: int
    not_title: int
    local: int
    """All concepts that the conditions on the sentence speak of."""
    surroundings: int
    """The same of `around` and `not_around`."""
    opening: int
    """All concepts with which a phrase may begin."""

    def possible(self, mask: int) -> bool:
        """Whether a text with these concepts may satisfy the rule at all."""
        return all(wanted & mask for wanted in (*self.near, *self.around, *self.text, *self.title)) and any(
            all(slot & mask for slot in phrase.needed) for phrase in self.phrases
        )


@dataclass(frozen=True, slots=True)
class TopicProgram:
    """A topic ready to judge: its rules over masks, and the masks of its concepts that mask others."""

    topic: Topic
    number: int
    rules: tuple[RuleProgram, ...]
    masking: int
    needed: int
    """Concepts of which every rule that counts for the topic needs at least one: a text without them is done with."""
    groups: Groups | None
    """What its passages are weighed by; None where the topic has rules only."""

    def possible_rules(self, mask: int) -> list[RuleProgram]:
        """The rules a text with these concepts may satisfy; none where they cannot reach the threshold."""
        if not mask & self.needed:
            return []
        rules = [rule for rule in self.rules if rule.possible(mask)]
        best = sum(max(0.0, one.rule.weight) * max(1.0, one.rule.title_factor) for one in rules)
        return rules if best >= self.topic.threshold else []


def compile_topic(topic: Topic, number: int, numbers: Mapping[str, int]) -> TopicProgram:
    """Translate one topic; `numbers` are its concepts' numbers in the lexicon."""

    def mask(names: Iterable[str]) -> int:
        return mask_of(names, numbers)

    def phrases(found: Iterable[Phrase]) -> tuple[PhraseProgram, ...]:
        return tuple(
            PhraseProgram(
                tuple((mask(slot.concepts), slot.gap, slot.many) for slot in one.slots),
                tuple(mask(slot.concepts) for slot in one.slots if not slot.many),
                one.written,
            )
            for one in found
        )

    rules = tuple(
        RuleProgram(
            rule=rule,
            phrases=phrases(rule.phrases),
            unless=phrases(rule.unless),
            near=tuple(map(mask, rule.near)),
            around=tuple(map(mask, rule.around)),
            text=tuple(map(mask, rule.text)),
            title=tuple(map(mask, rule.title)),
            nearer_than=mask(rule.nearer_than),
            more_than=mask(rule.more_than),
            not_inside=mask(rule.not_inside),
            not_before=mask(rule.not_before),
            not_near=mask(rule.not_near),
            not_around=mask(rule.not_around),
            not_text=mask(rule.not_text),
            not_title=mask(rule.not_title),
            opening=mask(name for phrase in rule.phrases for name in phrase.slots[0].concepts),
            surroundings=mask(name for names in (rule.not_around, *rule.around) for name in names),
            local=mask(
                name
                for names in (rule.not_inside, rule.not_before, rule.not_near, rule.nearer_than, *rule.near)
                for name in names
            ),
        )
        for rule in topic.rules
    )
    masking = mask(concept.name for concept in topic.concepts if concept.masks)
    groups = None if topic.weighing is None else Groups.of(topic.weighing.roles, numbers)
    return TopicProgram(topic, number, rules, masking, _needed(rules), groups)


def _needed(rules: Sequence[RuleProgram]) -> int:
    """A small set of concepts that holds a whole requirement of every rule with a positive weight (greedily chosen)."""
    chosen = 0
    waiting = [_requirements(rule) for rule in rules if rule.rule.weight > 0]
    while waiting:
        candidates = {one for requirements in waiting for one in requirements}
        served = {
            one: sum(any(other & ~(chosen | one) == 0 for other in wanted) for wanted in waiting)
            for one in candidates
        }
        best = max(candidates, key=lambda one: (served[one] / (1 + (one & ~chosen).bit_count()), -one))
        chosen |= best
        waiting = [wanted for wanted in waiting if all(one & ~chosen for one in wanted)]
    return chosen


def _requirements(rule: RuleProgram) -> list[int]:
    """Sets of concepts of which a text must hold at least one each: the conditions, and one slot of every phrase."""
    found = [*rule.near, *rule.around, *rule.text, *rule.title]
    for place in range(max(len(phrase.slots) for phrase in rule.phrases)):
        joined = 0
        for phrase in rule.phrases:
            joined |= phrase.needed[min(place, len(phrase.needed) - 1)]
        found.append(joined)
    return found
