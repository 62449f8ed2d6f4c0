"""Where a rule's phrases stand in a sentence, and what its conditions say of each place. Pure, linear in the hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobs.topics.program import PhraseProgram, RuleProgram
from jobs.topics.reading import Hit, Sentence, TopicField

SMALL_WORDS_BETWEEN: Final = 7
"""However small, more words than this between two parts of a phrase part them."""
PLACES_TRIED: Final = 32
"""Places of one phrase tried in one sentence: more stand in no sentence but an attack, which must stay linear."""


@dataclass(frozen=True, slots=True)
class Place:
    """A phrase found: the hits that fill its slots, in order, and those that satisfied `near`."""

    field: TopicField
    sentence: Sentence
    hits: tuple[Hit, ...]
    helpers: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What conditions beyond the sentence look at: both fields, and how often each concept stands in them."""

    title: TopicField
    text: TopicField
    counts: Mapping[int, int]
    """By mask of one concept."""
    barred: dict[tuple[str, str, int], list[tuple[int, int, str]]] = field(default_factory=dict)
    """Where the phrases of a rule's `unless` stand, by rule, field and sentence: looked for once."""

    def count(self, mask: int) -> int:
        """How often any concept of the mask stands in title and text."""
        return sum(number for concept, number in self.counts.items() if concept & mask)

    def around(self, place: Place) -> Iterator[Hit]:
        """The hits of the sentence and of what stands around it."""
        yield from place.sentence.hits
        for sentence in self.neighbours(place):
            yield from sentence.hits

    def neighbours(self, place: Place) -> Iterator[Sentence]:
        """The sentences before and behind, and the title (for a title: the first sentence of the text)."""
        for number in (place.sentence.number - 1, place.sentence.number + 1):
            sentence = place.field.by_number.get(number)
            if sentence is not None:
                yield sentence
        if place.field is self.text:
            yield from self.title.sentences
        elif 0 in self.text.by_number:
            yield self.text.by_number[0]


@dataclass(frozen=True, slots=True)
class Path:
    """A way through a phrase so far: the hits of its slots, and where its last word (a list's last item too) ends."""

    hits: tuple[Hit, ...]
    end: int


def find_phrase(field: TopicField, sentence: Sentence, phrase: PhraseProgram) -> list[tuple[Hit, ...]]:
    """Every end of the phrase in the sentence with the nearest way to it, at most `PLACES_TRIED`."""
    if not all(mask & sentence.mask for mask in phrase.needed):
        return []
    first = phrase.slots[0][0]
    paths = [Path((hit,), hit.end) for hit in sentence.hits if hit.mask & first]
    in_list = False
    for mask, gap, many in phrase.slots[1:]:
        distance = field.list_distance if in_list or many else field.distance
        step = _through_list if many else _extended
        paths = step(sentence, paths, mask, gap, distance)
        in_list = many
        if not paths:
            return []
    return [path.hits for path in paths[:PLACES_TRIED]]


def _extended(
    sentence: Sentence, paths: list[Path], mask: int, gap: int, distance: Sequence[int]
) -> list[Path]:
    """The paths with a hit of the next slot, each hit joined to the path that ends nearest before it."""
    paths.sort(key=lambda path: path.end)
    extended: list[Path] = []
    place = 0
    for hit in sentence.hits:
        if hit.mask & mask:
            while place < len(paths) and paths[place].end <= hit.begin:
                place += 1
            if place and _reaches(paths[place - 1].end, hit.begin, gap, distance):
                extended.append(Path((*paths[place - 1].hits, hit), hit.end))
    return extended


def _through_list(
    sentence: Sentence, paths: list[Path], mask: int, gap: int, distance: Sequence[int]
) -> list[Path]:
    """The paths, and those lengthened by any number of list items, which leave no mark but the place they end."""
    paths.sort(key=lambda path: path.end)
    latest: Path | None = None
    place = 0
    found = list(paths)
    for hit in sentence.hits:
        while place < len(paths) and paths[place].end <= hit.begin:
            if latest is None or paths[place].end >= latest.end:
                latest = paths[place]
            place += 1
        if hit.mask & mask and latest is not None and _reaches(latest.end, hit.begin, gap, distance):
            latest = Path(latest.hits, hit.end)
            found.append(latest)
            gap = min(gap, 2)  # the items of a list stand close together
    return found


def _reaches(end: int, begin: int, gap: int, distance: Sequence[int]) -> bool:
    """Whether a word that begins at `begin` lies within the gap behind `end`."""
    if end > begin or begin - end > gap + SMALL_WORDS_BETWEEN:
        return False
    return distance[begin] - distance[end] <= gap


def failing(rule: RuleProgram, place: Place, context: Context) -> tuple[str | None, tuple[Hit, ...]]:
    """The first condition the place fails, in words (None: the rule fires here), and the hits that helped."""
    used = place.hits
    begin, end = used[0].begin, used[-1].end
    others = [hit for hit in place.sentence.hits if hit.mask & rule.local and not _part_of(hit, used)]
    for start, behind, written in _barred(rule, place, context):
        if start < end and begin < behind:
            return f"`{written}` stands there", ()
    found = _named(
        [hit for hit in others if hit.mask & rule.not_inside and hit.begin >= begin and hit.end <= end]
    )
    if found:
        return f"{found} stands inside the phrase", ()
    found = _named([hit for hit in others if hit.mask & rule.not_before and hit.end <= begin])
    if found:
        return f"{found} stands before the phrase", ()
    found = _named(
        [
            hit
            for hit in others
            if hit.mask & rule.not_near and _within(hit, begin, end, rule.rule.not_near_words)
        ]
    )
    if found:
        return f"{found} stands near", ()
    helpers: list[Hit] = []
    rivals = [_distance(hit, begin, end) for hit in others if hit.mask & rule.nearer_than]
    for wanted, names in zip(rule.near, rule.rule.near, strict=True):
        close = [
            hit for hit in others if hit.mask & wanted and _within(hit, begin, end, rule.rule.near_words)
        ]
        if not close:
            return f"no {' or '.join(names)} near", ()
        nearest = min(close, key=lambda hit: _distance(hit, begin, end))
        if rivals and min(rivals) <= _distance(nearest, begin, end):
            return f"{' or '.join(rule.rule.nearer_than)} stands nearer than {nearest.meaning.label}", ()
        helpers.append(nearest)
    return _beyond_the_sentence(rule, place, context), tuple(helpers)


def _barred(rule: RuleProgram, place: Place, context: Context) -> list[tuple[int, int, str]]:
    if not rule.unless:
        return []
    key = (rule.rule.name, place.field.field.name, place.sentence.number)
    found = context.barred.get(key)
    if found is None:
        found = context.barred[key] = [
            (path[0].begin, path[-1].end, phrase.written)
            for phrase in rule.unless
            for path in find_phrase(place.field, place.sentence, phrase)
        ]
    return found


def _beyond_the_sentence(rule: RuleProgram, place: Place, context: Context) -> str | None:
    return (
        _around(rule, place, context)
        or _in_the_title(rule, context)
        or _in_the_text(rule, place.hits, context)
    )


def _around(rule: RuleProgram, place: Place, context: Context) -> str | None:
    if not rule.around and not rule.not_around:
        return None
    hits = [
        hit
        for hit in context.around(place)
        if hit.mask & rule.surroundings and not any(hit is own for own in place.hits)
    ]
    for wanted, names in zip(rule.around, rule.rule.around, strict=True):
        if not any(hit.mask & wanted for hit in hits):
            return f"no {' or '.join(names)} around"
    found = _named([hit for hit in hits if hit.mask & rule.not_around])
    return f"{found} stands around" if found else None


def _in_the_title(rule: RuleProgram, context: Context) -> str | None:
    for wanted, names in zip(rule.title, rule.rule.title, strict=True):
        if not any(hit.mask & wanted for hit in context.title.hits):
            return f"no {' or '.join(names)} in the title"
    found = _named([hit for hit in context.title.hits if hit.mask & rule.not_title])
    return f"{found} stands in the title" if found else None


def _in_the_text(rule: RuleProgram, own: Sequence[Hit], context: Context) -> str | None:
    def count(mask: int) -> int:
        return context.count(mask) - sum(1 for hit in own if hit.mask & mask)

    for wanted, names in zip(rule.text, rule.rule.text, strict=True):
        number = count(wanted)
        if number <= 0:
            return f"no {' or '.join(names)} in the text"
        if rule.more_than and number <= count(rule.more_than):
            return f"{' or '.join(names)} is not named oftener than {' or '.join(rule.rule.more_than)}"
    if rule.not_text and count(rule.not_text) > 0:
        return f"{' or '.join(rule.rule.not_text)} in the text"
    return None


def _part_of(hit: Hit, used: Sequence[Hit]) -> bool:
    return any(hit.begin < own.end and own.begin < hit.end for own in used)


def _distance(hit: Hit, begin: int, end: int) -> int:
    """Words between a hit and the span of a phrase; 0 inside it and beside it."""
    return max(0, hit.begin - end, begin - hit.end)


def _within(hit: Hit, begin: int, end: int, words: int | None) -> bool:
    return words is None or _distance(hit, begin, end) <= words


def _named(hits: Sequence[Hit]) -> str:
    return hits[0].meaning.label if hits else ""
