"""Train the line model on the corpus pages with full gold text and write its weights; report a cross-validation.

    BORDERWATCH_SHARED=… .venv/bin/python -m tests.bench.train_lines [--dry-run]

A line counts as the article's where at least half of its 4-word shingles stand in the gold text. Each page has the
same weight, and each line in it by its words. Folds are made over registrable domains.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from crawler.decode import decode_html
from crawler.extract import body_lines
from crawler.line_features import WEIGHTS_FILE, Line, features
from crawler.lines import own_lines
from crawler.metadata import read_facts
from crawler.titles import choose_title
from crawler.tree import anchor_texts, parse_html
from crawler.urls import host_of, registrable_domain
from tests.bench.bench_extraction import Page, load_pages, load_scorer
from text.normalise import normalise, words

STRENGTH = 0.3
"""Inverse of the regularisation; other values were not tried."""


def _shingles(tokens: list[str]) -> list[tuple[str, ...]]:
    return list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False))


def page_rows(page: Page) -> tuple[list[Line], list[list[float]]]:
    tree = parse_html(decode_html(page.body, page.content_type))
    if tree is None:
        return [], []
    facts = read_facts(tree)
    title_words = tuple(words(normalise(choose_title(facts, page.url))))
    anchors = anchor_texts(tree)
    lines = own_lines(body_lines(tree, facts, page.url), title_words, frozenset())
    return lines, features(lines, title_words, anchors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
    arguments = parser.parse_args()
    tokens = load_scorer().tokens
    rows: list[list[float]] = []
    labels: list[bool] = []
    sizes: list[float] = []
    groups: list[str] = []
    pages: list[int] = []
    for number, page in enumerate(load_pages()):
        if not page.gold.get("text"):
            continue
        gold = tokens(page.gold["text"])
        known, joined = set(_shingles(gold)), " ".join(gold)
        lines, line_rows = page_rows(page)
        for line, row in zip(lines, line_rows, strict=True):
            own = tokens(line.text)
            if not own:
                continue
            shingles = _shingles(own)
            inside = (
                " ".join(own) in joined
                if len(own) < 6
                else sum(item in known for item in shingles) >= len(shingles) / 2
            )
            rows.append(row)
            labels.append(inside)
            sizes.append(len(own))
            groups.append(registrable_domain(host_of(page.url)))
            pages.append(number)
    total = Counter[int]()
    for number, size in zip(pages, sizes, strict=True):
        total[number] += size
    x, y = np.array(rows, float), np.array(labels)
    weight = np.array([size / total[number] for number, size in zip(pages, sizes, strict=True)])
    weight *= len(weight) / weight.sum()
    predicted = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        bias, coefficients = fit(x[train], y[train], weight[train])
        predicted[test] = 1 / (1 + np.exp(-(bias + x[test] @ coefficients)))
    for threshold in (0.1, 0.2, 0.3, 0.4):
        dropped = predicted < threshold
        lost = (weight * dropped * y).sum() / (weight * y).sum()
        junk = (weight * dropped * ~y).sum() / (weight * ~y).sum()
        print(f"below {threshold}: {junk:6.1%} of foreign words go, {lost:6.2%} of the article's")
    bias, coefficients = fit(x, y, weight)
    if not arguments.dry_run:
        stored = {"bias": round(bias, 4), "weights": [round(float(value), 4) for value in coefficients]}
        WEIGHTS_FILE.write_text(json.dumps(stored) + "\n", encoding="utf-8")
        print(f"{len(rows)} lines of {len(set(pages))} pages; weights written to {WEIGHTS_FILE}")


def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Bias and weights for raw (unscaled) features."""
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    model.fit(scaler.transform(x), y, sample_weight=weight)
    coefficients = model.coef_[0] / scaler.scale_
    return float(model.intercept_[0] - (coefficients * scaler.mean_).sum()), coefficients


if __name__ == "__main__":
    main()
