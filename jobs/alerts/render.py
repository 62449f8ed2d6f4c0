"""From a payload to the words that a channel carries: templates over views, fitted to the channel's length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.alerts.clean import cut, one_line
from jobs.alerts.digest_view import DIGEST_STEPS, digest_view
from jobs.alerts.templates import BadTemplateError, Template, load_template, shipped
from jobs.alerts.view import ROOMY, STEPS, alert_view, short_title
from jobs.config.channels import Channel

MAX_TITLE = 200
MARGIN = 0.85
"""Services that convert plain text to their markup count the longer form: a sixth is left free for it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel carries, in code points. Without a title (0) the body has to say everything."""

    title: int
    body: int


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads."""

    title: str
    text: str


class Renderer:
    """Renders for one channel, with its templates, language and zone."""

    def __init__(self, channel: Channel, base_dir: Path) -> None:
        self._language, self._timezone = channel.language, channel.timezone
        self._text = _own(channel.template, base_dir, html=False)
        self._html = _own(channel.template_html, base_dir, html=True)

    def message(self, payload: Mapping[str, Any], limits: Limits) -> Message:
        """Title and plain text, the fullest that fits. Never raises for what a payload holds: an operator's template
        that fails on it gives way to the shipped one, with a line that says so."""
        title = short_title(payload, min(MAX_TITLE, limits.title)) if limits.title else ""
        room = int(limits.body * MARGIN) if limits.body < 10_000 else limits.body
        text = ""
        for view in self._views(payload, html=False):
            view["with_title"] = not limits.title
            text = self._render("txt", payload, view)
            if len(text) <= room:
                return Message(title, text)
        return Message(title, _keep_end(text, room))

    def html(self, payload: Mapping[str, Any]) -> str:
        """The HTML of a mail."""
        view = next(self._views(payload, html=True))
        return self._render("html", payload, view)

    def _views(self, payload: Mapping[str, Any], *, html: bool) -> Iterator[dict[str, Any]]:
        kind = payload["kind"]
        if kind in {"digest", "summary"}:
            for room in DIGEST_STEPS:
                yield digest_view(payload, room, language=self._language, timezone=self._timezone, html=html)
        elif kind == "notice":
            yield notice_view(payload)
        else:
            for step in STEPS if not html else (ROOMY,):
                yield alert_view(payload, step, language=self._language, timezone=self._timezone, html=html)

    def _render(self, form: str, payload: Mapping[str, Any], view: dict[str, Any]) -> str:
        name = {"digest": "digest", "summary": "digest", "notice": "notice"}.get(payload["kind"], "alert")
        own = self._html if form == "html" else self._text
        standard = shipped(f"{name}.{form}")
        if own is None or name != "alert":
            return standard.render(view).strip()
        try:
            return own.render(view).strip()
        except BadTemplateError as fault:
            return standard.render(view | {"template_fault": one_line(str(fault), 200)}).strip()


def notice_view(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The view of a notice to the operator."""
    lines = [one_line(line, 500) for line in payload["lines"]]
    return {"title": one_line(payload["title"], 200), "lines": lines, "id": payload["alert_id"]}


def _own(path: Path | None, base_dir: Path, *, html: bool) -> Template | None:
    return None if path is None else load_template(base_dir / path.expanduser(), html=html)


def _keep_end(text: str, room: int) -> str:
    """Cut the middle: links and id stand at the end."""
    if len(text) <= room:
        return text
    ending = text[-min(len(text), max(1, room * 3 // 4)) :]
    ending = ending[ending.find("\n") + 1 :]
    return cut(text, max(0, room - len(ending) - 1)) + "\n" + ending
