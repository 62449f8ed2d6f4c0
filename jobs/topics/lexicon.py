"""All terms of all topics in one trie over words: a text is walked once, whatever the number of topics and terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobs.topics.model import GazetteerEntry, Term, Topic
from jobs.topics.wordforms import WordForms, key_of
from text.normalise import WORD, normalise

MAX_TERM_WORDS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """What a term means in one topic: the concept (a number over all topics), its label and gazetteer entry."""

    topic: int
    concept: int
    label: str
    entry: GazetteerEntry | None


@dataclass(slots=True)
class Node:
    """A step of the trie: the steps behind it, and what the words up to here mean."""

    next: dict[str, Node] = field(default_factory=dict)
    meanings: list[Meaning] = field(default_factory=list)
    mask: int = 0


RawHit = tuple[int, int, Node]
"""First word, word behind the last, and the node that tells what they mean."""


def term_keys(term: Term) -> list[list[str]]:
    """The words of a term as vocabulary keys; a term with a joiner is also known with the joiner as a space.

    Empty where the term holds no word at all. `=` and `*` count for the word they are written at.
    """
    spellings = {term.text, term.text.replace("\u200c", " ")}
    found: list[list[str]] = []
    for spelling in spellings:
        keys: list[str] = []
        for piece in spelling.split():
            exact, begins = piece.startswith("="), piece.endswith("*")
            words = WORD.findall(normalise(piece))
            for place, word in enumerate(words):
                last = place == len(words) - 1
                marked = f"{word}*" if begins and last else f"={word}" if exact or not last else word
                keys.append(key_of(marked, term.language))
        if keys and keys not in found:
            found.append(keys[:MAX_TERM_WORDS])
    return found


class Lexicon:
    """The trie with the memory of written forms."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.root = Node()
        self.numbers: list[dict[str, int]] = []
        keys: set[str] = set()
        next_number = 0
        for place, topic in enumerate(topics):
            numbers: dict[str, int] = {}
            for concept in topic.concepts:
                numbers[concept.name] = next_number
                for term in concept.terms:
                    meaning = Meaning(
                        place, next_number, term.entry.name if term.entry else concept.label, term.entry
                    )
                    for words in term_keys(term):
                        keys.update(words)
                        self._add(words, meaning)
                next_number += 1
            self.numbers.append(numbers)
        self.forms = WordForms(keys)

    def _add(self, words: Iterable[str], meaning: Meaning) -> None:
        node = self.root
        for word in words:
            node = node.next.setdefault(word, Node())
        if all(known.concept != meaning.concept for known in node.meanings):
            node.meanings.append(meaning)
            node.mask |= 1 << meaning.concept

    def find(self, words: Sequence[str]) -> tuple[list[RawHit], int]:
        """Every term in a text's words, in order of their beginning, and the mask of all concepts met.

        At most `MAX_TERM_WORDS` steps from each word, so linear in the number of words.
        """
        forms = list(map(self.forms.__getitem__, words))
        hits: list[RawHit] = []
        mask = 0
        first = self.root.next
        for begin, keys in enumerate(forms):
            if not keys:
                continue
            nodes = [first[key] for key in keys if key in first]
            end = begin + 1
            while nodes:
                for node in nodes:
                    if node.meanings:
                        hits.append((begin, end, node))
                        mask |= node.mask
                if end >= len(forms):
                    break
                nodes = [node.next[key] for node in nodes for key in forms[end] if key in node.next]
                end += 1
        return hits, mask
