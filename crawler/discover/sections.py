"""Section pages: article links told from navigation by address, words, place on the page and history.

No list of sites is needed: an article's address ends in a date, a number or a long slug, its link is a headline,
and its neighbours look the same; navigation is short, stands in `<nav>`, `<header>`, `<footer>`, and stays while
articles come and go. `link_pattern` overrules all of it for the hard cases.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag, urlsplit

from crawler.decode import decode_html
from crawler.discover.addresses import address_score, address_shape
from crawler.discover.html_tree import parse_html, text_of
from crawler.discover.listing import Links, Listing, ListingError, counted, one_line
from crawler.discover.times import Times
from crawler.urls import registrable_domain
from storage.model import Entry

MAX_LINKS = 5_000
"""Most links of a page that are judged; section pages have 100 to 800."""

THRESHOLD = 3.0
"""Score from which a link counts as an article: a headline or an article's address alone does not reach it
without support of the other, of its place, or of its neighbours."""

STEADY_CHECKS = 30
"""A link that stood on the page in so many checks is furniture unless everything else speaks for it."""

MATURE_CHECKS = 5
"""From so many checks on, a page's furniture is known."""

_CHROME_TAGS = frozenset({"nav", "footer", "form", "select"})
_CHROME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|submenu|footer|breadcrumbs?|pagination|pager|share|social|login|signin"
    r"|cookie|topbar|toolbar|tags?|tagcloud|lang|language|subscribe|newsletter|masthead|sitemap)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|zip|xml|json|css|js|apk|ico|docx?|xlsx?)$", re.IGNORECASE
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5"})


@dataclass(slots=True)
class _Link:
    """One address on the page with the best of its anchors."""

    url: str
    title: str
    anchor: Any
    shape: str
    score: float = 0.0
    chrome: bool = True


def parse_section(
    body: bytes,
    url: str,
    content_type: str | None = None,
    *,
    now: datetime,
    timezone: str | None = None,
    link_pattern: str | None = None,
    known: Mapping[str, int] | None = None,
) -> Listing:
    """The article links of a section page in its order, titled by their words, dated where a `<time>` stands by.

    `link_pattern` is a regular expression that article addresses contain; with it nothing is guessed. `known`
    maps addresses to the number of earlier checks that saw them on this page. Raises `ListingError`.
    """
    tree = parse_html(decode_html(body, content_type))
    links = _collect(tree, url)
    if link_pattern is not None:
        chosen = _matching(links, link_pattern)
        if links and not chosen:
            raise ListingError(
                "pattern",
                f"None of the {counted(len(links), 'link')} on the page fits `link_pattern` {link_pattern!r}; "
                f"the first is {links[0].url}. Correct the pattern, or leave it out.",
            )
    else:
        chosen = _judge(links, known or {})
    if not chosen:
        raise _nothing_found(tree, links)
    times = Times("listing", now, timezone)
    anchors = {id(link.anchor) for link in chosen}
    entries = tuple(
        Entry(
            url=link.url,
            title=link.title or None,
            published=times.published(_time_beside(link.anchor, anchors)),
        )
        for link in chosen
    )
    title = tree.xpath("string(//title)").strip()
    language = (tree.get("lang") or "").strip()
    return Listing(
        entries=entries,
        kind="section",
        title=one_line(title, 300),
        language=language or None,
        problems=tuple(times.problems()),
    )


def _collect(tree: Any, url: str) -> list[_Link]:
    """Every address of the site that the page links to, once, in document order."""
    base = tree.xpath("string(//base[@href]/@href)")
    resolver = Links(url)
    if base and (absolute := resolver.resolve(base)):
        resolver.base = absolute
    site = urlsplit(url).hostname or ""
    own = urldefrag(url)[0].rstrip("/")
    found: dict[str, _Link] = {}
    for anchor in tree.iter("a"):
        target = resolver.resolve(anchor.get("href"))
        if target is None:
            continue
        target = urldefrag(target)[0]
        parts = urlsplit(target)
        if (
            target.rstrip("/") == own
            or not _same_site(parts.hostname or "", site)
            or _FILES.search(parts.path)
        ):
            continue
        words = _words(anchor)
        link = found.get(target)
        if link is None:
            if len(found) >= MAX_LINKS:
                break
            link = found[target] = _Link(target, words, anchor, address_shape(target))
        elif len(words) > len(link.title):
            link.title, link.anchor = words, anchor
        link.chrome = link.chrome and _is_chrome(anchor)
    return list(found.values())


def _same_site(host: str, site: str) -> bool:
    """Whether two hosts belong to one publisher: sections of one site often live on hosts of their own."""
    bare = site.removeprefix("www.")
    return host == site or host.endswith("." + bare) or registrable_domain(host) == registrable_domain(site)


def _words(anchor: Any) -> str:
    """What a person reads of a link: a heading inside it, else its text, else its picture's description."""
    headings = list(anchor.iter(*_HEADINGS))
    text = text_of(headings[0]) if headings else text_of(anchor)
    if len(text) < 3:
        text = anchor.get("title") or anchor.get("aria-label") or anchor.xpath("string(.//img/@alt)") or text
    return one_line(text, 500) or ""


def _is_chrome(anchor: Any) -> bool:
    """Whether a link stands in the page's furniture: navigation, footer, the head of the page."""
    inside_content = False
    for element in anchor.iterancestors():
        tag = element.tag
        if tag in {"body", "html"}:
            return False
        if tag in _CHROME_TAGS or element.get("role") == "navigation":
            return True
        if tag in {"article", "main"}:
            inside_content = True
        if tag == "header" and not inside_content:
            # A headline's own <header> holds a heading; the page's <header> is above all articles.
            inside_content = any(parent.tag == "article" for parent in element.iterancestors())
            if not inside_content:
                return True
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if label != " " and not inside_content and _CHROME.search(label[:300]):
            return True
    return False


def _words_score(text: str) -> float:
    """How much a link's words look like a headline: 1 from 4 words on, 2 from 6."""
    count = len(text.split())
    if any("\u3040" <= char <= "\u9fff" for char in text):  # no spaces between words
        count = len(text) // 3
    if count >= 6 and len(text) >= 25:
        return 2.0
    if count >= 4:
        return 1.0
    return -1.0 if count <= 2 else 0.0


def _judge(links: list[_Link], known: Mapping[str, int]) -> list[_Link]:
    """The links that are articles: each by itself, then again beside the others of its shape."""
    groups: dict[str, list[_Link]] = defaultdict(list)
    checks = max(known.values(), default=0)
    # On a page that is known for long, what is new is news: navigation hardly ever changes.
    newcomer = 0.0 if checks == 0 else 1.0 if checks < MATURE_CHECKS else 2.5
    for link in links:
        link.score = address_score(link.url) + _words_score(link.title)
        link.score += -2.5 if link.chrome else 0.5 + _place_score(link.anchor)
        seen = known.get(link.url)
        if seen is None:
            link.score += newcomer
        elif seen is not None and seen >= STEADY_CHECKS:
            link.score -= 1.5
        groups[link.shape].append(link)
    chosen = []
    for link in links:
        group = groups[link.shape]
        others = [other.score for other in group if not other.chrome or link.chrome]
        support = 0.0
        if len(others) >= 3:
            # Neighbours of the same form say more than one short headline does.
            support = max(-1.5, min(1.5, sum(others) / len(others) - THRESHOLD + 0.5))
        if link.score + support >= THRESHOLD and link.title:
            chosen.append(link)
    return chosen


def _place_score(anchor: Any) -> float:
    """A headline's place: in or around a heading, in an `<article>`, else at least in the page's main part."""
    if any(child.tag in _HEADINGS for child in anchor.iter()):
        return 1.0
    main = 0.0
    for depth, element in enumerate(anchor.iterancestors()):
        if depth <= 4 and (element.tag in _HEADINGS or element.tag == "article"):
            return 1.0
        if element.tag == "main" or element.get("role") == "main":
            main = 0.5
    return main


def _time_beside(anchor: Any, anchors: set[int]) -> str | None:
    """The time in the smallest block around a link that holds no other article."""
    found = None
    for depth, element in enumerate(anchor.iterancestors()):
        if depth >= 5 or element.tag in {"body", "main", "html"}:
            break
        hrefs = {other.get("href") for other in element.iter("a") if id(other) in anchors}
        if len(hrefs) > 1:
            break
        times = [t for t in element.iter("time") if t.get("datetime")]
        if times:
            found = times[0].get("datetime")
            break
    return found


def _matching(links: list[_Link], pattern: str) -> list[_Link]:
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise ListingError(
            "pattern", f"`link_pattern` {pattern!r} is no regular expression: {error}."
        ) from error
    return [link for link in links if wanted.search(link.url)]


def _nothing_found(tree: Any, links: list[_Link]) -> ListingError:
    scripts = len(tree.xpath("//script"))
    if not links:
        hint = (
            " It seems to build itself by scripts in the browser: look for its feed or sitemap."
            if scripts >= 3
            else " It may be an error page or keep robots out."
        )
        return ListingError("no entries", "The page links to no other page of its site." + hint)
    return ListingError(
        "no entries",
        f"None of the {counted(len(links), 'link')} on the page looks like an article. "
        "Set `link_pattern` to what its articles' addresses have in common, or use its feed.",
    )
