"""The shape of the gazetteer: ids, languages, coordinates, sources, and no name that means two places unmarked."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from jobs.topics.gazetteer import SHIPPED, parse_gazetteer, shipped_gazetteer
from jobs.topics.wordforms import ENDINGS
from storage.model import UsageError
from text.normalise import normalise, words

ENTRIES: list[dict[str, Any]] = json.loads(SHIPPED.read_text("utf-8"))["entries"]
TYPES = {"place", "crossing", "district", "province", "country", "group", "term"}


def test_every_entry_has_its_shape() -> None:
    ids = [entry["id"] for entry in ENTRIES]
    assert len(set(ids)) == len(ids) >= 150
    for entry in ENTRIES:
        assert entry["type"] in TYPES, entry["id"]
        assert entry["country"] in {"IR", "PK", "both", None}, entry["id"]
        assert entry["names"], entry["id"]
        assert set(entry["names"]) <= set(ENDINGS), entry["id"]
        assert all(
            isinstance(name, str) and words(normalise(name))
            for names in entry["names"].values()
            for name in names
        )
        assert isinstance(entry["ambiguous"], bool), entry["id"]
        assert entry["source"].strip(), entry["id"]
        assert "note" in entry, entry["id"]


def test_names_exist_in_every_language_of_the_border() -> None:
    languages = {language for entry in ENTRIES for language in entry["names"]}
    assert languages == set(ENDINGS)
    for entry in ENTRIES:
        if entry["type"] in {"crossing", "district"}:
            assert {"en", "fa", "ur"} & set(entry["names"]), entry["id"]


def test_places_of_the_border_lie_in_its_region() -> None:
    for entry in ENTRIES:
        if entry["type"] in {"place", "crossing", "district"}:
            assert entry["lat"] is not None, entry["id"]
            if "other-border" not in entry["tags"] and entry["id"] not in {"saravan-gilan", "pishin-pk"}:
                assert 24.9 <= entry["lat"] <= 30.6, entry["id"]
                assert 59.5 <= entry["lon"] <= 67.1, entry["id"]
        if entry["lat"] is not None:
            assert 22 <= entry["lat"] <= 40
            assert 44 <= entry["lon"] <= 76


def test_no_name_stands_for_two_entries_unless_both_are_marked() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for entry in ENTRIES:
        for names in entry["names"].values():
            for name in names:
                owners[" ".join(words(normalise(name)))].add(entry["id"])
    ambiguous = {entry["id"] for entry in ENTRIES if entry["ambiguous"]}
    shared = {name: ids for name, ids in owners.items() if len(ids) > 1 and not ids & ambiguous}
    assert shared == {}
    unmarked = {name: ids for name, ids in owners.items() if len(ids) > 1 and len(ids - ambiguous) > 1}
    assert unmarked == {}


def test_references_select_entries() -> None:
    gazetteer = shipped_gazetteer()
    assert {"rimdan-gabd"} <= {entry.id for entry in gazetteer.select("#gate")}
    assert [entry.name for entry in gazetteer.select("taftan-town")] == ["Taftan"]
    assert all(entry.kind == "crossing" for entry in gazetteer.select("type:crossing"))
    assert all(entry.country == "PK" for entry in gazetteer.select("country:PK"))
    assert gazetteer.select("nowhere") == []


def test_a_wrong_gazetteer_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"mine\.json: not a gazetteer"):
        parse_gazetteer(b'{"entries": [{"id": "x"}]}', "mine.json")
