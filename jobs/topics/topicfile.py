"""One topic file, read key by key: what is wrong in it is collected, with the line it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jobs.topics.checks import odd_rules
from jobs.topics.gazetteer import Gazetteer
from jobs.topics.lexicon import term_keys
from jobs.topics.lines import KeyLines
from jobs.topics.model import Concept, Phrase, Rule, Term, Topic, Where
from jobs.topics.phrases import WORD_PREFIX, PhraseError, parse_phrase
from jobs.topics.weighingtable import read_weighing
from jobs.topics.wordforms import ENDINGS
from text.normalise import WORD, normalise

_TOPIC_KEYS: Final = {
    *("name", "title", "description", "threshold", "small_words", "concepts", "rules", "weighing"),
}
_CONCEPT_KEYS: Final = {"label", "gazetteer", "includes", "masks", "any"} | set(ENDINGS)
_WHERE: Final[tuple[Where, ...]] = ("anywhere", "title", "text")
_LISTS: Final = ("near", "around", "text", "title")
_NAMES: Final = (
    *(
        "nearer_than",
        "more_than",
        "not_inside",
        "not_before",
        "not_near",
        "not_around",
        "not_text",
        "not_title",
    ),
)
RULE_KEYS: Final = {
    *(
        "name",
        "says",
        "weight",
        "phrases",
        "unless",
        "order",
        "where",
        "title_factor",
        "near_words",
        "not_near_words",
    ),
    *_LISTS,
    *_NAMES,
}


class TopicFile:
    """Walks the parsed file and collects faults; what it returns is used only where there are none."""

    def __init__(self, raw: dict[str, Any], path: Path, lines: KeyLines, gazetteer: Gazetteer) -> None:
        self.raw = raw
        self.path = path
        self.lines = lines
        self.gazetteer = gazetteer
        self.faults: list[str] = []
        self.literals: dict[str, Concept] = {}

    def fault(self, place: tuple[str | int, ...], reason: str) -> None:
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        self.faults.append(f"{self.path}:{self.lines.find(*place)}: {key}: {reason}")

    def topic(self, version: str) -> Topic:
        self.unknown((), self.raw, _TOPIC_KEYS)
        name = self.string((), self.raw, "name", required=True)
        if name and not name.replace("-", "").replace("_", "").isalnum():
            self.fault(("name",), f"{name!r} may hold letters, digits, - and _ only")
        threshold = self.number((), self.raw, "threshold", 1.0)
        if threshold <= 0:
            self.fault(("threshold",), "must be above 0")
        concepts = self.concepts()
        known = {concept.name for concept in concepts}
        rules = self.rules(known)
        weighing = read_weighing(self, known)
        used = (*concepts, *self.literals.values())
        small = self.small_words()
        found = Topic(
            name,
            self.string((), self.raw, "title") or name,
            threshold,
            used,
            rules,
            small,
            version,
            weighing,
            self.path,
        )
        warnings = [] if self.faults else odd_rules(found)
        return Topic(
            **{
                key: getattr(found, key)
                for key in ("name", "title", "threshold", "concepts", "rules", "small_words", "weighing")
            },
            version=version,
            path=self.path,
            warnings=tuple(
                f"{self.path}:{self.lines.find('rules', place) if place is not None else 1}: {reason}"
                for place, reason in warnings
            ),
        )

    def small_words(self) -> frozenset[str]:
        raw = self.raw.get("small_words", {})
        if not isinstance(raw, dict):
            self.fault(("small_words",), 'must be a table of lists by language, such as en = ["the", "of"]')
            return frozenset()
        return frozenset(
            word
            for language in raw
            for written in self.strings(("small_words",), raw, language)
            for word in WORD.findall(normalise(written))
        )

    def concepts(self) -> list[Concept]:
        raw = self.raw.get("concepts")
        if not isinstance(raw, dict) or not raw:
            self.fault(("concepts",), "a topic needs at least one [concepts.NAME]")
            return []
        terms: dict[str, tuple[Term, ...]] = {}
        for name, table in raw.items():
            if not isinstance(table, dict):
                self.fault(("concepts", name), "must be a table [concepts.NAME]")
                continue
            terms[name] = self.terms((f"concepts.{name}",), table)
        included = {name: self.includes((f"concepts.{name}",), name, raw[name], raw) for name in terms}
        return [
            Concept(
                name=name,
                label=str(raw[name].get("label", name)),
                terms=tuple(dict.fromkeys(term for one in _closure(name, included) for term in terms[one])),
                masks=raw[name].get("masks", False) is True,
                includes=included[name],
            )
            for name in terms
        ]

    def terms(self, place: tuple[str | int, ...], table: dict[str, Any]) -> tuple[Term, ...]:
        self.unknown(place, table, _CONCEPT_KEYS)
        found: list[Term] = []
        for language in (*ENDINGS, "any"):
            found += [Term(text, language) for text in self.strings(place, table, language)]
        for reference in self.strings(place, table, "gazetteer"):
            entries = self.gazetteer.select(reference)
            if not entries:
                self.fault(
                    (*place, "gazetteer"), f"{reference!r} is no id, #tag, type: or country: of the gazetteer"
                )
            found += [
                Term(text, language, entry)
                for entry in entries
                for language, names in entry.names.items()
                for text in names
            ]
        for term in found:
            if not term_keys(term):
                self.fault((*place, term.language), f"{term.text!r} holds no word")
        if not found and not table.get("includes"):
            self.fault(
                place,
                'has no terms: give words by language (en = ["…"]), gazetteer = ["…"] or includes = ["…"]',
            )
        return tuple(found)

    def includes(
        self, place: tuple[str | int, ...], name: str, table: dict[str, Any], known: dict[str, Any]
    ) -> tuple[str, ...]:
        found = []
        for other in self.strings(place, table, "includes"):
            if other not in known or other == name:
                self.fault((*place, "includes"), f"there is no other concept {other!r}")
            else:
                found.append(other)
        return tuple(found)

    def rules(self, known: set[str]) -> tuple[Rule, ...]:
        raw = self.raw.get("rules")
        if not isinstance(raw, list) or not raw:
            self.fault(("rules",), "a topic needs at least one [[rules]]")
            return ()
        found = [
            self.rule(("rules", number), table, known)
            for number, table in enumerate(raw)
            if isinstance(table, dict)
        ]
        names = [rule.name for rule in found]
        for number, name in enumerate(names):
            if name in names[:number]:
                self.fault(("rules", number, "name"), f"another rule is already called {name!r}")
        return tuple(found)

    def rule(self, place: tuple[str | int, ...], table: dict[str, Any], known: set[str]) -> Rule:
        self.unknown(place, table, RULE_KEYS)
        name = self.string(place, table, "name", required=True)
        weight = self.number(place, table, "weight", 1.0)
        if weight == 0:
            self.fault((*place, "weight"), "a rule of weight 0 changes nothing")
        written = self.string(place, table, "where") or "anywhere"
        where = next((one for one in _WHERE if one == written), None)
        if where is None:
            self.fault((*place, "where"), f"{written!r} is none of {', '.join(_WHERE)}")

        def groups(key: str) -> tuple[tuple[str, ...], ...]:
            return tuple(self.names(place, key, item, known) for item in self.strings(place, table, key))

        def flat(key: str) -> tuple[str, ...]:
            return tuple(one for names in groups(key) for one in names)

        for key, needs in (
            ("nearer_than", "near"),
            ("more_than", "text"),
            ("near_words", "near"),
            ("not_near_words", "not_near"),
        ):
            if table.get(key) and not table.get(needs):
                self.fault((*place, key), f"means nothing without {needs}")
        return Rule(
            name=name,
            says=self.string(place, table, "says") or name,
            weight=weight,
            phrases=self.phrases(place, table, "phrases", known),
            unless=self.phrases(place, table, "unless", known),
            where=where or "anywhere",
            title_factor=self.number(place, table, "title_factor", 1.0),
            near_words=self.count(place, table, "near_words"),
            not_near_words=self.count(place, table, "not_near_words"),
            near=groups("near"),
            around=groups("around"),
            text=groups("text"),
            title=groups("title"),
            nearer_than=flat("nearer_than"),
            more_than=flat("more_than"),
            not_inside=flat("not_inside"),
            not_before=flat("not_before"),
            not_near=flat("not_near"),
            not_around=flat("not_around"),
            not_text=flat("not_text"),
            not_title=flat("not_title"),
        )

    def phrases(
        self, place: tuple[str | int, ...], table: dict[str, Any], key: str, known: set[str]
    ) -> tuple[Phrase, ...]:
        order = self.string(place, table, "order") or "as written"
        if order not in {"as written", "any"}:
            self.fault((*place, "order"), f"{order!r} is neither 'as written' nor 'any'")
        found: list[Phrase] = []
        for written in self.strings(place, table, key):
            try:
                found += parse_phrase(written, any_order=order == "any")
            except PhraseError as fault:
                self.fault((*place, key), str(fault))
        if key == "phrases" and not found and not table.get("phrases"):
            self.fault(place, 'needs phrases = ["[concept] …"]')
        for phrase in found:
            for slot in phrase.slots:
                for name in slot.concepts:
                    self.known(place, key, name, known)
        return tuple(found)

    def names(self, place: tuple[str | int, ...], key: str, item: str, known: set[str]) -> tuple[str, ...]:
        found = tuple(name.strip() for name in item.split("|"))
        for name in found:
            self.known(place, key, name, known)
        return found

    def known(self, place: tuple[str | int, ...], key: str, name: str, known: set[str]) -> None:
        if name.startswith(WORD_PREFIX):
            word = name[len(WORD_PREFIX) :]
            self.literals.setdefault(name, Concept(name, word, (Term(f"={word}", "any"),)))
        elif name not in known:
            self.fault((*place, key), f"there is no concept {name!r}")

    def unknown(self, place: tuple[str | int, ...], table: dict[str, Any], known: set[str]) -> None:
        for key in table:
            if key not in known:
                self.fault((*place, key), f"is not understood here; known: {', '.join(sorted(known))}")

    def string(
        self, place: tuple[str | int, ...], table: dict[str, Any], key: str, *, required: bool = False
    ) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or (required and not value.strip()):
            self.fault((*place, key), "must be a text" if key in table else "is missing")
            return ""
        return value.strip()

    def strings(self, place: tuple[str | int, ...], table: dict[str, Any], key: str) -> list[str]:
        value = table.get(key, [])
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            self.fault((*place, key), 'must be a list of texts, such as ["one", "two"]')
            return []
        return value

    def number(self, place: tuple[str | int, ...], table: dict[str, Any], key: str, default: float) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault((*place, key), "must be a number")
            return default
        return float(value)

    def count(self, place: tuple[str | int, ...], table: dict[str, Any], key: str) -> int | None:
        value = table.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self.fault((*place, key), "must be a whole number of words above 0")
        return None


def _closure(name: str, included: dict[str, tuple[str, ...]]) -> list[str]:
    """The concept and all that it includes, by any number of steps, each once."""
    found = [name]
    for one in found:  # grows while it is walked
        found += [other for other in included.get(one, ()) if other not in found]
    return found
