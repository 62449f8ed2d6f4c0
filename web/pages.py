"""From data to a page: the template environment, its filters, and the pages that say what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from storage.database import stamp as as_stamp
from storage.model import Evidence
from web.assets import Asset, asset_url
from web.marks import Piece, clean, quote_pieces
from web.params import link
from web.site import site_of, visitor_of

TEMPLATES = Path(__file__).parent / "templates"
NAVIGATION = (
    ("/", "Now", "n"), ("/map", "Map", "m"), ("/timeline", "Timeline", "t"), ("/search", "Search", "s"),
    ("/sources", "Sources", "c"), ("/alerts", "Alerts", "a"), ("/topics", "Topics", "p"),
)  # fmt: skip
LANGUAGES = {
    "ar": "Arabic", "bal": "Balochi", "de": "German", "en": "English", "es": "Spanish", "fa": "Persian", "fr": "French", "hi": "Hindi", "ku": "Kurdish",
    "ps": "Pashto", "ru": "Russian", "sd": "Sindhi", "tr": "Turkish", "ur": "Urdu", "zh": "Chinese",
}  # fmt: skip
COUNTRIES = {
    "AE": "UAE", "AF": "Afghanistan", "CN": "China", "DE": "Germany", "FR": "France", "GB": "United Kingdom", "IL": "Israel", "IN": "India", "IQ": "Iraq",
    "IR": "Iran", "OM": "Oman", "PK": "Pakistan", "QA": "Qatar", "RU": "Russia", "SA": "Saudi Arabia", "TR": "Türkiye", "US": "United States",
}  # fmt: skip
DATE_SOURCES = {
    "json-ld": "structured data of the page", "meta": "meta tag of the page", "time-tag": "time element of the page", "url": "address of the page",
    "text": "text of the page", "feed": "feed that lists it", "sitemap": "sitemap that lists it", "listing": "page that lists it",
    "telegram": "time of the message", "archive": "header of the archived answer",
}  # fmt: skip


def make_environment(assets: Mapping[str, Asset], zone: ZoneInfo) -> jinja2.Environment:
    """The templates, everything escaped, unknown names an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "quote_pieces": _quote,
        "navigation": NAVIGATION,
        "link": link,
        "asset": lambda name: asset_url(assets, name),
        "htmx_settings": HTMX_SETTINGS,
    }
    environment.filters |= {
        "clean": clean,
        "when": lambda stamp, tag="": when(stamp, zone, tag),
        "day_name": day_name,
        "language": lambda code: LANGUAGES.get(code, code),
        "country": lambda code: COUNTRIES.get(code, code),
        "date_source": lambda name: DATE_SOURCES.get(name, name),
        "web_link": web_link,
        "host": lambda url: urlsplit(url).hostname or url,
        "number": lambda value: f"{value:,}".replace(",", "\u202f"),
        "tojson_text": lambda value: json.dumps(value, ensure_ascii=False),
        "span": span,
    }
    return environment


HTMX_SETTINGS = json.dumps({
    "includeIndicatorStyles": False, "allowEval": False, "allowScriptTags": False, "selfRequestsOnly": True, "historyCacheSize": 0,
    "refreshOnHistoryMiss": True, "scrollIntoViewOnBoost": False, "defaultSettleDelay": 0,
})  # fmt: skip
"""Strict: no inline style, no eval, no script in an answer, no other host; history is asked from the server."""


def _quote(evidence: Evidence) -> list[Piece]:
    return quote_pieces(evidence.quote, evidence.start, evidence.marks)


def when(stamp: str | None, zone: ZoneInfo, kind: str = "") -> Markup:
    """A stored stamp as a time element: the desk's zone here, relative and in the reader's zone by script."""
    if not stamp:
        return Markup("–")
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if kind == "day" or len(stamp) == 10:  # only the day is known: it is nobody's local time
        return Markup('<time datetime="{}" data-when="day" title="{}">{}</time>').format(
            f"{moment:%Y-%m-%d}", "the day is all that is known", f"{moment.day} {moment:%b %Y}"
        )
    local = moment.astimezone(zone)
    text = local.strftime("%H:%M") if kind == "clock" else f"{local.day} {local:%b %H:%M}"
    return Markup('<time datetime="{}" data-when="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind or "relative",
        f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} ({zone.key})",
        text,
    )


def day_name(day: Any, today: Any) -> str:
    """`Today`, `Yesterday`, or the weekday with the date."""
    ago = (today - day).days
    if ago in {0, 1}:
        return ("Today", "Yesterday")[ago]
    return f"{day:%A} {day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def web_link(url: str) -> str | None:
    """The address where it is one that a link may carry; None for `javascript:` and the like, which show as text."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


def span(seconds: float | None) -> str:
    """A length of time in the largest unit that fits."""
    if seconds is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            value = seconds / size
            return f"{value:.1f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{seconds:.0f} s"


def render(
    request: Request,
    template_name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page of ours with what every page needs."""
    site = site_of(request)
    visitor = visitor_of(request)
    can_act = site.actions is not None and visitor is not None and visitor.may("editor")
    template = site.templates.get_template(template_name)
    html = template.render(
        title=site.options.title, path=request.url.path, query=dict(request.query_params), visitor=visitor, can_act=can_act,
        can_run=can_act and visitor is not None and visitor.may("admin"), read_only=site.actions is None,
        now_stamp=as_stamp(site.clock()), zone_name=site.zone.key, **context,
    )  # fmt: skip
    return HTMLResponse(html, status, headers=dict(headers or {}))


def problem(request: Request, status: int, heading: str, text: str) -> Response:
    """A page that says what is wrong and how to get on; a fragment's answer is the sentence alone."""
    if request.headers.get("hx-request"):
        return HTMLResponse(
            escape(text), status, headers={"X-Message": text.encode("ascii", "replace").decode()}
        )
    return render(request, "problem.html", status=status, heading=heading, text=text, page="")


def is_program(request: Request) -> bool:
    """Whether a program asks, which wants JSON."""
    return request.url.path.startswith(("/api/", "/feeds/", "/health"))


def unreadable(request: Request, fault: Exception) -> Response:
    """A missing, locked or damaged database: the page that says so."""
    if is_program(request):
        return JSONResponse({"detail": str(fault)}, 503)
    return problem(request, 503, "The news cannot be read just now", str(fault))
