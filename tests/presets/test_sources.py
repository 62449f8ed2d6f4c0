"""The shipped sources: they load, they are many, and each says what a person needs to know of it."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs.config.models import SourceFile

FOLDER = Path(str(files("presets"))) / "sources"
LISTS = {"iran": 30, "pakistan": 30, "baloch": 10, "region": 20, "world": 20}


def load(name: str) -> SourceFile:
    return SourceFile.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(LISTS))
def test_each_list_has_its_shape(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert "borderwatch sources check --all" in text
    assert f'sources = ["presets:{name}"]' in text
    records = [options.source() for options in load(name).sources]
    assert len(records) >= LISTS[name]
    for source in records:
        assert source.country, source.name
        assert source.language, source.name
        assert source.notes.endswith((".", ").")), source.name
        assert source.folder == name
        assert ZoneInfo(source.timezone or "")
        assert source.url.startswith("https://"), source.name
        assert " " not in source.url


def test_names_and_addresses_are_unique_and_at_least_eighty() -> None:
    records = [options.source() for name in LISTS for options in load(name).sources]
    assert len(records) >= 80
    for what in ("name", "url"):
        twice = [
            value
            for value, count in Counter(getattr(source, what) for source in records).items()
            if count > 1
        ]
        assert twice == []


def test_the_languages_and_countries_of_the_border_are_there() -> None:
    records = [options.source() for name in LISTS for options in load(name).sources]
    languages = Counter(source.language for source in records)
    countries = Counter(source.country for source in records)
    assert min(languages["fa"], languages["ur"], languages["en"]) >= 10
    assert min(countries["IR"], countries["PK"]) >= 30
    assert {source.kind for source in records} == {"feed", "sitemap", "section", "telegram"}
