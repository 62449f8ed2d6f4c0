"""Cross-validation by story of the shipped topic on labelled texts: do its rules hold on stories they were not needed for?

    python -m tests.bench.crossvalidate_topics FILE.jsonl [--folds 10]

Hand-written rules have no training step that could be repeated without a fold, so three questions stand in for it.
"as shipped": the rules as they are. "only rules the other folds support": a rule counts in a fold only where it fires
on a positive of another fold, and not mostly on negatives there: what a rule written for a single story brings is
taken away. "logistic model": weights over the fired rules, learned on the other folds (scikit-learn, L2), which is
what a trained classifier over rule features would bring.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from sklearn.linear_model import LogisticRegression

from jobs.topics.evaluate import Verdict, measure
from jobs.topics.examples import Example, read_examples
from jobs.topics.loader import TopicSet, load_topics
from jobs.topics.match import fire, view
from jobs.topics.reading import FieldText

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Seen:
    """A text with the numbers of the rules that fire on it."""

    example: Example
    rules: frozenset[int]


def see(example: Example, topics: TopicSet) -> Seen:
    program = topics.programs[0]
    fields = (
        FieldText("title", example.title, topics.lexicon),
        FieldText("text", example.text, topics.lexicon),
    )
    numbers = {rule.rule.name: number for number, rule in enumerate(program.rules)}
    fired = fire(list(program.rules), view(program, fields))
    return Seen(example, frozenset(numbers[one.name] for one in fired))


Judge = Callable[[Seen], bool]


def as_shipped(_training: Sequence[Seen]) -> Judge:
    return lambda one: bool(one.rules)


def supported(training: Sequence[Seen]) -> Judge:
    hits: dict[int, int] = {}
    for one in training:
        for rule in one.rules:
            hits[rule] = hits.get(rule, 0) + (1 if one.example.label else -1)
    kept = {rule for rule, surplus in hits.items() if surplus > 0}
    return lambda one: bool(one.rules & kept)


def logistic(rules: int) -> Callable[[Sequence[Seen]], Judge]:
    def row(one: Seen) -> list[float]:
        return [float(number in one.rules) for number in range(rules)]

    def train(training: Sequence[Seen]) -> Judge:
        model = LogisticRegression(C=3.0, max_iter=1000)
        model.fit(
            np.array([row(one) for one in training]), np.array([bool(one.example.label) for one in training])
        )
        return lambda one: bool(model.predict(np.array([row(one)]))[0])

    return train


def cross_validate(
    seen: Sequence[Seen], train: Callable[[Sequence[Seen]], Judge], folds: int
) -> list[Verdict]:
    stories = sorted({one.example.group or str(one.example.id) for one in seen})
    Random(7).shuffle(stories)
    fold_of = {story: number % folds for number, story in enumerate(stories)}
    verdicts = []
    for fold in range(folds):
        held = [one for one in seen if fold_of[one.example.group or str(one.example.id)] == fold]
        judge = train([one for one in seen if fold_of[one.example.group or str(one.example.id)] != fold])
        for one in held:
            kind = "written" if one.example.source == "written" else "real"
            label, story = bool(one.example.label), one.example.group
            verdicts.append(
                Verdict(str(one.example.id), one.example.language, label, judge(one), story, kind)
            )
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--folds", type=int, default=10)
    chosen = parser.parse_args()
    topics = load_topics(["presets:iran-pakistan-border"], ROOT)
    with chosen.file.open(encoding="utf-8") as file:
        seen = [see(one, topics) for one in read_examples(file, str(chosen.file)) if one.label is not None]
    methods = {
        "as shipped": as_shipped,
        "only rules the other folds support": supported,
        "logistic model over the rules": logistic(len(topics.programs[0].rules)),
    }
    found: dict[str, dict[str, float]] = {}
    for name, train in methods.items():
        verdicts = cross_validate(seen, train, chosen.folds)
        rows = {"all": verdicts, "real": [one for one in verdicts if one.source == "real"]}
        rows |= {
            language: [one for one in verdicts if one.language == language] for language in ("en", "fa", "ur")
        }
        found[name] = {}
        print(name)
        for key, chosen_ones in rows.items():
            result = measure(chosen_ones, Random(0))
            found[name][key] = round(result.f1, 4)
            low, high = result.f1_interval
            print(
                f"  {key:5} P {result.precision:.3f} R {result.recall:.3f} F1 {result.f1:.3f} [{low:.3f} {high:.3f}]"
            )
        print(f"  wrong: {', '.join(one.id for one in verdicts if one.label != one.predicted) or 'none'}")
    target = ROOT / "bench-results" / "topics-crossvalidation.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
