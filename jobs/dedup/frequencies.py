"""How common a word or story key is: the frozen, versioned frequency table.

A fresh database uses the shipped table (presets/frequencies.tsv). With one table, every score is a pure function
of the two texts, whatever else is stored and in whatever order it came; `stories learn` freezes a new version from
what is stored, and only then do scores change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from storage.model import BorderwatchError

PRESET: Final = Path(__file__).parents[2] / "presets" / "frequencies.tsv"
_RAREST: Final = 0.0015
"""The document rate that a word without an entry is given: about one article in seven hundred."""
_SCALE: Final = 10_000
MAX_ENTRIES: Final = 40_000
MIN_RATE: Final = 0.004


class FrequencyTableError(BorderwatchError):
    """A frequency table cannot be read; the message names the file and line."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Document rates (0 to 1) of words and story keys, and the name of their version."""

    version: str
    rates: dict[str, float]
    weights: dict[str, float]

    def weight(self, word: str) -> float:
        """Inverse document frequency in nats: 0 for what every article says, 6.5 for what none did."""
        return self.weights.get(word, _RAREST_WEIGHT)

    def rate(self, word: str) -> float:
        """The share of articles that say it."""
        return self.rates.get(word, 0.0)


def _weight(rate: float) -> float:
    return -math.log(min(1.0, rate + _RAREST))


_RAREST_WEIGHT: Final = _weight(0.0)


def table(version: str, rates: dict[str, float]) -> Frequencies:
    """A table from document rates."""
    return Frequencies(version, rates, {word: _weight(rate) for word, rate in rates.items()})


@lru_cache(maxsize=1)
def shipped() -> Frequencies:
    """The table that comes with the product, read once a process."""
    return parse(PRESET.read_text(encoding="utf-8"), str(PRESET))


def parse(content: str, name: str) -> Frequencies:
    """Read the tab-separated form: a first line `# version NAME`, then word and documents in ten thousand."""
    lines = content.splitlines()
    if not lines or not lines[0].startswith("# version "):
        raise FrequencyTableError(
            f"{name}: the first line must say `# version NAME`. Reinstall, or run `borderwatch stories learn`."
        )
    rates: dict[str, float] = {}
    for number, line in enumerate(lines[1:], 2):
        word, _, share = line.partition("\t")
        if not share.isdigit():
            raise FrequencyTableError(f"{name}:{number}: expected WORD, a tab and a whole number.")
        rates[word] = int(share) / _SCALE
    return table(lines[0].removeprefix("# version ").strip(), rates)


def render(frequencies: Frequencies) -> str:
    """The inverse of `parse`, commonest first."""
    body = (
        f"{word}\t{round(rate * _SCALE)}"
        for word, rate in sorted(frequencies.rates.items(), key=lambda item: (-item[1], item[0]))
    )
    return "\n".join([f"# version {frequencies.version}", *body]) + "\n"


def learn(
    version: str, documents: Iterable[tuple[str | None, Iterable[str]]], *, smallest_language: int = 40
) -> Frequencies:
    """Count document rates by language and keep, for each term, the highest.

    `documents` are (language, distinct terms). A word that is common in any language tells nothing there; languages
    with fewer than `smallest_language` documents are counted together, since a rate over a handful says little. A
    term needs three documents: fewer is chance.
    """
    counts: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for language, terms in documents:
        name = language or ""
        totals[name] += 1
        counts.setdefault(name, Counter()).update(set(terms))
    rates: dict[str, float] = {}
    for total, count in _pooled(counts, totals, smallest_language):
        for term, seen in count.items():
            rate = seen / max(total, smallest_language)
            if seen >= 3 and rate >= MIN_RATE:
                rates[term] = max(rates.get(term, 0.0), rate)
    kept = sorted(rates.items(), key=lambda item: (-item[1], item[0]))[:MAX_ENTRIES]
    return table(version, {term: round(rate * _SCALE) / _SCALE for term, rate in kept})


def _pooled(
    counts: dict[str, Counter[str]], totals: Counter[str], smallest: int
) -> Iterator[tuple[int, Counter[str]]]:
    rest: Counter[str] = Counter()
    rest_total = 0
    for name, count in counts.items():
        if totals[name] >= smallest:
            yield totals[name], count
        else:
            rest.update(count)
            rest_total += totals[name]
    if rest_total:
        yield rest_total, rest
