"""From topic files to a checked set of topics. Every fault is said at once, with file, line, key and reason."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jobs.topics.gazetteer import Gazetteer, shipped_gazetteer
from jobs.topics.lexicon import Lexicon
from jobs.topics.lines import KeyLines
from jobs.topics.model import Roles, Topic
from jobs.topics.program import TopicProgram, compile_topic
from jobs.topics.topicfile import TopicFile
from jobs.topics.weighingtable import read_roles
from storage.model import UsageError

PRESETS: Final = Path(__file__).resolve().parents[2] / "presets" / "topics"
ENGINE: Final = "2"
"""Part of every version: raise it when the matcher judges differently with the same files."""


@dataclass(frozen=True, slots=True)
class TopicSet:
    """Topics that judge together, with the one lexicon that finds all their words in one pass."""

    topics: tuple[Topic, ...]
    version: str
    lexicon: Lexicon = field(compare=False, repr=False)
    programs: tuple[TopicProgram, ...] = field(compare=False, repr=False)

    def names(self) -> tuple[str, ...]:
        """The topics' names, in order."""
        return tuple(topic.name for topic in self.topics)

    def only(self, name: str) -> TopicSet:
        """The set with the one topic of that name; raises UsageError for an unknown one."""
        chosen = [topic for topic in self.topics if topic.name == name]
        if not chosen:
            raise UsageError(
                f"There is no topic {name!r} here; there are: {', '.join(self.names()) or 'none'}."
            )
        return topic_set(chosen)


def topic_set(topics: Sequence[Topic]) -> TopicSet:
    """Put loaded topics together."""
    joined = "\n".join(sorted(f"{topic.name} {topic.version}" for topic in topics))
    lexicon = Lexicon(topics)
    programs = tuple(
        compile_topic(topic, place, lexicon.numbers[place]) for place, topic in enumerate(topics)
    )
    return TopicSet(tuple(topics), hashlib.sha256(joined.encode()).hexdigest()[:16], lexicon, programs)


def topic_path(reference: str, base_dir: Path) -> Path:
    """The file of `presets:NAME`, or of a path relative to `base_dir`."""
    kind, mark, name = reference.partition(":")
    return PRESETS / f"{name}.toml" if kind == "presets" and mark else base_dir / reference


def load_topics(names: Iterable[str], base_dir: Path) -> TopicSet:
    """Load topics by reference. Raises UsageError with every fault of every file, one a line."""
    topics: list[Topic] = []
    faults: list[str] = []
    for reference in names:
        try:
            topic = load_topic(topic_path(reference, base_dir))
        except UsageError as fault:
            faults.append(str(fault))
            continue
        if any(known.name == topic.name for known in topics):
            faults.append(f"{topic.path}:1: name: another topic is already called {topic.name!r}; rename one")
        topics.append(topic)
    if faults:
        raise UsageError("\n".join(faults))
    return topic_set(topics)


def load_topic(path: Path, gazetteer: Gazetteer | None = None) -> Topic:
    """Read and check one topic file (TOML). Raises UsageError with every fault, one a line."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        shipped = ", ".join(sorted(one.stem for one in PRESETS.glob("*.toml")))
        raise UsageError(
            f"{path}:1: no such topic file ({fault.strerror}); shipped topics: {shipped}"
        ) from None
    return parse_topic(content, path, gazetteer or shipped_gazetteer())


def parse_topic(content: bytes, path: Path, gazetteer: Gazetteer) -> Topic:
    """Check the content of a topic file; `path` is for its messages."""
    try:
        text = content.decode()
        raw = tomllib.loads(text)
    except UnicodeDecodeError as fault:
        raise UsageError(f"{path}:1: not UTF-8 (byte {fault.start})") from None
    except tomllib.TOMLDecodeError as fault:
        raise UsageError(f"{path}: not TOML: {fault}") from None
    reader = TopicFile(raw, path, KeyLines(text), gazetteer)
    parts = (content, gazetteer.content, ENGINE.encode(), _weights(raw, path))
    topic = reader.topic(hashlib.sha256(b"".join(parts)).hexdigest()[:16])
    if reader.faults:
        raise UsageError("\n".join(reader.faults))
    return topic


def read_untrained(path: Path) -> tuple[Topic, Roles]:
    """A topic without its weighing, and the groups it weighs: what its trees are grown from. Raises UsageError."""
    text = path.read_text("utf-8")
    raw = tomllib.loads(text)
    reader = TopicFile(raw, path, KeyLines(text), shipped_gazetteer())
    roles = read_roles(reader, set(raw["concepts"]))
    del raw["weighing"]
    topic = reader.topic("untrained")
    if reader.faults:
        raise UsageError("\n".join(reader.faults))
    return topic, roles


def _weights(raw: dict[str, Any], path: Path) -> bytes:
    """The content of the file of weights that a topic names: other weights are another version."""
    weighing = raw.get("weighing")
    name = weighing.get("weights") if isinstance(weighing, dict) else None
    try:
        return (path.parent / name).read_bytes() if isinstance(name, str) else b""
    except OSError:
        return b""  # said as a fault where the weights are read
