"""Does an article belong to a topic, and which sentence proves it? Pure, and linear in the length of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from jobs.topics.conditions import Context, Place, failing, find_phrase
from jobs.topics.loader import TopicSet
from jobs.topics.program import RuleProgram, TopicProgram
from jobs.topics.reading import FieldText, Hit, TopicField
from jobs.topics.weighing import likeliest
from storage.model import Evidence, Match, PlaceRef

QUOTE_CHARACTERS: Final = 320
"""A longer sentence is quoted around the words that matter."""
_QUOTES: Final = 6
WEIGHING: Final = "weighing"
"""The name of the reason that a weighed passage is."""
PLACES_ASKED: Final = 200
"""Places of one rule looked at in one text. Where so many fail, the next one is no better, and time stays linear."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A reason that holds: a rule or the weighing, where, and with what weight (the title may count more)."""

    name: str
    says: str
    place: Place
    weight: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """One topic's verdict on an article: the score, and the match where it reaches the threshold."""

    topic: str
    score: float
    match: Match | None


def match_article(title: str, text: str, language: str | None, topics: TopicSet) -> tuple[Match, ...]:
    """The topics that hold for an article, each with score, rules and evidence.

    `language` is what the page claims; it decides nothing, since claims are often wrong: the terms of all languages
    are looked for in one pass. Evidence offsets are code points of `title` and `text` as given. Never raises.
    """
    del language
    found = assess_article(title, text, topics)
    return tuple(one.match for one in found if one.match is not None)


def assess_article(title: str, text: str, topics: TopicSet) -> list[Assessment]:
    """Every topic's verdict; a topic whose rules cannot reach its threshold here is not looked at (score 0)."""
    fields = FieldText("title", title, topics.lexicon), FieldText("text", text, topics.lexicon)
    found: list[Assessment] = []
    for program in topics.programs:
        fired = judge(program, fields)
        score = total(fired)
        match = _match(program, fired, score) if score >= program.topic.threshold else None
        found.append(Assessment(program.topic.name, score, match))
    return found


def judge(program: TopicProgram, fields: tuple[FieldText, FieldText]) -> list[Fired]:
    """The reasons that hold. Passages are weighed only where the rules do not reach the threshold by themselves."""
    mask = fields[0].mask | fields[1].mask
    rules = program.possible_rules(mask)
    weighed = program.groups is not None and program.groups.may_matter(mask)
    if not rules and not weighed:
        return []
    context = view(program, fields)
    fired = fire(rules, context)
    if weighed and total(fired) < program.topic.threshold:
        fired += weigh(program, context)
    return fired


def weigh(program: TopicProgram, context: Context) -> list[Fired]:
    """The likeliest passage, where it is likely enough."""
    weighing, groups = program.topic.weighing, program.groups
    if weighing is None or groups is None:
        return []
    best = likeliest(context, weighing.trees, groups)
    if best is None or best.probability < weighing.holds_at:
        return []
    return [Fired(WEIGHING, weighing.says, best.place, program.topic.threshold)]


def view(program: TopicProgram, fields: tuple[FieldText, FieldText]) -> Context:
    """Both fields as the topic sees them."""
    title, text = (
        TopicField(field, program.number, program.masking, program.topic.small_words) for field in fields
    )
    counts: dict[int, int] = {}
    for hit in (*title.hits, *text.hits):
        counts[hit.mask] = counts.get(hit.mask, 0) + 1
    return Context(title, text, counts)


def fire(rules: list[RuleProgram], context: Context) -> list[Fired]:
    """The rules that fire, each at its weightiest place."""
    fired: list[Fired] = []
    for program in rules:
        place = first_place(program, context)
        if place is not None:
            factor = program.rule.title_factor if place.field is context.title else 1.0
            rule = program.rule
            fired.append(Fired(rule.name, rule.says, place, rule.weight * factor))
    return fired


def total(fired: list[Fired]) -> float:
    """The score: the sum of the weights, to four places."""
    return round(sum(one.weight for one in fired), 4)


def first_place(program: RuleProgram, context: Context) -> Place | None:
    """Where the rule fires first (the title before the text), or None."""
    for place in islice(places(program, context, hopeful=True), PLACES_ASKED):
        reason, helpers = failing(program, place, context)
        if reason is None:
            return Place(place.field, place.sentence, place.hits, helpers)
    return None


def places(program: RuleProgram, context: Context, *, hopeful: bool = False) -> Iterator[Place]:
    """Everywhere one of the rule's phrases stands, before its conditions are asked.

    With `hopeful`, sentences that lack what `near` needs are passed over.
    """
    fields = {"title": (context.title,), "text": (context.text,)}.get(
        program.rule.where, (context.title, context.text)
    )
    for field in fields:
        for sentence in field.sentences:
            mask = sentence.mask
            if not mask & program.opening or (hopeful and not all(wanted & mask for wanted in program.near)):
                continue
            for phrase in program.phrases:
                if all(needed & mask for needed in phrase.needed):
                    for hits in find_phrase(field, sentence, phrase):
                        yield Place(field, sentence, hits)


def evidence_of(place: Place) -> Evidence:
    """The sentence that holds the place, cut around its words where it is long, with exact offsets."""
    field = place.field.field
    start, end = field.sentence_spans[place.sentence.number]
    marks = tuple(sorted({field.original_span(hit.begin, hit.end) for hit in (*place.hits, *place.helpers)}))
    original = field.folded.original
    if end - start > QUOTE_CHARACTERS:
        core_start, core_end = marks[0][0], marks[-1][1]
        if core_end - core_start > QUOTE_CHARACTERS:
            core_start, core_end = field.original_span(place.hits[0].begin, place.hits[-1].end)
            marks = tuple(mark for mark in marks if core_start <= mark[0] and mark[1] <= core_end)
        room = max(0, QUOTE_CHARACTERS - (core_end - core_start)) // 2
        start = _at_word(original, max(start, core_start - room), core_start)
        end = min(end, core_end + room)
        while end > core_end and end < len(original) and not original[end].isspace():
            end -= 1
        end = max(end, core_end)
        end = start + len(original[start:end].rstrip())
    return Evidence(field.name, start, end, original[start:end], marks)


def _at_word(original: str, start: int, latest: int) -> int:
    """The first beginning of a word at or after `start`, no later than `latest`."""
    if start == 0 or original[start - 1].isspace():
        return start
    while start < latest and not original[start].isspace():
        start += 1
    while start < latest and original[start].isspace():
        start += 1
    return start


def _match(program: TopicProgram, fired: list[Fired], score: float) -> Match:
    positive = sorted((one for one in fired if one.weight > 0), key=lambda one: -one.weight)
    quotes: dict[tuple[str, int], Evidence] = {}
    hits: dict[Hit, None] = {}
    for one in positive:
        found = evidence_of(one.place)
        known = quotes.setdefault((found.field, one.place.sentence.number), found)
        if known is not found and known.start <= found.start and found.end <= known.end:
            marks = tuple(sorted({*known.marks, *found.marks}))
            quotes[found.field, one.place.sentence.number] = Evidence(
                known.field, known.start, known.end, known.quote, marks
            )
        hits.update(dict.fromkeys((*one.place.hits, *one.place.helpers)))
    return Match(
        topic=program.topic.name,
        score=score,
        threshold=program.topic.threshold,
        rules=tuple(one.says for one in fired),
        evidence=tuple(quotes.values())[:_QUOTES],
        concepts=tuple(
            dict.fromkeys(hit.meaning.label for hit in hits if not hit.meaning.label.startswith("'"))
        ),
        places=_places(positive),
        topic_version=program.topic.version,
    )


def _places(fired: list[Fired]) -> tuple[PlaceRef, ...]:
    """The gazetteer's places with coordinates in the sentences that prove the match, in order of appearance."""
    found: dict[str, PlaceRef] = {}
    for one in fired:
        for hit in one.place.sentence.hits:
            entry = hit.meaning.entry
            if (
                entry is not None
                and entry.lat is not None
                and entry.kind in {"place", "crossing", "district"}
            ):
                found.setdefault(entry.id, PlaceRef(entry.id, entry.name, entry.lat, entry.lon))
    return tuple(found.values())
