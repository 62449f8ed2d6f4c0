"""Made-up news for the story bench: words as common as the frequency table says, rare words by Zipf, events with several reports."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.dedup.frequencies import shipped

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_SYLLABLES = [
    a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "ar", "el", "is", "on")
]


@dataclass(frozen=True, slots=True)
class Item:
    """One made-up article."""

    title: str
    text: str
    at: datetime


class Newsroom:
    """Articles at a steady pace over `days`; two in five report one of the day's events in their own words."""

    def __init__(self, seed: int, articles: int, days: int = 365) -> None:
        self.rng = random.Random(seed)
        self.articles, self.days = articles, days
        common = [
            (word, rate)
            for word, rate in shipped().rates.items()
            if word.isascii() and word.isalpha() and rate < 0.95
        ]
        self.common = [word for word, _ in common]
        # Odds rather than rates: a word of rate 0.5 stands in half of the articles when some 110 are drawn.
        self.common_weights = list(itertools.accumulate(rate / (1 - rate) for _, rate in common))
        self.rare = ["".join(self.rng.choices(_SYLLABLES, k=3)) for _ in range(80_000)]
        self.rare_weights = list(itertools.accumulate(1 / (rank + 50) for rank in range(len(self.rare))))
        self.names = [word.capitalize() for word in self.rng.sample(self.rare, 15_000)]
        self.events: list[tuple[datetime, list[str], list[str]]] = []

    def item(self, at: datetime) -> Item:
        """One article of that time."""
        rng = self.rng
        if not self.events or rng.random() < 0.08:
            self.events.append((at, rng.choices(self.rare, k=9), rng.sample(self.names, 4)))
        current = self.events[-24:]
        words = rng.choices(self.common, cum_weights=self.common_weights, k=110)
        words += rng.choices(self.rare, cum_weights=self.rare_weights, k=32)
        names = rng.sample(self.names, 5)
        if rng.random() < 0.4:
            _, about, people = rng.choice(current)
            words += rng.sample(about, 7) * 2
            names += people * 2
        words += names + [str(rng.randrange(2, 900)) for _ in range(5)]
        rng.shuffle(words)
        title = " ".join(rng.sample(words, 8))
        text = "\n".join(" ".join(words[start : start + 30]) + "." for start in range(0, len(words), 30))
        return Item(title, text, at)

    def items(self) -> Iterator[Item]:
        """All articles in order of time."""
        step = timedelta(days=self.days) / self.articles
        return (self.item(BEGIN + index * step) for index in range(self.articles))
