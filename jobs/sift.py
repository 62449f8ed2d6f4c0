"""Which entries of a listing need a fetch: pure decisions over what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.urls import is_fetchable, listing_key
from storage.database import Row, parse_stamp
from storage.model import Entry, Source

MIN_FULL_TEXT = 40
"""Characters of content below which a full-text entry is no article (a picture with a caption, a bare link)."""

RETRY_DELAYS = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2), timedelta(hours=12))
"""A page that could not be fetched is tried again after these; a fifth failure gives it up."""

LASTING_STATUSES = frozenset({401, 402, 403, 404, 405, 410, 451})
"""Answers that a later try rarely changes: two tries are enough."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a listing brings: new entries with key and state, changed ones by id, addresses that may not be fetched."""

    new: tuple[tuple[str, Entry, str], ...]
    changed: tuple[tuple[int, Entry], ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def dates(self) -> tuple[datetime, ...]:
        """When the new entries were published, as far as they say so."""
        return tuple(entry.published.at for _, entry, _ in self.new if entry.published)


def keys_of(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The entries by identity; of two with the same one the first, which is the newest, counts."""
    keyed: dict[str, Entry] = {}
    for entry in entries:
        keyed.setdefault(listing_key(entry.url), entry)
    return keyed


def sift(keyed: Mapping[str, Entry], known: Mapping[str, Row], elsewhere: set[str], source: Source) -> Sifted:
    """Tell new, changed and known entries apart.

    `known` holds stored entries by key, `elsewhere` the keys that are canonical addresses of stored articles.
    """
    new: list[tuple[str, Entry, str]] = []
    changed: list[tuple[int, Entry]] = []
    refused: list[tuple[str, str]] = []
    for key, entry in keyed.items():
        row = known.get(key)
        if row is not None:
            if row["state"] != "listed" and has_changed(row, entry, source.name):
                changed.append((row["id"], entry))
            continue
        reason = is_fetchable(entry.url)
        if reason is not None:
            refused.append((entry.url, reason))
        elif key in elsewhere:
            new.append((key, entry, "captured"))
        else:
            new.append((key, entry if source.full_text else without_content(entry), "listed"))
    return Sifted(tuple(new), tuple(changed), tuple(refused))


def has_changed(row: Row, entry: Entry, source: str) -> bool:
    """Whether the listing says that a page changed: a later `updated`, or another title from the same source."""
    if row["source"] != source:
        return False
    if entry.updated is not None:
        before = row["updated"] or row["published"]
        return before is None or entry.updated > parse_stamp(before) + timedelta(seconds=1)
    return bool(entry.title and row["title"] and entry.title != row["title"])


def without_content(entry: Entry) -> Entry:
    """The entry of a source whose pages are fetched: its long content need not be kept."""
    return replace(entry, content_html=None)


def next_try(tries: int, status: int | None, retry_after_s: float | None, now: datetime) -> datetime | None:
    """When a page that failed for the `tries`-th time is fetched again; None gives it up."""
    limit = 2 if status in LASTING_STATUSES else len(RETRY_DELAYS) + 1
    if tries >= limit:
        return None
    delay = RETRY_DELAYS[min(tries, len(RETRY_DELAYS)) - 1]
    if retry_after_s is not None:
        delay = max(delay, timedelta(seconds=min(retry_after_s, 86400.0)))
    return now + delay
