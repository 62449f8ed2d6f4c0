"""OPML from and to other readers, hostile files among them."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.config.models import SourceFile
from jobs.opml import OpmlError, read_opml, source_toml, to_toml, write_opml
from storage.model import Source

EXAMPLE = b"""<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head><title>mine</title></head><body>
<outline text="Iran"><outline text="Persian"><outline type="rss" text="IRNA" xmlUrl="https://www.irna.ir/rss" language="fa"/></outline>
<outline type="rss" title="Tehran &amp; Times" xmlurl="https://www.tehrantimes.com/rss"/></outline>
<outline type="rss" text="Dawn" xmlUrl="feed://www.dawn.com/feeds/home" category="/Pakistan"/>
<outline type="rss" text="Haalvsh" xmlUrl="https://t.me/s/haalvsh"/>
<outline type="rss" text="twice" xmlUrl="https://www.irna.ir/rss"/>
<outline type="rss" text="evil" xmlUrl="javascript:alert(1)"/><outline type="rss" text="local" xmlUrl="file:///etc/passwd"/>
<outline text="Dawn" type="rss" xmlUrl="https://other.example/feed"/></body></opml>"""


def test_folders_names_and_kinds() -> None:
    found = read_opml(EXAMPLE, taken=["IRNA"])
    assert [(source.name, source.kind, source.url, source.folder) for source in found.sources] == [
        ("IRNA 2", "feed", "https://www.irna.ir/rss", "Iran / Persian"),
        ("Tehran & Times", "feed", "https://www.tehrantimes.com/rss", "Iran"),
        ("Dawn", "feed", "https://www.dawn.com/feeds/home", "Pakistan"),
        ("Haalvsh", "telegram", "https://t.me/s/haalvsh", None),
        ("Dawn 2", "feed", "https://other.example/feed", None),
    ]
    assert found.sources[0].language == "fa"
    assert found.problems == (
        "“evil” was left out: 'javascript:alert(1)' is no address that can be fetched.",
        "“local” was left out: 'file:///etc/passwd' is no address that can be fetched.",
    )


def test_out_and_in_again() -> None:
    sources = (
        Source(
            "a",
            "feed",
            "https://a.example/feed?x=1&y=2",
            country="PK",
            language="ur",
            folder="Pakistan",
            notes='says "hello"',
        ),
        Source("b", "sitemap", "https://b.example/news.xml", folder="Pakistan"),
        Source("c", "section", "https://c.example/<x>"),
        Source("d", "telegram", "https://t.me/s/haalvsh", folder="Baloch", full_text=True),
    )
    again = read_opml(write_opml(sources).encode())
    assert sorted(again.sources, key=lambda source: source.name) == list(sources)
    assert again.problems == ()


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"\xff\xfe\x00", b"not xml", b"x" * (10 * 1024 * 1024 + 1)]
)
def test_what_is_no_opml(body: bytes) -> None:
    with pytest.raises(OpmlError):
        read_opml(body)


def test_entities_are_never_expanded() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = (
        f'<!DOCTYPE opml [<!ENTITY l0 "lol"><!ENTITY x SYSTEM "file:///etc/passwd">{layers}]>'.encode()
        + EXAMPLE.split(b"?>", 1)[1].replace(b"IRNA", b"&l11;&x;IRNA")
    )
    found = read_opml(body)
    assert found.sources[0].name == "IRNA"


def test_toml_to_paste_is_valid_configuration() -> None:
    sources = (
        Source(
            'q"uote',
            "feed",
            "https://a.example/\\x",
            notes="line\nbreak",
            timezone="Asia/Karachi",
            rank=70,
            min_interval_s=600.0,
        ),
        Source("d", "telegram", "https://t.me/s/haalvsh", full_text=True),
    )
    loaded = tomllib.loads(to_toml(sources))["sources"]
    assert loaded[0] == {
        "name": 'q"uote',
        "feed": "https://a.example/\\x",
        "notes": "line\nbreak",
        "timezone": "Asia/Karachi",
        "rank": 70,
        "min_interval": "600s",
    }
    named = SourceFile.model_validate({"sources": [loaded[1]]}).sources[0].source()
    assert named == sources[1]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_words_survive_toml(name: str, notes: str) -> None:
    source = replace(Source("x", "feed", "https://a.example/"), name=name, notes=notes)
    loaded = tomllib.loads(source_toml(source))["sources"][0]
    assert loaded["name"] == name
    assert loaded.get("notes", "") == notes
