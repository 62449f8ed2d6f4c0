"""What a person sees of the demo: progress on standard error, each alert on standard output with its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from jobs.alerts.clean import many_lines, one_line, safe_link

MARK_STYLE = "bold black on yellow"
MAX_EVIDENCE = 2
MAX_QUOTE_CHARS = 320
"""A quote is a sentence; the rare one that fills the screen is cut around its first mark."""

LANGUAGES = {"en": "English", "fa": "Persian", "ur": "Urdu"}


def marked_quote(evidence: Mapping[str, Any], *, styled: bool) -> Text:
    """The evidence sentence with its marks highlighted, or in brackets where the output knows no styles.

    `marks` are offsets in the field (code points), as are `start` and `end` of the quote.
    """
    quote, start = str(evidence["quote"]), int(evidence["start"])
    marks = sorted(
        (max(int(a) - start, 0), min(int(b) - start, len(quote)))
        for a, b in evidence.get("marks", ())
        if int(a) - start < len(quote) and int(b) > start
    )
    first, last = _window(len(quote), marks)
    text = Text("… " if first else "")
    position = first
    for begin, end in marks:
        if begin < position or end > last:
            continue
        text.append(_harmless(quote[position:begin]))
        words = _harmless(quote[begin:end])
        text.append(words if styled else f"[{words}]", style=MARK_STYLE if styled else "")
        position = end
    text.append(_harmless(quote[position:last]))
    text.append(" …" if last < len(quote) else "")
    return text


def _harmless(text: str) -> str:
    """A piece of a quote without line breaks and what a terminal would obey; blanks at its ends stay."""
    return many_lines(text).replace("\n", " ")


def _window(length: int, marks: list[tuple[int, int]]) -> tuple[int, int]:
    """The part of a quote that is shown: all of it, or about MAX_QUOTE_CHARS around its first mark."""
    if length <= MAX_QUOTE_CHARS:
        return 0, length
    middle = marks[0][0] if marks else 0
    first = max(0, min(middle - MAX_QUOTE_CHARS // 3, length - MAX_QUOTE_CHARS))
    return first, min(length, first + MAX_QUOTE_CHARS)


def when(published: str | None, now: datetime) -> str:
    """A publication time in words: the hour in UTC and how long ago; `undated` without one."""
    if not published:
        return "undated"
    if len(published) == len("2026-01-01"):
        return published
    moment = datetime.fromisoformat(published)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    minutes = max(0, int((now - moment).total_seconds() // 60))
    ago = f"{minutes} min" if minutes < 100 else f"{minutes // 60} h"
    return f"{moment.astimezone(UTC):%d %b %H:%M} UTC, {ago} ago"


def alert_block(number: int, data: Mapping[str, Any], now: datetime, *, styled: bool) -> RenderableType:
    """One alert. No box on the right: terminals that turn Persian and Urdu around would tear it."""
    language = LANGUAGES.get(data.get("language") or "", data.get("language") or "?")
    lines: list[RenderableType] = [Text(one_line(str(data["title"])), style="bold")]
    lines.append(
        Text(
            f"{data['source']} ({data.get('source_country') or '?'}, {language}) · {when(data.get('published'), now)}",
            style="cyan",
        )
    )
    evidence = list(data.get("evidence", ()))
    in_text = [item for item in evidence if item["field"] == "text"]
    shown = in_text[:MAX_EVIDENCE] or evidence[:1]
    lines += [Padding(marked_quote(item, styled=styled), (0, 0, 0, 2), expand=False) for item in shown]
    if rules := data.get("rules"):
        lines.append(Text("why: " + "; ".join(rules[:3]), style="dim"))
    if also := data.get("also_reported_by"):
        lines.append(
            Text("also reported by " + ", ".join(str(report["source"]) for report in also), style="dim")
        )
    lines.append(_address(str(data["url"]), styled=styled))
    head = Rule(Text(f"ALERT {number} · {data['topic']}", style="bold red"), align="left", style="red")
    return Group(head, *lines, Text())


def _address(url: str, *, styled: bool) -> Text:
    """The address on one line: cut at the edge of a terminal, which can still follow it, and whole elsewhere."""
    link = safe_link(url)
    style = Style(dim=True, link=link or None) if styled else Style()
    return Text(link or one_line(url), style=style, no_wrap=True, overflow="ellipsis" if styled else "ignore")


def opening(sites: int, articles: int, example: str) -> Text:
    """The first line of a sitting."""
    return Text(
        f"A newsroom of {sites} publishers with {articles} articles is open on this machine, for example {example}/"
    )


def told_once(alerts: Sequence[Mapping[str, Any]], articles: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Who reported each alerted story, copies marked: a story counts once, however many tell it.

    `articles` are rows of `articles export`; an alert belongs to the story that its article is in now.
    """
    story_of = {article["id"]: article["story_id"] for article in articles}
    lines = []
    for number, data in enumerate(alerts, 1):
        story = story_of.get(data["article_id"], data["story_id"])
        reports = [article for article in articles if article["story_id"] == story]
        names = [f"{report['source']}{' (copy)' if report['duplicate_of'] else ''}" for report in reports]
        told = ", ".join(dict.fromkeys(names))
        lines.append(
            Text(
                f"  {number}  {len(reports)} {'report' if len(reports) == 1 else 'reports'}: {told}",
                style="dim",
            )
        )
    return Group(Text("Each story was told once. It is reported by", style="bold"), *lines)


def summary(counts: Mapping[str, Any], alerts: int, pages: int, seconds: float) -> Text:
    """The last line of a pass."""
    text = Text()
    text.append(f"{alerts} alerts", style="bold")
    text.append(
        f" from {counts.get('articles_new', 0)} articles ({counts.get('duplicates', 0)} of them copies, "
        f"{counts.get('stories_new', 0)} stories, {counts.get('matches_new', 0)} mention the border); "
        f"{pages} requests in {seconds:.0f} s."
    )
    return text


class Show:
    """Prints what happens. `out` is for alerts, `err` for everything else."""

    def __init__(self, out: Console, err: Console, *, quiet_alerts: bool = False) -> None:
        self.out, self.err = out, err
        self.quiet_alerts = quiet_alerts
        self.alerts: list[dict[str, Any]] = []
        self._status = err.status("") if err.is_terminal else None

    def note(self, message: str | Text) -> None:
        """Say one thing about the progress."""
        self.err.print(message, highlight=False)

    def alert(self, data: dict[str, Any], now: datetime) -> None:
        """Show one alert; with `quiet_alerts` it is only collected."""
        self.alerts.append(data)
        if not self.quiet_alerts:
            self.busy(None)  # the moving line would stand in the way where both streams are one terminal
            self.out.print(alert_block(len(self.alerts), data, now, styled=self.out.is_terminal))

    def result(self, part: RenderableType) -> None:
        """Print something to standard output that is no alert; nothing with `quiet_alerts`."""
        if not self.quiet_alerts:
            self.out.print(part, highlight=False)

    def busy(self, message: str | None) -> None:
        """The moving line at the bottom, where standard error is a terminal; None takes it away."""
        if self._status is None:
            return
        if message is None:
            self._status.stop()
        else:
            self._status.update(message)
            self._status.start()
