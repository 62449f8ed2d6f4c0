"""Verdicts that a page is no article, each with its reason. Conservative: in doubt it is one.

A missed alert costs more than a listing in the database, so a page is turned away only where its own statements
and the text that was found agree. On the corpus, where every page is an article, the rules turn away 0.4 % (six of 1,598).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.jsonld import types_of
from crawler.metadata import PageFacts
from storage.model import Capture, NotAnArticle
from text.normalise import normalise

MIN_TEXT_CHARS = 120
"""Below this there is no sentence to judge: set by judgement, not measured; five corpus pages fall below."""
MIN_FLASH_CHARS = 50
"""On a page that declares itself an article, one sentence is news: the first flash of an event is no longer."""
LINKED_SHARE = 0.6
"""Above this, what was extracted is a list of headlines. Set by judgement; no corpus page is refused by it."""
STUB_CHARS = 600
"""A page that says it is closed to readers and shows less than this shows a teaser."""
VIDEO_CHARS = 500
"""A video page with a longer text than this carries a report of its own."""

_HTML_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain")
_ERROR_TITLE = re.compile(
    r"^(?:error\s*)?(?:40[0-9]|410|50[0-9])\b|\b(?:page|story|article) (?:was )?not found|access denied|forbidden$|just a moment|"
    r"attention required|are you (?:a )?(?:human|robot)|site (?:is )?under maintenance|service unavailable|"
    r"صفحه (?:مورد نظر )?(?:یافت|پیدا) نشد|صفحه موجود نیست|صفحہ (?:نہیں ملا|دستیاب نہیں)|مطلوبہ صفحہ|الصفحه غیر موجوده|"
    r"seite nicht gefunden|page (?:introuvable|non trouvee)|pagina no encontrada|страница не найдена|sayfa bulunamadi"
)  # folded text
_VIDEO_PATH = re.compile(r"/(?:videos?|watch|clips?|film|فیلم|ویدیو|ویدئو|ویڈیو)(?:/|$)", re.IGNORECASE)
_LISTING_PATH = re.compile(
    r"^/?$|^/(?:[a-z]{2}/)?(?:tags?|topics?|categor(?:y|ies)|sections?|archives?|search|authors?|latest|news|stories|trends?)"
    r"(?:/[^/\d-]*)?/?$",
    re.IGNORECASE,
)
_PAYWALL = re.compile(
    r"(?:subscribe|log ?in|sign (?:in|up)|register) (?:now )?(?:to|and) (?:continue|read|keep|unlock|access)|subscribers? only|"
    r"already a subscriber|exclusive(?:ly)? (?:for|to) subscribers|this (?:article|content|story) is (?:only )?(?:available )?(?:for|to) "
    r"(?:subscribers|members)|nur fur abonnenten|jetzt weiterlesen|reserve aux abonnes|"
    r"برای (?:خواندن|مطالعه) (?:ادامه|متن کامل).{0,30}(?:اشتراک|وارد)|مشترکین ویژه"
)  # folded text


def unreadable(capture: Capture) -> NotAnArticle | None:
    """What the response alone rules out: errors, and anything that is not a page."""
    if capture.status >= 400 or capture.status in (204, 205, 304):
        return NotAnArticle("error page", f"HTTP status {capture.status}")
    if 300 <= capture.status < 400:
        return NotAnArticle("redirect", f"HTTP status {capture.status}")
    kind = (capture.header("content-type") or "").split(";", 1)[0].strip().lower()
    if kind and not kind.startswith(_HTML_TYPES):
        return NotAnArticle("not a page", kind)
    if capture.body[:5] == b"%PDF-" or capture.body[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"GIF8"):
        return NotAnArticle("not a page", "binary content")
    if not capture.body.strip():
        return NotAnArticle("empty")
    return None


def not_an_article(
    facts: PageFacts, url: str, title: str, text: str, *, linked_share: float = 0.0, dated: bool = True
) -> NotAnArticle | None:
    """The verdict over a page that was read. `linked_share` is the part of its text whose lines are links."""
    size = len(text)
    if size < 2_000 and _ERROR_TITLE.search(normalise(title)):
        return NotAnArticle("error page", title[:200])
    if size < VIDEO_CHARS and _is_video(facts, url):
        return NotAnArticle("video", f"{size} characters of text beside it")
    if size < STUB_CHARS and _is_closed(facts, text):
        return NotAnArticle("paywall", f"{size} characters open")
    claims = _claims_article(facts)
    listed = _LISTING_PATH.match(_path(url)) is not None
    if not claims and listed and _declares_collection(facts):
        return NotAnArticle("listing", "a page of a collection, by its own words and its address")
    if not claims and linked_share >= LINKED_SHARE and (not dated or listed):
        return NotAnArticle("listing", f"{linked_share:.0%} of the text are links")
    if size < (MIN_FLASH_CHARS if claims else MIN_TEXT_CHARS):
        return NotAnArticle("too short", f"{size} characters of text")
    return None


def _claims_article(facts: PageFacts) -> bool:
    return bool(
        facts.articles
        or facts.metas.get("og:type", "").lower() == "article"
        or facts.metas.get("article:published_time")
    )


def _declares_collection(facts: PageFacts) -> bool:
    """Whether its JSON-LD says so. Alone it proves nothing: 1 article of the corpus's 1,598 says the same."""
    kinds = {kind for node in facts.nodes[:10] for kind in types_of(node)}
    return not kinds.isdisjoint({"CollectionPage", "SearchResultsPage"})


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _is_video(facts: PageFacts, url: str) -> bool:
    if facts.metas.get("og:type", "").lower().startswith("video"):
        return True
    kinds = {kind for node in facts.nodes[:5] for kind in types_of(node)}
    if "VideoObject" in kinds and not facts.articles:
        return True
    return bool(_VIDEO_PATH.search(url))


def _is_closed(facts: PageFacts, text: str) -> bool:
    for node in facts.articles[:1]:
        if str(node.get("isAccessibleForFree")).lower() in ("false", "https://schema.org/false"):
            return True
    if facts.metas.get("article:content_tier", "").lower() in ("locked", "metered"):
        return True
    return bool(_PAYWALL.search(normalise(text)))
