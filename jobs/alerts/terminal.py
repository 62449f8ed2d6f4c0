"""An alert on the terminal: source, time, and the sentence that proves the match, with the match highlighted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from jobs.alerts.clean import isolate, one_line, safe_link
from jobs.alerts.parcel import SENT, Outcome, Parcel
from jobs.alerts.view import ROOMY, alert_view, marked_segments, telling_evidence


def render_alert(
    payload: Mapping[str, Any], *, language: str = "en", timezone: str = "UTC"
) -> RenderableType:
    """A panel for one alert (or notice, or digest). Foreign text is isolated, so that a right-to-left title does not
    turn its line around, and printed as text: no markup and no control sequence of a page reaches the terminal."""
    if payload["kind"] not in {"new", "update"}:
        return _plain(payload)
    view = alert_view(payload, ROOMY, language=language, timezone=timezone, html=True)
    lines: list[Text] = []
    for evidence in telling_evidence(payload["evidence"])[:2]:
        quote = Text("  ")
        quote.append("\u2068")
        for text, marked in marked_segments(evidence, 400):
            quote.append(text, style="bold black on yellow" if marked else "")
        quote.append("\u2069")
        lines.append(quote)
    where = isolate(view["source"]) + (f" ({view['country']})" if view["country"] else "")
    lines.append(Text(f"{where} · published {view['published']}", style="cyan"))
    if view["places"]:
        lines.append(Text("Places: " + ", ".join(isolate(place) for place in view["places"])))
    if view["also"]:
        more = f" and {view['more_also']} more" if view["more_also"] else ""
        lines.append(
            Text("Also reported by: " + ", ".join(isolate(other["source"]) for other in view["also"]) + more)
        )
    if view["url"]:
        lines.append(Text(view["url"], style="dim"))
    if view["story_url"]:
        lines.append(Text(view["story_url"], style="dim"))
    head = Text("UPDATE  " if payload["kind"] == "update" else "ALERT  ", style="bold red")
    head.append(isolate(view["title"]), style="bold")
    return Panel(Group(*lines), title=head, title_align="left", border_style="red", expand=True)


def _plain(payload: Mapping[str, Any]) -> RenderableType:
    lines = [Text(one_line(line, 400)) for line in payload.get("lines", ())]
    lines += [
        Text(f"- {isolate(one_line(item['title'], 200))}  {safe_link(item['url'])}")
        for item in payload.get("items", ())
    ]
    return Panel(Group(*lines), title=Text(one_line(payload["title"], 200), style="bold"), title_align="left")


class TerminalSender:
    """Prints to the terminal that the program runs in (standard error, unless a console is given)."""

    parallel = 1

    def __init__(self, console: Console, *, language: str, timezone: str) -> None:
        self._console, self._language, self._timezone = console, language, timezone

    async def send(self, parcel: Parcel) -> Outcome:
        rendered = render_alert(parcel.payload, language=self._language, timezone=self._timezone)
        try:
            await asyncio.to_thread(self._console.print, rendered)
        except OSError as fault:
            return Outcome(False, f"the terminal is gone: {fault}")
        return SENT

    async def close(self) -> None:
        """Nothing to let go of."""
