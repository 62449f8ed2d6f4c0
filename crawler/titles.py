"""The headline of a page, without the site's name."""

from __future__ import annotations

import re

from crawler.jsonld import text_of
from crawler.metadata import PageFacts, site_name
from text.normalise import normalise, words

MAX_CHARS = 300

_SEPARATOR = re.compile(r"\s+[|\-–—·•:»«/\\~]+\s+|\s*[|｜_»«]\s*|\s+::\s+")


def key(text: str) -> str:
    """A text's words, folded, for comparing headlines."""
    return " ".join(words(normalise(text)))


def choose_title(facts: PageFacts, url: str, entry_title: str | None = None) -> str:
    """The page's headline: what most of its sources agree on, cleaned of the site's name; empty if there is none.

    `entry_title` is what the listing called the page.
    """
    article = facts.articles[0] if facts.articles else None
    stated = [
        facts.metas.get("og:title"),
        facts.metas.get("twitter:title") or facts.metas.get("twitter:text:title"),
        text_of(article.get("headline")) if article else None,
        facts.title_tag,
    ]
    names = _site_names(facts, url)
    others = [clean for text in stated if text and (clean := strip_site(text, names))]
    keys = [key(text) for text in others]
    for heading in (facts.marked_headline, *facts.headlines):
        if not heading or len(heading) > MAX_CHARS:
            continue
        wanted = key(heading)
        if wanted and any(wanted == other or (len(wanted) >= 12 and wanted in other) for other in keys):
            return heading
    if entry_title and key(entry_title):
        return entry_title
    if others:
        return others[0][:MAX_CHARS]
    return facts.headlines[0][:MAX_CHARS] if facts.headlines else ""


def strip_site(text: str, names: frozenset[str]) -> str:
    """A title without the site's name in front or behind (`Gate closed - Dawn.com`), spaces made single."""
    text = " ".join(text.split())
    while True:
        parts = list(_SEPARATOR.finditer(text))
        if not parts:
            return text
        first, last = parts[0], parts[-1]
        if key(text[last.end() :]) in names and text[: last.start()].strip():
            text = text[: last.start()].strip()
        elif key(text[: first.start()]) in names and text[first.end() :].strip():
            text = text[first.end() :].strip()
        else:
            return text


def _site_names(facts: PageFacts, url: str) -> frozenset[str]:
    host = re.sub(r"^(?:www|m|amp|mobile)\.", "", url.split("/")[2].lower()) if url.count("/") >= 2 else ""
    named = [
        site_name(facts) or "",
        host,
        host.rsplit(".", 1)[0],
        facts.metas.get("twitter:site", "").lstrip("@"),
    ]
    return frozenset(filter(None, map(key, named)))
