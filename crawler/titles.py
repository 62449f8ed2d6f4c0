"""The headline of a page, without the site's name."""

from __future__ import annotations

import re

from crawler.jsonld import text_of
from crawler.metadata import PageFacts, site_name
from text.normalise import normalise, words

MAX_CHARS = 300

_SEPARATOR = re.compile(
    r"\s+[|\-–—·•:»«/\\~@]+\s+|\s*[|｜»«]+\s*|\s+::\s*|(?<=[^\x00-\u024f])[_-]{1,2}(?=[^\x00-\u024f])|[:-](?=[^\s:-]+$)(?<=[^\x00-\u024f][:-])"
)
_STRONG = re.compile(r"[|｜_»]|::|--")
"""Separators that headlines themselves do not use: what follows is the site, the section, the site."""
_MIN_HEADLINE_WORDS = 3
_MIN_KEY_CHARS = 12
_HAN = re.compile("[\u3040-\u9fff\uac00-\ud7af]")


def key(text: str) -> str:
    """A text's words, folded, for comparing headlines."""
    return " ".join(words(normalise(text)))


def choose_title(facts: PageFacts, url: str, entry_title: str | None = None) -> str:
    """The page's headline, cleaned of the site's name; empty if there is none.

    A visible headline counts before what the page tells search engines and networks, as long as one of those knows it
    or it is the page's only one. `entry_title` is what the listing called the page.
    """
    article = facts.articles[0] if facts.articles else None
    stated = [
        facts.metas.get("og:title"),
        facts.metas.get("twitter:title") or facts.metas.get("twitter:text:title"),
        text_of(article.get("headline")) if article else None,
        facts.title_tag,
        entry_title,
    ]
    names = _site_names(facts, url)
    others = [clean for text in stated if text and (clean := strip_site(text, names))]
    headlines = [
        text
        for text in (facts.marked_headline, *facts.headlines)
        if text and len(text) <= MAX_CHARS and key(text) not in names
    ]
    found = (
        _confirmed(headlines, others) or _resembling(headlines, others) or _among(facts.subheadings, others)
    )
    if found:
        return found
    if entry_title and key(entry_title):
        return entry_title
    if others:
        return others[0][:MAX_CHARS]
    return headlines[0] if headlines else ""


def _confirmed(headlines: list[str], others: list[str]) -> str | None:
    """A visible headline that the page also states elsewhere, whole or with something around it."""
    keys = [key(text) for text in others]
    for known in (_is_stated, _is_within):
        for heading in headlines:
            if known(key(heading), keys):
                return heading
    for heading in headlines:
        # A kicker inside the headline element: "Tunisia" before "Large tasks for the new government".
        for text, other in zip(others, keys, strict=True):
            if len(other) >= _MIN_KEY_CHARS and key(heading).endswith(f" {other}"):
                return text
    return None


def _resembling(headlines: list[str], others: list[str]) -> str | None:
    """A visible headline of which search engines are told a variant, or that is the page's only one."""
    only = len(set(headlines)) == 1
    others_words = [set(key(text).split()) for text in others]
    for heading in headlines:
        own = set(key(heading).split())
        if len(own) >= _MIN_HEADLINE_WORDS and (
            only or any(len(own & other) >= len(own) / 2 for other in others_words)
        ):
            return heading
    return None


def _among(subheadings: tuple[str, ...], others: list[str]) -> str | None:
    """A lesser heading with which a stated title begins: pages without `<h1>` have their headline there."""
    keys = [key(text) for text in others]
    for heading in subheadings:
        wanted = key(heading)
        if len(wanted) >= 20 and any(other.startswith(wanted) for other in keys):
            return heading
    return None


def _is_stated(wanted: str, keys: list[str]) -> bool:
    return wanted in keys


def _is_within(wanted: str, keys: list[str]) -> bool:
    return len(wanted) >= _MIN_KEY_CHARS and any(wanted in other for other in keys)


def strip_site(text: str, names: frozenset[str]) -> str:
    """A title without the site's name in front or behind (`Gate closed - Dawn.com`), spaces made single."""
    text = " ".join(text.split())
    while True:
        parts = list(_SEPARATOR.finditer(text))
        if not parts:
            return text
        first, last = parts[0], parts[-1]
        front, behind = text[: last.start()].strip(), text[last.end() :]
        if front and (
            key(behind) in names or ((_STRONG.search(last[0]) or _HAN.search(behind)) and _is_headline(front))
        ):
            text = front
        elif key(text[: first.start()]) in names and text[first.end() :].strip():
            text = text[first.end() :].strip()
        else:
            return text


def _is_headline(text: str) -> bool:
    """Whether a text is long enough to be one; in scripts without blanks each character is a word."""
    return len(words(normalise(text))) >= _MIN_HEADLINE_WORDS


def _site_names(facts: PageFacts, url: str) -> frozenset[str]:
    host = re.sub(r"^(?:www|m|amp|mobile)\.", "", url.split("/")[2].lower()) if url.count("/") >= 2 else ""
    labels = host.split(".")
    stem = labels[-2] if len(labels) > 1 else host
    handle = facts.metas.get("twitter:site", "").lstrip("@")
    named = [site_name(facts) or "", host, ".".join(labels[-2:]), stem, handle, f"{stem} news", f"the {stem}"]
    return frozenset(filter(None, map(key, named)))
