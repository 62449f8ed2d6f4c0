"""What the demo prints."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from jobs.cli.demo import has_display
from jobs.demo.session import child_environment
from jobs.demo.show import Show, alert_block, marked_quote, told_once, when
from tests.house.draw_demo import drawing

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TEXT = "Guards fired at the fence near Kuhak."


def alert(**changes: Any) -> dict[str, Any]:
    evidence = {"field": "text", "start": 100, "end": 137, "quote": TEXT, "marks": [[120, 125], [131, 136]]}
    return {
        "title": "Four shot dead",
        "topic": "iran-pakistan-border",
        "source": "courier",
        "source_country": "PK",
        "language": "en",
        "published": "2026-05-04T08:30:00Z",
        "evidence": [evidence],
        "rules": ["a border word"],
        "also_reported_by": [{"source": "wire"}],
        "url": "http://127.0.0.11:1/a",
        **changes,
    }


def test_marks_are_highlighted_or_bracketed() -> None:
    evidence = alert()["evidence"][0]
    assert marked_quote(evidence, styled=False).plain == "Guards fired at the [fence] near [Kuhak]."
    styled = marked_quote(evidence, styled=True)
    assert styled.plain == TEXT
    assert [styled.plain[span.start : span.end] for span in styled.spans] == ["fence", "Kuhak"]


@pytest.mark.parametrize("marks", [[], [[0, 5]], [[130, 500]], [[90, 103], [101, 106]]])
def test_odd_marks_lose_no_text(marks: list[list[int]]) -> None:
    evidence = {**alert()["evidence"][0], "marks": marks}
    assert marked_quote(evidence, styled=True).plain == TEXT


def test_long_quotes_are_cut_around_the_first_mark() -> None:
    quote = "a" * 500 + "BORDER" + "b" * 500
    evidence = {"field": "text", "start": 0, "end": len(quote), "quote": quote, "marks": [[500, 506]]}
    text = marked_quote(evidence, styled=False).plain
    assert "[BORDER]" in text
    assert len(text) < 340
    assert text.startswith("… ")
    assert text.endswith(" …")


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (None, "undated"),
        ("2026-05-03", "2026-05-03"),
        ("2026-05-04T11:30:00Z", "04 May 11:30 UTC, 30 min ago"),
        ("2026-05-04T08:30:00+03:30", "04 May 05:00 UTC, 7 h ago"),
        ("2026-05-04T13:00:00Z", "04 May 13:00 UTC, 0 min ago"),
    ],
)
def test_times_in_words(published: str | None, expected: str) -> None:
    assert when(published, NOW) == expected


def test_alerts_go_to_out_and_the_rest_to_err() -> None:
    out, err = io.StringIO(), io.StringIO()
    show = Show(Console(file=out, width=100), Console(file=err, width=100))
    show.note("began")
    show.busy("working")
    show.alert(alert(), NOW)
    show.busy(None)
    assert "began" in err.getvalue()
    assert "began" not in out.getvalue()
    for part in (
        "ALERT 1",
        "Four shot dead",
        "courier (PK, English)",
        "3 h ago",
        "[fence]",
        "also reported by wire",
        "http://127.0.0.11:1/a",
    ):
        assert part in out.getvalue()


def test_control_characters_of_a_page_do_not_reach_the_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100)
    console.print(alert_block(1, alert(title="a\x1b[2Jb [bold]c[/bold]"), NOW, styled=False))
    assert "\x1b[2J" not in out.getvalue()
    assert "[bold]c[/bold]" in out.getvalue()


def test_the_child_sees_no_proxy_and_no_other_installation() -> None:
    environment = {
        "HTTP_PROXY": "http://p",
        "https_proxy": "x",
        "BORDERWATCH_DATA_DIR": "/srv",
        "PATH": "/bin",
    }
    assert child_environment(environment) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "1"}, "darwin", False),
    ],
)
def test_a_browser_opens_only_where_it_can_be_seen(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_display(environment, platform) is expected


def test_a_story_names_all_its_reports_once() -> None:
    alerts = [alert(article_id=1, story_id=7)]
    articles = [
        {"id": 1, "story_id": 8, "source": "wire", "duplicate_of": None},
        {"id": 2, "story_id": 8, "source": "blog", "duplicate_of": 1},
        {"id": 3, "story_id": 9, "source": "other", "duplicate_of": None},
    ]
    out = io.StringIO()
    Console(file=out, width=100).print(told_once(alerts, articles))
    assert "1  2 reports: wire, blog (copy)" in out.getvalue()
    assert "other" not in out.getvalue()


def test_the_picture_is_the_same_each_time_and_asks_nobody_for_fonts() -> None:
    first = drawing()
    assert first == drawing()
    assert not re.search(r"url\((?!#)|@import|href=", first)
    assert "borderwatch" in first
