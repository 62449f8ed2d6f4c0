"""A topic in words that a person reads, and what the topics say of a text. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from jobs.topics.loader import TopicSet
from jobs.topics.match import evidence_of, judge, total
from jobs.topics.model import Concept, Rule, Topic, Weighing
from jobs.topics.reading import FieldText
from web.marks import Piece, paragraphs, pieces

TERMS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class DescribedRule:
    """One rule: what it says, its weight, its phrases as written, and its further conditions."""

    says: str
    weight: float
    phrases: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribedConcept:
    """One concept: its label, how many terms by language, and some of them."""

    label: str
    languages: tuple[tuple[str, int], ...]
    terms: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Described:
    """A topic as its page shows it."""

    name: str
    title: str
    threshold: float
    rules: tuple[DescribedRule, ...]
    concepts: tuple[DescribedConcept, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What one topic says of a text."""

    topic: str
    score: float
    threshold: float
    rules: tuple[tuple[str, float], ...]
    title: list[Piece]
    body: list[list[Piece]]

    @property
    def holds(self) -> bool:
        """Whether the topic holds."""
        return self.score >= self.threshold


def describe(topic: Topic) -> Described:
    """The topic's rules in words, the weightiest first, and its concepts."""
    rules = sorted(topic.rules, key=lambda rule: -rule.weight)
    return Described(
        topic.name,
        topic.title,
        topic.threshold,
        (
            *map(_rule, rules),
            *([] if topic.weighing is None else [_weighed(topic.weighing, topic.threshold)]),
        ),
        tuple(_concept(concept) for concept in topic.concepts),
        topic.warnings,
    )


def _rule(rule: Rule) -> DescribedRule:
    conditions = []
    if rule.where != "anywhere":
        conditions.append(f"only in the {rule.where}")
    if rule.title_factor != 1.0:
        conditions.append(f"counts {rule.title_factor:g} times in the title")
    within = f" within {rule.near_words} words" if rule.near_words else ""
    for label, sets in (
        (f"in the same sentence{within}", rule.near),
        ("in the sentence, its neighbours or the title", rule.around),
        ("anywhere in the text", rule.text),
        ("in the title", rule.title),
    ):
        conditions += [f"{label}: {' or '.join(alternatives)}" for alternatives in sets]
    for label, names in (
        ("not in the same sentence", rule.not_near), ("not around", rule.not_around), ("not in the text", rule.not_text), ("not in the title", rule.not_title),
        ("not inside", rule.not_inside), ("not just before", rule.not_before), ("nearer than", rule.nearer_than), ("oftener than", rule.more_than),
    ):  # fmt: skip
        if names:
            conditions.append(f"{label}: {', '.join(names)}")
    return DescribedRule(
        rule.says, rule.weight, tuple(phrase.written for phrase in rule.phrases), tuple(conditions)
    )


def _weighed(weighing: Weighing, threshold: float) -> DescribedRule:
    """The weighing beside the rules: what it asks for, and the groups it looks at by role."""
    conditions = [f"at least {weighing.holds_at:g} likely, by trees trained on labelled texts"]
    conditions += [f"{role}: {', '.join(groups)}" for role, groups in weighing.roles.items() if groups]
    return DescribedRule(weighing.says, threshold, (), tuple(conditions))


def _concept(concept: Concept) -> DescribedConcept:
    languages = Counter(term.language for term in concept.terms)
    return DescribedConcept(
        concept.label,
        tuple(languages.most_common()),
        tuple(term.text for term in concept.terms[:TERMS_SHOWN]),
        len(concept.terms),
    )


def try_text(title: str, text: str, topics: TopicSet) -> list[Tried]:
    """Every topic's verdict on a text, with the rules that fired also where the threshold was not reached."""
    fields = FieldText("title", title, topics.lexicon), FieldText("text", text, topics.lexicon)
    result = []
    for program in topics.programs:
        fired = judge(program, fields)
        evidence = [evidence_of(one.place) for one in fired if one.weight > 0]
        spans: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {
            "title": ([], []),
            "text": ([], []),
        }
        for item in evidence:
            spans[item.field][0].append((item.start, item.end))
            spans[item.field][1].extend(item.marks)
        result.append(
            Tried(
                program.topic.name, total(fired), program.topic.threshold,
                tuple((one.says, one.weight) for one in sorted(fired, key=lambda one: -one.weight)),
                pieces(title, *spans["title"]), paragraphs(text, *spans["text"]),
            )
        )  # fmt: skip
    return result
