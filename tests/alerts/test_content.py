"""What an alert says, and that nothing of a page can say more: text, HTML, headers, templates, length."""

from __future__ import annotations

import re
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.alerts.clean import cut, defuse, direction, one_line, safe_link
from jobs.alerts.digest import bundle_payload
from jobs.alerts.mail import compose
from jobs.alerts.outbox import AlertPolicy
from jobs.alerts.parcel import Parcel
from jobs.alerts.render import Limits, Renderer
from jobs.alerts.samples import sample_payload, sample_payloads
from jobs.alerts.templates import BadTemplateError, Template, check_templates
from jobs.alerts.terminal import render_alert
from jobs.alerts.view import ROOMY as ROOMY_VIEW
from jobs.alerts.view import alert_view, marked_segments, place_names
from storage.alerts import alert_payload
from storage.database import Database

from .conftest import NOW, Newsroom, channel

HERE = Path()
HOSTILE = sample_payloads()[2]
ROOMY = Limits(title=0, body=100_000)


def payload(**changes: Any) -> dict[str, Any]:
    return {**sample_payload("alert_" + "a" * 32, NOW), "test": False, **changes}


def text_of(content: dict[str, Any], limits: Limits = ROOMY, **options: Any) -> str:
    return Renderer(channel(**options), HERE).message(content, limits).text


def test_text_says_what_where_who_and_why() -> None:
    text = text_of(
        payload(title="مرز بسته شد", language="fa", source="irna", source_country="IR"),
        language="fa",
        timezone="Asia/Tehran",
    )
    assert "\u2068مرز بسته شد\u2069" in text
    assert "*Iran–Pakistan border*" in text
    assert "\u2068irna\u2069 (IR) · published Mon 4 May 2026, 15:30 +0330 (says the feed)" in text
    assert "First seen Mon 4 May 2026" in text
    assert "Places: \u2068تفتان (Taftan)\u2069" in text
    assert "Also reported by: \u2068another sample\u2069 (PK)" in text
    assert "https://example.org/borderwatch-test" in text
    assert text.endswith("alert_" + "a" * 32)


def test_a_title_is_no_quote_of_its_own_where_the_text_has_one() -> None:
    title = {"field": "title", "start": 0, "end": 4, "quote": "Gate shut", "marks": [[0, 4]]}
    text = {"field": "text", "start": 0, "end": 4, "quote": "It was shut", "marks": []}
    assert "Gate" not in text_of(payload(evidence=[title, text]))
    assert "*Gate* shut" in text_of(payload(evidence=[title]))


def test_how_sure_a_date_is() -> None:
    assert "published 2026-05-04 (says the address, no time given)" in text_of(
        payload(published="2026-05-04", published_precision="day", published_source="url")
    )
    assert "date unknown" in text_of(payload(published=None, published_source=None, published_precision=None))


@pytest.mark.parametrize("limit", [160, 280, 500, 1000, 2000, 4096])
@pytest.mark.parametrize("content", [HOSTILE, payload()])
def test_it_fits_the_channel_and_keeps_link_and_id(content: dict[str, Any], limit: int) -> None:
    message = Renderer(channel(), HERE).message(content, Limits(title=60, body=limit))
    assert len(message.text) <= limit
    assert len(message.title) <= 60 + message.title.count("\u2060")
    assert content["alert_id"] in message.text
    if limit >= 280:
        assert content["url"] in message.text


def test_the_fullest_that_fits_is_sent() -> None:
    full, short = text_of(HOSTILE), text_of(HOSTILE, Limits(0, 700))
    assert full.count("“") == 3
    assert short.count("“") == 1


def test_nothing_foreign_breaks_out_of_plain_text() -> None:
    text = text_of(
        payload(
            title="A\r\nB \u202eevil\u202c <!channel> @everyone\x1b[31m\x00 [dawn](http://evil.example) x",
            source="s\n@here",
            url="https://x.example/@everyone",
        )
    )
    assert "\u202e" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    assert not re.search(r"@(everyone|here|channel)", text)
    assert "<!" not in text
    assert "](" not in text
    assert "https://x.example/%40everyone" in text
    assert text.splitlines()[0].startswith("\u2068A B evil")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src"} or name.startswith("on")
        ]


def test_nothing_foreign_breaks_out_of_html() -> None:
    parser = _Tags()
    evil = "<script>alert(1)</script><img src=x onerror=y>\"'>"
    html = Renderer(channel(), HERE).html(
        payload(
            title=evil, source=evil, language='fa" onclick="x', url="javascript:alert(1)", rules=[evil], story_url='https://x/"><b>',
            evidence=[{"field": "text", "start": 0, "end": len(evil), "quote": evil, "marks": [[2, 9]]}],
            also_reported_by=[{"source": evil, "country": "<b>", "url": "data:text/html,x", "copy": False}],
        )
    )  # fmt: skip
    parser.feed(html)
    assert not {"script", "img", "b"} & set(parser.tags)
    assert parser.links == []
    assert "<mark" in html


def test_right_to_left_html() -> None:
    html = Renderer(channel(), HERE).html(payload(title="مرز", language="ur"))
    assert 'dir="rtl" lang="ur"' in html
    assert "<bdi>" in html


@given(st.text(max_size=300))
def test_one_line_is_one_harmless_line(text: str) -> None:
    clean = one_line(text)
    assert len(clean.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", clean)
    assert not re.search(r"@\w|<[!@a-z]", defuse(clean))
    assert one_line(clean) == clean


@given(st.text(max_size=60), st.integers(0, 40))
def test_cut_keeps_the_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit or limit == 0
    if len(text) <= limit:
        assert cut(text, limit) == text


@given(
    st.text(min_size=1, max_size=200),
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 250), st.integers(0, 250)), max_size=4),
    st.integers(20, 100),
)
def test_marks_never_break_a_quote(quote: str, start: int, marks: list[tuple[int, int]], limit: int) -> None:
    evidence = {
        "field": "text",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "marks": [[start + a, start + b] for a, b in marks],
    }
    pieces = marked_segments(evidence, limit)
    assert sum(len(text) for text, _ in pieces) <= limit + 2


@pytest.mark.parametrize(
    ("url", "safe"),
    [("https://a.example/x?y=1", True), ("javascript:alert(1)", False), ("https://a.example/ x", False), ("https://a/\u202ex", False), ('https://a/"x', False), ("HTTPS://a", False), ("", False)],
)  # fmt: skip
def test_safe_link(url: str, safe: bool) -> None:
    assert bool(safe_link(url)) is safe


def test_direction_and_places() -> None:
    assert [direction(language) for language in ("fa", "ur-PK", "en", None)] == ["rtl", "rtl", "ltr", "auto"]
    place = {"name": "Taftan", "names": {"fa": "تفتان", "en": "Taftan"}}
    assert place_names([place], "fa") == ["تفتان (Taftan)"]
    assert place_names([place, place], "en") == ["Taftan"]
    assert place_names([place], "de") == ["Taftan"]


def test_mail_headers_cannot_be_injected() -> None:
    parcel = Parcel("alert_1", "new", payload(), NOW)
    message = compose(
        parcel, title="x\r\nBcc: victim@example.org\n\nbody", text="t", html="<p>h</p>", sender=("a\nb", "a@example.org"), to="b@example.org", channel="desk",
        extra={"X-One": "1\r\nX-Two: 2"},
    )  # fmt: skip
    assert message["Bcc"] is None
    assert message["X-Two"] is None
    assert message["Subject"] == "x Bcc: victim@example.org body"
    again = compose(
        parcel, title="t", text="t", html="", sender=("", "a@example.org"), to="c@example.org", channel="desk"
    )
    assert message["Message-ID"] == again["Message-ID"]
    other = compose(
        parcel,
        title="t",
        text="t",
        html="",
        sender=("", "a@example.org"),
        to="c@example.org",
        channel="night",
    )
    assert message["Message-ID"] != other["Message-ID"]


def test_a_long_title_in_bytes_is_a_valid_subject() -> None:
    message = compose(
        Parcel("alert_1", "new", payload(), NOW), title="خبر " * 1250, text="t", html="h", sender=("", "a@example.org"), to="b@example.org", channel="desk"
    )  # fmt: skip
    raw = message.as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n")) < 998
    assert str(message["Subject"]).endswith("…")


def test_the_stored_payload_is_complete(db: Database, newsroom: Newsroom) -> None:
    names = {"taftan": {"en": "Taftan", "fa": "تفتان"}}
    newsroom.publish(AlertPolicy(), source="irna", country="IR", story=1)
    verdict, article_id, _ = newsroom.publish(AlertPolicy(place_names=names), story=7, source="geo")
    assert verdict.alert_id is not None
    stored = alert_payload(db, verdict.alert_id)
    assert stored is not None
    assert stored["article_id"] == article_id
    assert stored["places"][0]["names"] == names["taftan"]
    assert stored["evidence"][0]["marks"]


TEMPLATES: dict[str, tuple[str | bytes, str | None]] = {
    "good.j2": ("{{ title }} {% for q in quotes %}{{ q.text }}{% endfor %} {{ id }}", None),
    "syntax.j2": ("{% if %}", "line 1"),
    "unknown.j2": ("{{ nosuch }}", "'nosuch' is undefined"),
    "loop.j2": (
        "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
        "runs in circles",
    ),
    "nested.j2": (
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
        "runs in circles",
    ),
    "range.j2": ("{% for a in range(10**9) %}{% endfor %}", "small numbers"),
    "recursion.j2": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself|runs in circles"),
    "grow.j2": (
        "{% set n = namespace(x='xxxxxxxxxx') %}{% for a in range(900) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "memory|more than",
    ),
    "escape.j2": ("{{ ''.__class__.__mro__ }}", "unsafe|undefined"),
    "safe.j2": ("{{ title | safe }}", "No filter named 'safe'"),
    "bytes.j2": (b"\xff\xfe\x00", "UTF-8"),
}


@pytest.mark.parametrize("name", sorted(set(TEMPLATES) - {"grow.j2", "bytes.j2"}))
def test_templates_run_within_limits(name: str) -> None:
    source, expected = TEMPLATES[name]
    assert isinstance(source, str)
    view = alert_view(payload(), ROOMY_VIEW, language="en", timezone="UTC", html=False)
    with nullcontext() if expected is None else pytest.raises(BadTemplateError, match=expected):
        Template(source, name, html=False).render(view)


def test_templates_are_checked_in_a_process_of_their_own(tmp_path: Path) -> None:
    names = ["good.j2", "grow.j2", "bytes.j2"]
    for name in names:
        source = TEMPLATES[name][0]
        (tmp_path / name).write_bytes(source if isinstance(source, bytes) else source.encode())
    faults = check_templates([(tmp_path / name, False) for name in names])
    assert set(faults) == {tmp_path / "grow.j2", tmp_path / "bytes.j2"}
    assert re.search("memory|more than", faults[tmp_path / "grow.j2"])
    assert "UTF-8" in faults[tmp_path / "bytes.j2"]


def test_a_template_that_fails_on_an_article_gives_way(tmp_path: Path) -> None:
    (tmp_path / "own.j2").write_text("{{ title }} in {{ places[0] }} {{ id }}", encoding="utf-8")
    renderer = Renderer(channel(template="own.j2"), tmp_path)
    assert renderer.message(payload(), ROOMY).text.startswith("\u2068TEST: this is")
    fallen = renderer.message(payload(places=[]), ROOMY).text
    assert "(The channel's own template failed: own.j2, line 1" in fallen
    assert "Two trucks" not in fallen
    assert "published" in fallen


def test_a_missing_template_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadTemplateError, match=r"none\.j2: cannot be read"):
        Renderer(channel(template="none.j2"), tmp_path)


def test_html_templates_escape() -> None:
    assert Template("{{ title }}", "x", html=True).render({"title": "<b>"}) == "&lt;b&gt;"
    assert Template("{{ title }}", "x", html=False).render({"title": "<b>"}) == "<b>"


def _digest(count: int) -> dict[str, Any]:
    items = [
        payload(
            alert_id=f"alert_{n:032x}", title=f"Report {n}", places=[] if n % 3 == 0 else payload()["places"]
        )
        for n in range(count)
    ]
    return bundle_payload(
        alert_id="alert_" + "d" * 32, kind="digest", channel="desk", created=NOW, since=None, items=items, days={NOW.date(): 9}, timezone="Asia/Karachi",
        base_url="https://watch.example",
    )  # fmt: skip


def test_a_digest_groups_by_place_and_shows_spikes() -> None:
    text = text_of(_digest(5))
    assert "Border digest of Mon 4 May 2026: 5 alerts" in text
    assert text.index("Taftan") < text.index("No place named")
    assert "▁▁▁▁▁▁▁▁▁▁▁▁▁█  new stories a day" in text
    assert "Unusual: 9 on 2026-05-04" in text
    assert all(f"Report {n}" in text for n in range(5))
    html = Renderer(channel(), HERE).html(_digest(5))
    assert "#c0392b" in html


@pytest.mark.parametrize("limit", [200, 1000, 4096])
def test_a_long_digest_fits(limit: int) -> None:
    text = text_of(_digest(400), Limits(100, limit))
    assert len(text) <= limit
    assert "more, on https://watch.example" in text or limit == 200


@given(title=st.text(max_size=80), source=st.text(max_size=30), quote=st.text(min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_renders_everywhere(title: str, source: str, quote: str) -> None:
    content = payload(
        title=title,
        source=source,
        evidence=[{"field": "text", "start": 0, "end": len(quote), "quote": quote, "marks": [[0, 1]]}],
    )
    renderer = Renderer(channel(), HERE)
    message = renderer.message(content, Limits(80, 1000))
    compose(
        Parcel("a", "new", content, NOW),
        title=message.title,
        text=message.text,
        html=renderer.html(content),
        sender=("", "a@b.example"),
        to="c@d.example",
        channel="x",
    ).as_bytes()
    render_alert(content)
