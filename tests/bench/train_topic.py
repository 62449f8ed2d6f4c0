"""Grow the trees of the shipped topic on labelled texts and write them; report a cross-validation by story.

    [BORDERWATCH_SHARED=…] .venv/bin/python -m tests.bench.train_topic [--dry-run]

Texts are tests/topics/written.jsonl and tests/topics/training.jsonl, and where the variable is set the development
texts and, as negatives, the pages of the corpus, none of which mentions the border. What is learned are passages, not texts: every passage of a negative text is a negative, and of a positive text
the passages that hold the evidence its `why` quotes; where none is quoted, the passage that the trees of the round
before find likeliest (multiple-instance learning: Dietterich et al. 1997). Long texts do not count more than short.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from jobs.topics.evaluate import Verdict, rates
from jobs.topics.groups import Groups
from jobs.topics.loader import PRESETS, TopicSet, read_untrained, topic_set
from jobs.topics.match import fire, view
from jobs.topics.model import Roles, Trees
from jobs.topics.passages import feature_names, passages
from jobs.topics.reading import FieldText
from jobs.topics.weighing import write_trees
from tests.bench.common import ROOT, read_jsonl

TOPIC: Final = PRESETS / "iran-pakistan-border.toml"
WEIGHTS: Final = PRESETS / "iran-pakistan-border.weights.json"
WRITTEN: Final = ROOT / "tests" / "topics" / "written.jsonl"
TRAINING: Final = ROOT / "tests" / "topics" / "training.jsonl"
FOLDS: Final = 8
QUOTED: Final = re.compile(r"«([^»]+)»|‘([^’]+)’|“([^”]+)”|'([^']+(?:'s [^']+)*)'|\"([^\"]+)\"")
SETTINGS: Final = {
    "max_depth": 5,
    "max_iter": 250,
    "learning_rate": 0.06,
    "min_samples_leaf": 10,
    "max_features": 0.3,
    "l2_regularization": 2.0,
    "max_leaf_nodes": 16,
}
"""Tried beside these: depths 3 to 6, 80 to 300 trees, leaves of 5 to 20; all within 0.02 of F1."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text: the numbers of its passages, which of them are quoted as evidence, and what the rules say."""

    set: str
    group: int
    language: str
    label: bool
    passages: NDArray[np.float64]
    quoted: tuple[int, ...]
    ruled: bool


def quoted_places(row: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Field and offset of the literal evidence that `why` holds in quotation marks, pieces joined by an ellipsis."""
    for found in QUOTED.finditer(row.get("why") or ""):
        quote = next(one for one in found.groups() if one)
        for piece in re.split(r"…|\.\.\.", quote):
            wanted = piece.strip(" .,;:")
            for name in ("title", "text"):
                place = row[name].find(wanted) if len(wanted) >= 4 else -1
                if place >= 0:
                    yield name, place + len(wanted) // 2
                    break


def see(row: dict[str, Any], name: str, number: int, topics: TopicSet, groups: Groups) -> Example:
    fields = FieldText("title", row["title"], topics.lexicon), FieldText("text", row["text"], topics.lexicon)
    context = view(topics.programs[0], fields)
    found = list(passages(context, groups))
    places = {(place.field.field.name, place.sentence.number): at for at, (place, _) in enumerate(found)}
    quoted = set()
    for field, offset in quoted_places(row) if row["label"] else ():
        begins = [start for start, _ in fields[field == "text"].sentence_spans]
        quoted.add(places.get((field, bisect_right(begins, offset) - 1), -1))
    return Example(
        set=name,
        group=crc32(f"{name} {row.get('story') or number}".encode()),
        language=row["lang"],
        label=row["label"],
        passages=np.array([numbers for _, numbers in found], dtype=np.float64),
        quoted=tuple(sorted(quoted - {-1})),
        ruled=bool(fire(list(topics.programs[0].rules), context)),
    )


def likelihood(model: HistGradientBoostingClassifier | None, one: Example) -> NDArray[np.float64]:
    if model is None:
        found: NDArray[np.float64] = one.passages.sum(axis=1)
        return found
    probabilities: NDArray[np.float64] = model.predict_proba(one.passages)[:, 1]
    return probabilities


def grow(examples: Sequence[Example]) -> HistGradientBoostingClassifier:
    """Two rounds: the first finds the passages that speak where none is quoted, the second learns from them."""
    model: HistGradientBoostingClassifier | None = None
    for _ in range(2):
        rows, labels, weights = [], [], []
        for one in examples:
            if not one.passages.size:
                continue
            chosen: Sequence[int] = range(len(one.passages))
            if one.label:
                chosen = one.quoted or [int(np.argmax(likelihood(model, one)))]
            rows.append(one.passages[list(chosen)])
            labels += [one.label] * len(chosen)
            share = 1 / len(chosen) if one.label else 1 / len(chosen) ** 0.5
            weights += [share] * len(chosen)
        model = HistGradientBoostingClassifier(random_state=0, **SETTINGS)
        model.fit(np.vstack(rows), labels, sample_weight=weights)
    assert model is not None
    return model


def score(model: HistGradientBoostingClassifier, one: Example) -> float:
    return float(likelihood(model, one).max()) if one.passages.size else 0.0


def exported(model: HistGradientBoostingClassifier, features: Sequence[str]) -> Trees:
    """The grown trees as arrays; what scikit-learn keeps of a tree is read from its fitted predictors."""
    tables: dict[str, list[NDArray[Any]]] = {key: [] for key in ("feature", "limit", "low", "high", "value")}
    roots: list[int] = []
    depth = 1
    for predictors in model._predictors:
        nodes = predictors[0].nodes
        first = sum(map(len, tables["value"]))
        own = first + np.arange(len(nodes))
        leaf = nodes["is_leaf"].astype(bool)
        roots.append(first)
        depth = max(depth, int(nodes["depth"].max()))
        tables["feature"].append(np.where(leaf, 0, nodes["feature_idx"]))
        tables["limit"].append(np.where(leaf, 0.0, nodes["num_threshold"]))
        tables["low"].append(np.where(leaf, own, first + nodes["left"].astype(np.intp)))
        tables["high"].append(np.where(leaf, own, first + nodes["right"].astype(np.intp)))
        tables["value"].append(np.where(leaf, nodes["value"], 0.0))
    joined = {key: np.concatenate(parts) for key, parts in tables.items()}
    return Trees(
        features=tuple(features),
        start=float(np.ravel(model._baseline_prediction)[0]),
        depth=depth,
        roots=np.array(roots, dtype=np.intp),
        **joined,
    )


def examples(topics: TopicSet, roles: Roles) -> list[Example]:
    groups = Groups.of(roles, topics.lexicon.numbers[0])
    files: list[Path] = [WRITTEN, TRAINING]
    shared = os.environ.get("BORDERWATCH_SHARED")
    general: list[dict[str, Any]] = []
    if shared:
        files.append(Path(shared) / "border" / "dev.jsonl")
        pages = read_jsonl(Path(shared) / "corpus" / "truth.jsonl")
        general = [
            {**page, "title": page["title"] or "", "text": page["text"] or "", "label": False}
            for page in pages
        ]
    else:
        print("without the development texts: BORDERWATCH_SHARED is not set", file=sys.stderr)
    named = [(file.stem, read_jsonl(file)) for file in files]
    return [
        see(row, name, number, topics, groups)
        for name, rows in (*named, ("corpus", general))
        for number, row in enumerate(rows)
    ]


def line(name: str, said: NDArray[np.bool_], labels: NDArray[np.bool_]) -> str:
    pairs = zip(labels.tolist(), said.tolist(), strict=True)
    precision, recall, f1 = rates(Verdict("", "", label, found) for label, found in pairs)
    return f"{name:34} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}"


def cross_validate(known: Sequence[Example]) -> None:
    labels = np.array([one.label for one in known])
    ruled = np.array([one.ruled for one in known])
    scores = np.zeros(len(known))
    folds = GroupKFold(FOLDS).split(labels, groups=[one.group for one in known])
    for training, held_out in folds:
        model = grow([known[at] for at in training])
        scores[held_out] = [score(model, known[at]) for at in held_out]
    print(line("rules alone (written with these)", ruled, labels))
    for limit in (0.5, 0.6, 0.7, 0.8, 0.9):
        print(line(f"trees alone at {limit}", scores >= limit, labels))
        print(line(f"rules or trees at {limit}", ruled | (scores >= limit), labels))
    for name in sorted({one.set for one in known}):
        mine = np.array([one.set == name for one in known])
        print(line(f"trees alone at 0.5, {name}", (scores >= 0.5)[mine], labels[mine]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
    arguments = parser.parse_args()
    topic, roles = read_untrained(TOPIC)
    known = examples(topic_set([topic]), roles)
    print(f"{len(known)} texts, {sum(len(one.passages) for one in known)} passages")
    cross_validate(known)
    if not arguments.dry_run:
        trees = exported(grow(known), feature_names(roles))
        write_trees(trees, WEIGHTS)
        print(f"{len(trees.roots)} trees of {len(trees.value)} nodes written to {WEIGHTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
