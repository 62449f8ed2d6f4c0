"""`make docs-demo` draws docs/demo.svg: what the terminal demo shows, the same on every machine.

The articles, the topic and the words of the show are the real ones; only time and addresses are fixed.
"""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from jobs.alerts.content import build_payload
from jobs.config.models import SourceOptions
from jobs.demo.articles import Article, Site, dated, demo_files, load, with_copied_text
from jobs.demo.pages import SOURCE_KEYS, article_path
from jobs.demo.show import alert_block, opening, summary, told_once
from jobs.topics.loader import load_topics
from jobs.topics.match import match_article
from storage.model import Article as StoredArticle
from storage.model import Published

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "demo.svg"
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
WIDTH = 112
SHOWN = ("indus-wire/saravan-strike", "zahedan-khabar/pishin-market", "subh-makran/tel-bardar")
COUNTS = {"articles_new": 51, "duplicates": 3, "stories_new": 35, "matches_new": 24}
"""The counts of a run of `borderwatch demo --once`."""
_RTL = re.compile("[\u0600-\u06ff]")
_NEUTRAL = " .:!,"
_REMOTE_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def payload(article: Article, site: Site) -> dict[str, Any]:
    """The alert of one article, as the outbox would store it."""
    assert article.published is not None
    base = f"http://127.0.0.11:8000{article_path(article, site)}"
    options = SourceOptions.model_validate(
        {
            "name": site.name,
            SOURCE_KEYS[site.listing]: "http://127.0.0.11:8000/",
            "country": site.country,
            "language": site.language,
        }
    )
    stored = StoredArticle(
        url=base,
        canonical_url=base,
        title=article.title,
        text="\n".join(article.paragraphs),
        published=Published(article.published, "feed"),
        language=site.language,
    )
    topics = load_topics(["presets:iran-pakistan-border"], ROOT)
    (match,) = match_article(stored.title, stored.text, site.language, topics)
    return build_payload(
        alert_id="alert_0",
        kind="new",
        created=NOW,
        article_id=1,
        story_id=1,
        article=stored,
        source=options.source(),
        first_seen=NOW,
        match=match,
        also=(),
        place_names={},
        base_url=None,
    )


def reports() -> list[dict[str, Any]]:
    """Who reports what, by the newsroom's truth, in the form of `articles export`."""
    truth = json.loads((demo_files() / "truth.json").read_text(encoding="utf-8"))
    return [
        {
            "id": key,
            "story_id": row["story"],
            "source": key.split("/")[0],
            "duplicate_of": row.get("same_text_as"),
        }
        for key, row in truth.items()
        if row["alert"]
    ]


def as_read(part: RenderableType, console: Console) -> RenderableType:
    """A quote as a terminal that knows right-to-left scripts shows it.

    The SVG places each piece of a line by itself and from the left, so the pieces of a Persian line are turned round,
    and so are the blanks and full stops at the ends of each, which have no direction of their own.
    """
    if not isinstance(part, Padding) or not isinstance(part.renderable, Text):
        return part
    if not _RTL.search(part.renderable.plain[:20]):
        return part
    lines = part.renderable.wrap(console, WIDTH - 4)
    turned = Text("\n").join(
        Text.assemble(*((_ends_swapped(s.text), s.style or "") for s in reversed(list(line.render(console)))))
        for line in lines
    )
    return Padding(turned, (0, 0, 0, part.left), expand=False)


def _ends_swapped(text: str) -> str:
    core = text.strip(_NEUTRAL)
    if not core:
        return text[::-1]
    begin = text.index(core)
    return text[begin + len(core) :][::-1] + core + text[:begin][::-1]


def drawing() -> str:
    """The picture as SVG."""
    sites, loaded = load()
    articles = {a.key: dated(a, sites[a.site], NOW) for a in loaded if a.live is None}
    articles = {key: with_copied_text(article, articles) for key, article in articles.items()}
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        _environ={},
    )
    console.print("[bold]$[/bold] borderwatch demo --once", highlight=False)
    console.print(opening(len(sites), len(articles), "http://127.0.0.11:8000"), highlight=False)
    console.print()
    for number, key in enumerate(SHOWN, 1):
        article = articles[key]
        block = alert_block(number, payload(article, sites[article.site]), NOW, styled=True)
        assert isinstance(block, Group)
        console.print(Group(*(as_read(part, console) for part in block.renderables)))
    console.print("[dim]…[/dim]")
    console.print(summary(COUNTS, 6, 78, 5.0), highlight=False)
    console.print(
        told_once([{"article_id": key, "story_id": None} for key in SHOWN], reports()), highlight=False
    )
    svg = console.export_svg(title="borderwatch demo --once", unique_id="demo")
    return _REMOTE_FONTS.sub("", svg).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(drawing(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} is drawn.\n")
