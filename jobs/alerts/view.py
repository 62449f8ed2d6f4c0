"""What templates see: an alert's payload as prepared, harmless text of a chosen length. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jobs.alerts.clean import cut, defuse, direction, isolate, one_line, safe_link

_LOUD = re.compile(r"@(everyone|here|channel|all|room)\b", re.IGNORECASE)
PROVENANCE = {
    "json-ld": "says the page's data", "meta": "says the page's data", "time-tag": "says the page", "url": "says the address",
    "text": "says the text", "feed": "says the feed", "sitemap": "says the sitemap", "listing": "says the listing",
    "telegram": "says Telegram", "archive": "says the archive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Room:
    """How much an alert may say: code points of the title and of each quote, and how many of each list."""

    title: int
    quotes: int
    quote: int
    places: int
    also: int
    rules: int


ROOMY = Room(title=500, quotes=3, quote=700, places=8, also=12, rules=6)
STEPS = (
    ROOMY,
    Room(300, 2, 400, 5, 6, 2),
    Room(200, 1, 280, 3, 3, 0),
    Room(140, 1, 140, 2, 0, 0),
    Room(90, 1, 60, 0, 0, 0),
    Room(60, 0, 0, 0, 0, 0),
)
"""From all to almost nothing; the first that fits the channel is sent."""


def alert_view(
    payload: Mapping[str, Any], room: Room, *, language: str, timezone: str, html: bool
) -> dict[str, Any]:
    """The view of one alert. In plain text every foreign string is isolated and its mentions are defused."""
    say = _plain_html if html else _plain_text
    zone = ZoneInfo(timezone)
    also = payload["also_reported_by"]
    title = one_line(payload["title"], room.title)
    quotes = telling_evidence(payload["evidence"])
    return {
        "kind": payload["kind"],
        "test": bool(payload.get("test")),
        "update": {
            "confirmed": "now reported by several independent sources",
            "grown": "now reported by many",
        }.get(payload.get("reason", ""), ""),
        "topic": say(one_line(payload["topic"], 80)),
        "title": say(title),
        "title_dir": direction(payload["language"]),
        "lang": one_line(payload["language"] or "", 12),
        "source": say(one_line(payload["source"], 80)),
        "country": one_line(payload["source_country"] or "", 2),
        "published": published_text(payload, zone),
        "first_seen": moment_text(payload["first_seen"], zone),
        "quotes": [_quote(evidence, room.quote, html=html) for evidence in quotes[: room.quotes]],
        "more_quotes": max(0, len(quotes) - room.quotes) if room.quotes else 0,
        "places": [say(place) for place in place_names(payload["places"], language)[: room.places]],
        "also": [_other(report, say) for report in also[: room.also]],
        "more_also": max(0, len(also) - room.also),
        "rules": [say(one_line(rule, 160)) for rule in payload["rules"][: room.rules]],
        "url": safe_link(payload["url"]) if html else calm_link(safe_link(payload["url"])),
        "story_url": safe_link(payload.get("story_url") or ""),
        "id": payload["alert_id"],
    }


def telling_evidence(evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The quotes worth showing under a title: those of the text; the title itself only where there is nothing else."""
    return [item for item in evidence if item["field"] == "text"] or list(evidence)


def calm_link(url: str) -> str:
    """An address without a mention that Discord or Slack would act on (`/@everyone`); it leads to the same place."""
    return _LOUD.sub(r"%40\1", url)


def _plain_text(text: str) -> str:
    return isolate(defuse(text))


def _plain_html(text: str) -> str:
    return text


def published_text(payload: Mapping[str, Any], zone: ZoneInfo) -> str:
    """When it was published, with how that is known."""
    if not payload["published"]:
        return "date unknown"
    source = PROVENANCE.get(payload["published_source"] or "", "source of the date unknown")
    if payload["published_precision"] == "day":
        return f"{payload['published']} ({source}, no time given)"
    return f"{moment_text(payload['published'], zone)} ({source})"


def moment_text(iso: str, zone: ZoneInfo) -> str:
    """A moment on the reader's clock: `Sun 3 May 2026, 14:20 PKT`."""
    local = datetime.fromisoformat(iso).astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def place_names(places: Iterable[Mapping[str, Any]], language: str) -> list[str]:
    """Each place in the reader's language, with the name that the article used beside it."""
    found = []
    for place in places:
        used, known = one_line(place["name"], 60), one_line(place.get("names", {}).get(language, ""), 60)
        found.append(f"{known} ({used})" if known and known.casefold() != used.casefold() else used)
    return list(dict.fromkeys(found))


def _other(report: Mapping[str, Any], say: Any) -> dict[str, str]:
    return {
        "source": say(one_line(report["source"], 60)),
        "country": one_line(report.get("country") or "", 2),
        "url": safe_link(report["url"]),
        "note": "a copy" if report.get("copy") else "",
    }


def _quote(evidence: Mapping[str, Any], limit: int, *, html: bool) -> dict[str, Any]:
    segments = marked_segments(evidence, limit)
    plain = "".join(f"*{text}*" if marked else text for text, marked in segments)
    return {
        "field": evidence["field"],
        "segments": [{"text": text, "marked": marked} for text, marked in segments],
        "text": plain if html else isolate(defuse(plain)),
    }


def marked_segments(evidence: Mapping[str, Any], limit: int) -> list[tuple[str, bool]]:
    """The quote in pieces, matched words marked; around the first mark where it is longer than `limit`."""
    quote, start = evidence["quote"], evidence["start"]
    marks = sorted((max(0, a - start), min(len(quote), b - start)) for a, b in evidence.get("marks", ()))
    begin, end = _window(len(quote), marks[0] if marks else (0, 0), limit)
    pieces: list[tuple[str, bool]] = [("…", False)] if begin > 0 else []
    at = begin
    for left, right in marks:
        left, right = max(left, at), min(right, end)  # noqa: PLW2901 - clipped to what is shown
        if left >= right:
            continue
        pieces += [(_flat(quote[at:left]), False), (_flat(quote[left:right]), True)]
        at = right
    pieces.append((_flat(quote[at:end]), False))
    if end < len(quote):
        pieces.append(("…", False))
    return [(text, marked) for text, marked in pieces if text]


def _window(length: int, mark: tuple[int, int], limit: int) -> tuple[int, int]:
    if length <= limit:
        return 0, length
    begin = max(0, min(mark[0] - limit // 3, length - limit))
    return begin, begin + limit


def _flat(text: str) -> str:
    """One line, with the blanks at its ends kept as one: pieces are joined again."""
    flat = one_line(text)
    if not flat:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + flat + (" " if text[-1].isspace() else "")


def short_title(payload: Mapping[str, Any], limit: int) -> str:
    """A subject line: one line, no tricks."""
    prefix = "Update: " if payload["kind"] == "update" else ""
    return defuse(cut(prefix + one_line(payload["title"]), limit))
