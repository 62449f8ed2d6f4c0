"""Why a topic holds for a text or does not, rule by rule, with the nearest miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.topics.conditions import Context, failing
from jobs.topics.loader import TopicSet
from jobs.topics.match import evidence_of, fire, places, total, view, weigh
from jobs.topics.program import RuleProgram, TopicProgram
from jobs.topics.reading import FieldText
from jobs.topics.weighing import likeliest, what_counted
from storage.model import Evidence

_SHOWN = 3
_COUNTED = 6
_NEAR = 0.3
"""Less than half of a phrase in one sentence is no near miss: a preposition that stands everywhere is not worth naming."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One place where a rule's phrase stands, and the condition it fails (None: the rule fires here)."""

    evidence: Evidence
    phrase_words: str
    failed: str | None


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What one rule saw. `nearness` orders misses: 1 fires, 0 has nothing of its phrases in the text."""

    name: str
    says: str
    weight: float
    fired: bool
    seen: tuple[Seen, ...]
    nearness: float
    lacking: str
    """What is missing where no phrase stands anywhere."""


@dataclass(frozen=True, slots=True)
class WeighingTrace:
    """The likeliest passage, its probability against the one that is asked for, and the groups that counted most."""

    says: str
    evidence: Evidence
    probability: float
    holds_at: float
    counted: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A topic's verdict on one text; `rules` with the weightiest and nearest first.

    `weighing` is None where the topic has none or no passage names what it weighs.
    """

    topic: str
    score: float
    threshold: float
    rules: tuple[RuleTrace, ...]
    weighing: WeighingTrace | None = None

    @property
    def holds(self) -> bool:
        """Whether the topic holds."""
        return self.score >= self.threshold

    @property
    def nearest_miss(self) -> RuleTrace | None:
        """Of the rules that count for the topic and did not fire, the one that came nearest to it."""
        missed = [one for one in self.rules if not one.fired and one.weight > 0 and one.nearness >= _NEAR]
        return max(missed, key=lambda one: (one.nearness, one.weight), default=None)


def explain_article(title: str, text: str, language: str | None, topics: TopicSet) -> tuple[Explanation, ...]:
    """Every topic's verdict on a text with the trace of each rule. Pure; costs more than `match_article`."""
    del language  # decides nothing, as in match_article
    fields = FieldText("title", title, topics.lexicon), FieldText("text", text, topics.lexicon)
    return tuple(_explain(program, view(program, fields)) for program in topics.programs)


def _explain(program: TopicProgram, context: Context) -> Explanation:
    fired = fire(list(program.rules), context)
    weighing = _weighing(program, context)
    score = total(fired)
    if weighing is not None and weighing.probability >= weighing.holds_at and score < program.topic.threshold:
        score = total([*fired, *weigh(program, context)])
    names = {one.name for one in fired}
    traces = [_trace(rule, rule.rule.name in names, context) for rule in program.rules]
    traces.sort(key=lambda one: (-one.fired, -one.nearness, -one.weight))
    return Explanation(program.topic.name, score, program.topic.threshold, tuple(traces), weighing)


def _weighing(program: TopicProgram, context: Context) -> WeighingTrace | None:
    weighing, groups = program.topic.weighing, program.groups
    best = None if weighing is None or groups is None else likeliest(context, weighing.trees, groups)
    if best is None or weighing is None or groups is None:
        return None
    counted = what_counted(best, weighing.trees, groups)[:_COUNTED]
    evidence = evidence_of(best.place)
    return WeighingTrace(
        weighing.says, evidence, round(best.probability, 3), weighing.holds_at, tuple(counted)
    )


def _trace(program: RuleProgram, fired: bool, context: Context) -> RuleTrace:
    seen: list[Seen] = []
    for place in places(program, context):
        reason, _ = failing(program, place, context)
        words = " … ".join(place.field.words_of(hit) for hit in place.hits)
        seen.append(Seen(evidence_of(place), words, reason))
        if len(seen) >= 64:
            break
    seen = list({(one.evidence.field, one.evidence.start, one.failed): one for one in seen}.values())
    seen.sort(key=lambda one: one.failed is not None)
    nearness, lacking = (1.0, "") if fired else (0.75, "") if seen else _coverage(program, context)
    rule = program.rule
    return RuleTrace(rule.name, rule.says, rule.weight, fired, tuple(seen[:_SHOWN]), nearness, lacking)


def _coverage(program: RuleProgram, context: Context) -> tuple[float, str]:
    """How much of the best phrase stands in one sentence, and which part of it is lacking there."""
    best, lacking = 0.0, "nothing of its phrases stands in the text"
    sentences = [*context.title.sentences, *context.text.sentences]
    for phrase, written in zip(program.phrases, program.rule.phrases, strict=True):
        needed = [
            (mask, slot)
            for (mask, _, many), slot in zip(phrase.slots, written.slots, strict=True)
            if not many
        ]
        for sentence in sentences:
            missing = [slot for mask, slot in needed if not mask & sentence.mask]
            share = 0.7 * (1 - len(missing) / len(needed))
            if share > best:
                best = share
                lacking = (
                    f"`{phrase.written}` lacks {' and '.join('|'.join(slot.concepts) for slot in missing)} in one sentence"
                    if missing
                    else f"the parts of `{phrase.written}` stand in one sentence, but not so"
                )
    return best, lacking


def render(explanation: Explanation) -> str:
    """The explanation as lines for a terminal; the words that a rule saw stand in ⟦ ⟧."""
    verdict = "holds" if explanation.holds else "does not hold"
    lines = [
        f"{explanation.topic} {verdict}: score {explanation.score:g}, threshold {explanation.threshold:g}"
    ]
    for one in explanation.rules:
        if one.fired or one.seen:
            lines.append(f"  {'+' if one.fired else '-'} {one.says} [{one.name}, weight {one.weight:g}]")
            lines += [f"      {seen.failed or 'fires'}: {one_line(seen.evidence)}" for seen in one.seen]
    weighed = explanation.weighing
    if weighed is not None:
        mark = "+" if weighed.probability >= weighed.holds_at else "-"
        lines.append(
            f"  {mark} {weighed.says}: {weighed.probability:.2f} likely, {weighed.holds_at:g} asked for"
        )
        lines.append(f"      {one_line(weighed.evidence)}")
        if weighed.counted:
            lines.append("      " + ", ".join(f"{group} {share:+.2f}" for group, share in weighed.counted))
    miss = explanation.nearest_miss
    if not explanation.holds and miss is not None:
        why = miss.seen[0].failed if miss.seen else miss.lacking
        lines.append(f"  nearest miss: {miss.says} [{miss.name}]: {why}")
    return "\n".join(lines)


def one_line(evidence: Evidence) -> str:
    """The quote on one line, with its marks in ⟦ ⟧."""
    pieces: list[str] = []
    last = evidence.start
    for start, end in evidence.marks:
        if start >= last and end <= evidence.end:
            pieces += [evidence.quote[last - evidence.start : start - evidence.start], "⟦"]
            pieces += [evidence.quote[start - evidence.start : end - evidence.start], "⟧"]
            last = end
    pieces.append(evidence.quote[last - evidence.start :])
    return f"{evidence.field}: " + " ".join("".join(pieces).split())


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation for `topics explain --json`."""
    miss = explanation.nearest_miss
    return {
        "topic": explanation.topic,
        "match": explanation.holds,
        "score": explanation.score,
        "threshold": explanation.threshold,
        "rules": [
            {
                "name": one.name,
                "says": one.says,
                "weight": one.weight,
                "fired": one.fired,
                "lacking": one.lacking,
                "seen": [
                    {
                        "field": seen.evidence.field,
                        "start": seen.evidence.start,
                        "end": seen.evidence.end,
                        "quote": seen.evidence.quote,
                        "words": seen.phrase_words,
                        "failed": seen.failed,
                    }
                    for seen in one.seen
                ],
            }
            for one in explanation.rules
        ],
        "weighing": None
        if explanation.weighing is None
        else {
            "says": explanation.weighing.says,
            "probability": explanation.weighing.probability,
            "holds_at": explanation.weighing.holds_at,
            "field": explanation.weighing.evidence.field,
            "start": explanation.weighing.evidence.start,
            "end": explanation.weighing.evidence.end,
            "quote": explanation.weighing.evidence.quote,
            "counted": dict(explanation.weighing.counted),
        },
        "nearest_miss": None if miss is None else miss.name,
    }
