"""Texts on which topics are tried: JSON lines from a file, or what people judged in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from storage.articles import article_by_id
from storage.database import Database
from storage.feedback import current_judgements
from storage.model import UsageError


@dataclass(frozen=True, slots=True)
class Example:
    """One text; `label` says whether the topic should hold, where that is known."""

    id: str | int
    language: str
    title: str
    text: str
    label: bool | None = None
    group: str = ""
    source: str = ""


def read_examples(lines: Iterable[str], name: str) -> Iterator[Example]:
    """Examples of a JSONL file, one by one. Raises UsageError with file and line for what is no example."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
        except ValueError as fault:
            raise UsageError(f"{name}:{number}: not JSON ({fault}); give one object a line") from None
        if not isinstance(raw, dict) or "id" not in raw:
            raise UsageError(f'{name}:{number}: not an example; a line is {{"id", "lang", "title", "text"}}')
        yield Example(
            id=raw["id"] if isinstance(raw["id"], int) else str(raw["id"]),
            language=str(raw.get("lang") or "unnamed"),
            title=_text(raw, "title", name, number),
            text=_text(raw, "text", name, number),
            label=raw["label"] if isinstance(raw.get("label"), bool) else None,
            group=str(raw.get("story") or ""),
            source=str(raw.get("source_class") or ""),
        )


def _text(raw: dict[str, Any], key: str, name: str, number: int) -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError(f"{name}:{number}: {key} must be a text")
    return value


def judged_examples(db: Database, topic: str) -> list[Example]:
    """What people said of articles under a topic, the newest word of each, in the same form."""
    found: list[Example] = []
    for judgement in current_judgements(db, topic=topic):
        article = article_by_id(db, judgement.article_id)
        if article is not None:
            found.append(
                Example(
                    id=f"article-{judgement.article_id}",
                    language=article["lang"] or "unnamed",
                    title=article["title"],
                    text=article["text"],
                    label=judgement.relevant,
                    group="" if article["story_id"] is None else f"story-{article['story_id']}",
                    source="judged",
                )
            )
    return found


def example_json(one: Example) -> dict[str, Any]:
    """An example as a line of the evaluation data."""
    return {
        "id": one.id,
        "lang": one.language,
        "title": one.title,
        "text": one.text,
        "label": one.label,
        "story": one.group,
        "source_class": one.source,
    }
