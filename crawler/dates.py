"""The date of first publication, with its provenance.

Candidates come from what the page states for machines (JSON-LD, meta, marked elements), from its address, from its
visible text, and from the listing that named it. The first kind that gives a plausible date wins; others only
correct it: a day in the address or in print settles which local day a time in UTC belongs to. A footer's
copyright year is no date here, because a date needs a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml.etree import XPath
from lxml.html import HtmlElement

from crawler.datewords import Stamp, find_stamps, parse_stamp
from crawler.jsonld import text_of
from crawler.metadata import PageFacts
from crawler.tree import visible_text
from crawler.urls import host_of
from storage.model import Entry, Published
from text.normalise import normalise

_META_PUBLISHED = (
    "article:published_time", "og:article:published_time", "article.published", "datepublished", "publishdate",
    "publish-date", "publish_date", "published_date", "publication_date", "published_time", "pubdate", "cxenseparse:recs:publishtime",
    "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "dc.created", "parsely-pub-date", "sailthru.date",
    "rnews:datepublished", "article_date_original", "originalpublicationdate", "article.created", "date_published",
    "og:published_time", "og:pubdate", "ptime", "displaydate", "article:published", "shareaholic:article_published_time",
    "mrc__pubdate", "datecreated", "created", "release_date", "og:release_date", "dc.date", "date", "dcterms.date", "article_date",
    "pub_date", "issue_date", "timestamp",
)  # fmt: skip
_META_MODIFIED = (
    "article:modified_time", "og:updated_time", "og:article:modified_time", "datemodified", "last-modified", "lastmod",
    "dcterms.modified", "article.updated", "revised", "updated_time",
)  # fmt: skip
_URL_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_.-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_URL_JALALI = re.compile(r"(?<!\d)(1[34]\d\d)([/_.-])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_DATE_HINT = re.compile(
    r"date|time|publi|posted|byline|meta|info|dateline|stamp|created|tarikh|datum|fecha", re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|footer|recommend|latest|trending|popular|widget|teaser|promo|disqus|breadcrumb|archive|calendar|"
    r"recent|most-?read|more-|copyright|weather",
    re.IGNORECASE,
)
_QUICK = re.compile(r"\d{4}|\d[./]\d\d?[./]\d\d|[۰-۹٠-٩]{4}")
_MARKED = XPath(
    './/*[@pubdate or contains(@itemprop, "datePublished") or contains(@property, "datePublished")'
    ' or contains(@itemprop, "dateCreated") or contains(@property, "dateCreated")]'
)
_META_LIKE = re.compile(
    r"(?:^|[.:_-])(?:(?:date)?[._-]?publish(?:ed)?(?:[._-]?(?:date|time|on|at))+|pub[._-]?date|creation[._-]?date)$"
)
_SILENT = frozenset({"script", "style", "noscript", "option", "select", "template", "title"})
_MAX_TEXT_CHARS = 200
"""A longer run of text is a paragraph: dates in it are of what it tells, not of the page."""

_ZONES_BY_TLD = {
    "pk": "Asia/Karachi", "ir": "Asia/Tehran", "af": "Asia/Kabul", "in": "Asia/Kolkata", "de": "Europe/Berlin", "at": "Europe/Vienna",
    "ch": "Europe/Zurich", "fr": "Europe/Paris", "it": "Europe/Rome", "es": "Europe/Madrid", "pl": "Europe/Warsaw", "cz": "Europe/Prague",
    "gr": "Europe/Athens", "tr": "Europe/Istanbul", "jp": "Asia/Tokyo", "kr": "Asia/Seoul", "cn": "Asia/Shanghai", "uk": "Europe/London",
    "ae": "Asia/Dubai", "om": "Asia/Muscat", "qa": "Asia/Qatar", "sa": "Asia/Riyadh", "iq": "Asia/Baghdad", "tj": "Asia/Dushanbe",
    "bd": "Asia/Dhaka", "lk": "Asia/Colombo", "il": "Asia/Jerusalem", "nl": "Europe/Amsterdam", "be": "Europe/Brussels",
    "se": "Europe/Stockholm", "no": "Europe/Oslo", "dk": "Europe/Copenhagen", "fi": "Europe/Helsinki", "hu": "Europe/Budapest",
    "ro": "Europe/Bucharest", "ua": "Europe/Kyiv", "bg": "Europe/Sofia", "tw": "Asia/Taipei", "hk": "Asia/Hong_Kong", "sg": "Asia/Singapore",
    "nz": "Pacific/Auckland", "za": "Africa/Johannesburg", "ng": "Africa/Lagos", "ke": "Africa/Nairobi", "eg": "Africa/Cairo",
    "ie": "Europe/Dublin", "pt": "Europe/Lisbon", "sk": "Europe/Bratislava", "hr": "Europe/Zagreb", "rs": "Europe/Belgrade",
}  # fmt: skip
"""Countries that live in one time zone, by the top-level domain their publishers use."""


def find_date(
    tree: HtmlElement,
    facts: PageFacts,
    url: str,
    entry: Entry | None = None,
    zone: str | None = None,
    *,
    now: datetime | None = None,
) -> Published | None:
    """When the page was first published, or None where nothing says so with a day.

    `zone` is the source's IANA zone, for times without an offset; `now` (the fetch) bounds what is plausible.
    """
    limit = (now or datetime.max.replace(tzinfo=UTC) - timedelta(days=9)).date() + timedelta(days=2)
    local = _zone(zone) or _zone(_ZONES_BY_TLD.get(host_of(url).rsplit(".", 1)[-1]))
    month_first = _is_month_first(facts, url)
    url_day = _url_day(url)
    for provenance, stamp in _stated(facts, month_first):
        if stamp.day <= limit:
            return _published(_settled(stamp, url_day, local), provenance, local)
    listed = entry.published if entry else None
    frame = _frame(tree)
    marked = _first(_marked(tree, frame, month_first), limit)
    if marked and (url_day is None or abs((marked.day - url_day).days) <= 1):
        return _published(marked, "time-tag", local)
    if url_day and url_day <= limit:
        return _published(Stamp(url_day), "url", local)
    if marked:
        return _published(marked, "time-tag", local)
    if listed:
        return listed
    printed = _first(_printed(tree, frame, month_first), limit)
    if printed:
        return _published(printed, "text", local)
    changed = find_modified(facts)
    return Published(changed, "meta") if changed else None


def find_modified(facts: PageFacts) -> datetime | None:
    """When the page says it was last changed, in UTC; None where it does not say, or not with a time."""
    values = [text_of(facts.articles[0].get("dateModified"))] if facts.articles else []
    values += [facts.metas.get(name) for name in _META_MODIFIED]
    for value in values:
        stamp = parse_stamp(value) if value else None
        if stamp and stamp.second is not None:
            return stamp.at(0)
    return None


def _stated(facts: PageFacts, month_first: bool) -> Iterator[tuple[str, Stamp]]:
    """Dates of publication as the page states them for machines, the most trusted first."""
    for node in facts.articles[:1]:
        yield from _parsed("json-ld", text_of(node.get("datePublished")), month_first)
    for name in _META_PUBLISHED:
        yield from _parsed("meta", facts.metas.get(name), month_first)
    for name, value in facts.metas.items():
        if _META_LIKE.search(name):
            yield from _parsed("meta", value, month_first)
    for node in facts.articles[:1]:
        yield from _parsed("json-ld", text_of(node.get("dateCreated")), month_first)
    for node in facts.nodes:
        if node.get("datePublished") and node not in facts.articles:
            yield from _parsed("json-ld", text_of(node.get("datePublished")), month_first)


def _parsed(provenance: str, value: str | None, month_first: bool) -> Iterator[tuple[str, Stamp]]:
    if not value:
        return
    stamp = parse_stamp(value)
    if stamp is None and len(value) < 60:
        stamp = next(find_stamps(value, month_first=month_first), None)
    if stamp:
        yield provenance, stamp


def _marked(tree: HtmlElement, frame: frozenset[HtmlElement], month_first: bool) -> Iterator[Stamp]:
    """Dates of elements that are marked up as dates, outside of lists of other articles and comments."""
    for element in _MARKED(tree):
        if not _is_elsewhere(element, frame):
            yield from _element_stamps(element, month_first)
    for element in tree.iter("time"):
        if not _is_elsewhere(element, frame):
            yield from _element_stamps(element, month_first)


def _element_stamps(element: HtmlElement, month_first: bool) -> Iterator[Stamp]:
    for name in ("datetime", "content", "title", "data-datetime"):
        value = element.get(name)
        if value and (stamp := parse_stamp(value)):
            yield stamp
            return
    yield from find_stamps(visible_text(element, 120), month_first=month_first)


def _printed(tree: HtmlElement, frame: frozenset[HtmlElement], month_first: bool) -> Iterator[Stamp]:
    """Dates in short pieces of visible text: in elements named after dates, then behind the headline, then before it,
    and at last those that seem to belong to other articles."""
    ranks: tuple[list[Stamp], ...] = ([], [], [], [])
    seen_headline = False
    for element in tree.iter("*"):
        tag = element.tag
        if tag == "h1":
            seen_headline = True
        for text in (None if tag in _SILENT else element.text, element.tail):
            if not text or not _QUICK.search(text):
                continue
            # Of a paragraph only its beginning may date the page: "27.1.2022 - Bei der Erinnerung an …".
            piece = text if len(text) <= _MAX_TEXT_CHARS else text.lstrip()[:30]
            hinted = bool(_DATE_HINT.search(f"{element.get('class') or ''} {element.get('id') or ''}"))
            stamps = list(find_stamps(piece, month_first=month_first, short_years=hinted))
            if stamps:
                rank = 3 if _is_elsewhere(element, frame) else 0 if hinted else 1 if seen_headline else 2
                ranks[rank].extend(stamps)
    for stamps in ranks:
        yield from stamps


def _frame(tree: HtmlElement) -> frozenset[HtmlElement]:
    """The elements around the headline: whatever they are called, the article stands in them."""
    headline = next(tree.iter("h1"), None)
    return frozenset(headline.iterancestors()) if headline is not None else frozenset(tree.iter("body"))


def _is_elsewhere(element: HtmlElement, frame: frozenset[HtmlElement]) -> bool:
    """Whether an element stands among comments, other articles or the page's frame."""
    node: HtmlElement | None = element
    while node is not None and node not in frame and node.tag != "body":
        if node.tag in ("footer", "aside", "nav"):
            return True
        if _ELSEWHERE.search(f"{node.get('class') or ''} {node.get('id') or ''}"):
            return True
        node = node.getparent()
    return False


def _settled(stamp: Stamp, url_day: date | None, local: ZoneInfo | None) -> Stamp:
    """Give a time in UTC the publisher's offset that the day in the address shows.

    American papers put `2023-11-09T05:30Z` on pages under `/2023/11/08/`: their day is the eighth. The smallest
    whole-hour offset that leads there is taken; the instant stays what it is.
    """
    if stamp.offset_minutes != 0 or stamp.second is None or local is not None or url_day is None:
        return stamp
    apart = (url_day - stamp.day).days
    if abs(apart) != 1:
        return stamp
    hours = -(stamp.second // 3600 + 1) if apart < 0 else 24 - stamp.second // 3600
    if not -12 <= hours <= 14:
        return stamp
    return Stamp(url_day, (stamp.second + hours * 3600) % 86400, hours * 60)


def _first(stamps: Iterator[Stamp], limit: date) -> Stamp | None:
    return next((stamp for stamp in stamps if stamp.day <= limit), None)


def _url_day(url: str) -> date | None:
    path = url.split("?", 1)[0]
    found = _URL_DAY.search(path)
    if found and (found[2] or len(found[3]) == len(found[4]) == 2):
        try:
            return date(int(found[1]), int(found[3]), int(found[4]))
        except ValueError:
            return None
    jalali = _URL_JALALI.search(path)
    stamp = parse_stamp(f"{jalali[1]}-{jalali[3]}-{jalali[4]}") if jalali else None
    return stamp.day if stamp else None


def _is_month_first(facts: PageFacts, url: str) -> bool:
    """Whether 3/4/2024 is the fourth of March: in English of America, and nowhere else."""
    language = normalise(facts.language or "").replace("_", "-")
    if language.startswith("en-"):
        return language.startswith("en-us")
    return language in ("", "en") and host_of(url).rsplit(".", 1)[-1] in (
        "com",
        "org",
        "net",
        "us",
        "gov",
        "edu",
        "info",
    )


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _published(stamp: Stamp, provenance: str, local: ZoneInfo | None) -> Published:
    if stamp.second is None:
        return Published(
            datetime(stamp.day.year, stamp.day.month, stamp.day.day, tzinfo=UTC), provenance, "day"
        )
    offset = stamp.offset_minutes
    if not offset and local is not None:
        # Without an offset the time is local; `Z` is what content systems write for their readers in any zone.
        wall = datetime.combine(stamp.day, datetime.min.time()) + timedelta(seconds=stamp.second)
        aware = wall.replace(tzinfo=local) if offset is None else wall.replace(tzinfo=UTC).astimezone(local)
        shift = aware.utcoffset()
        return Published(
            aware.astimezone(UTC), provenance, "second", int(shift.total_seconds() // 60) if shift else 0
        )
    return Published(stamp.at(0), provenance, "second", offset)
