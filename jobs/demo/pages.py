"""What the newsroom serves: pages, feeds, sitemaps and section pages as bytes. Pure: no socket, no clock."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from jinja2 import DictLoader, Environment, StrictUndefined

from jobs.demo.articles import Article, Site, demo_files, human_date, local_year

RELATED = 5
"""Links to other articles of the site on each page: more of them say `border` than the text around them does."""

KIND_PATHS = {"video": "/video/{id}/{slug}", "listing": "/tag/{slug}"}
"""Pages that are no articles have addresses of their own on most sites."""

OG_TYPES = {"article": "article", "paywall": "article", "video": "video.other", "listing": "website"}

JSON_LD_TYPES = {
    "article": "NewsArticle",
    "paywall": "NewsArticle",
    "video": "VideoObject",
    "listing": "CollectionPage",
}

ROBOTS = "User-agent: *\nDisallow: /search\nDisallow: /print/\n"

LISTING_PATHS = {
    "rss": "/feed.xml",
    "atom": "/atom.xml",
    "sitemap": "/news-sitemap.xml",
    "sitemap-index": "/sitemap-index.xml",
    "section": "/",
}
SOURCE_KEYS = {
    "rss": "feed",
    "atom": "feed",
    "sitemap": "sitemap",
    "sitemap-index": "sitemap",
    "section": "section",
}
"""The key of `[[sources]]` that takes each listing."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to be served; a `location` makes it a permanent redirect."""

    body: bytes
    content_type: str
    last_modified: datetime
    location: str | None = None

    @property
    def etag(self) -> str:
        """A strong validator over the bytes (RFC 9110 section 8.8.3)."""
        return f'"{hashlib.blake2b(self.body, digest_size=8).hexdigest()}"'


def templates() -> Environment:
    """The page templates, from the package's files."""
    folder = demo_files() / "templates"
    sources = {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".html")
    }
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def article_path(article: Article, site: Site) -> str:
    """The path of an article's page, percent-encoded; an undated one has no date in it."""
    moment = article.published or datetime(2000, 1, 1, tzinfo=UTC)
    words = re.sub(r"[^\w\u200c]+", "-", article.title).strip("-")
    path = KIND_PATHS.get(article.kind, site.path).format(
        year=moment.year,
        month=f"{moment.month:02}",
        day=f"{moment.day:02}",
        id=article.number,
        slug=article.slug,
        words=words,
    )
    return quote(path)


def site_resources(
    site: Site, articles: list[Article], base: str, now: datetime, environment: Environment
) -> dict[str, Resource]:
    """Everything that one site serves, by path. `base` is its origin, `articles` what it has published so far."""
    newest = max((article.modified or article.published or now for article in articles), default=now)
    resources = {"/robots.txt": Resource(ROBOTS.encode(), "text/plain; charset=utf-8", newest)}
    cards = [_card(article, site) for article in _newest_first(articles)]
    for article in articles:
        path = article_path(article, site)
        changed = article.modified or article.published or now
        html = _article_html(site, article, cards, base, now, environment)
        page = Resource(html.encode(), "text/html; charset=utf-8", changed)
        resources[path] = page
        if site.listing == "section":
            resources[f"/print/{article.number}/{article.slug}"] = page
        if site.listing == "atom":
            resources[f"/node/{article.number}"] = Resource(b"", "text/plain", changed, location=path)
    front = environment.get_template("listing.html").render(
        site=site, page=_front(site, cards, base), year=now.year, year_local=local_year(now, site)
    )
    resources["/"] = Resource(front.encode(), "text/html; charset=utf-8", newest)
    return resources | _listing(site, _newest_first(articles), base, newest)


def _newest_first(articles: list[Article]) -> list[Article]:
    oldest = datetime(2000, 1, 1, tzinfo=UTC)
    return sorted(articles, key=lambda article: (article.published or oldest, article.key), reverse=True)


def _iso(moment: datetime | None, site: Site) -> str:
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(site.timezone)).isoformat(timespec="seconds")


def _card(article: Article, site: Site) -> dict[str, Any]:
    return {
        "key": article.key,
        "path": article_path(article, site),
        "title": article.title,
        "summary": article.summary,
        "iso": _iso(article.published, site),
        "human": human_date(article.published, site),
    }


def _article_html(
    site: Site,
    article: Article,
    cards: list[dict[str, Any]],
    base: str,
    now: datetime,
    environment: Environment,
) -> str:
    others = [card for card in cards if card["key"] != article.key]
    url = base + article_path(article, site)
    page: dict[str, Any] = {
        **_card(article, site),
        "id": article.number,
        "slug": article.slug,
        "url": url,
        "og_type": OG_TYPES[article.kind],
        "author": article.author,
        "section": article.section,
        "paragraphs": article.paragraphs,
        "modified_iso": _iso(article.modified, site),
        "related": others[:RELATED],
        "listed": others,
        "json_ld": _json_ld(site, article, url),
    }
    template = f"{site.name}.html" if article.kind == "article" else f"{article.kind}.html"
    return environment.get_template(template).render(
        site=site, page=page, year=now.year, year_local=local_year(now, site)
    )


def _front(site: Site, cards: list[dict[str, Any]], base: str) -> dict[str, Any]:
    return {
        "title": site.title, "summary": site.title, "url": base + "/", "og_type": "website", "listed": cards,
        "related": cards[:RELATED], "iso": "", "modified_iso": "", "author": "", "section": "", "id": 0, "json_ld": None,
    }  # fmt: skip


def _json_ld(site: Site, article: Article, url: str) -> dict[str, Any]:
    kind = JSON_LD_TYPES[article.kind]
    if kind != "NewsArticle":
        return {"@context": "https://schema.org", "@type": kind, "name": article.title, "url": url}
    facts = {
        "@context": "https://schema.org",
        "@type": kind,
        "mainEntityOfPage": url,
        "headline": article.title,
        "datePublished": _iso(article.published, site),
        "author": {"@type": "Person", "name": article.author},
        "publisher": {"@type": "NewsMediaOrganization", "name": site.title},
    }
    if article.modified is not None:
        facts["dateModified"] = _iso(article.modified, site)
    return facts


def _listing(site: Site, articles: list[Article], base: str, newest: datetime) -> dict[str, Resource]:
    path = LISTING_PATHS[site.listing]
    if site.listing == "rss":
        return {path: Resource(_rss(site, articles, base), "application/rss+xml; charset=utf-8", newest)}
    if site.listing == "atom":
        return {
            path: Resource(_atom(site, articles, base, newest), "application/atom+xml; charset=utf-8", newest)
        }
    if site.listing == "sitemap":
        return {path: Resource(_sitemap(site, articles, base), "application/xml; charset=utf-8", newest)}
    if site.listing == "sitemap-index":
        packed = gzip.compress(_sitemap(site, articles, base), mtime=0)
        index = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            f"<sitemap><loc>{base}/sitemap-news.xml.gz</loc><lastmod>{newest.isoformat(timespec='seconds')}</lastmod>"
            "</sitemap></sitemapindex>\n"
        )
        return {
            path: Resource(index.encode(), "application/xml; charset=utf-8", newest),
            "/sitemap-news.xml.gz": Resource(packed, "application/gzip", newest),
        }
    return {}


def _rss(site: Site, articles: list[Article], base: str) -> bytes:
    items = "".join(
        f"<item><title>{escape(article.title)}</title>"
        f"<link>{base}{article_path(article, site)}?utm_source=rss&amp;utm_medium=feed</link>"
        f'<guid isPermaLink="false">{site.name}:{article.number}</guid>'
        f"<pubDate>{format_datetime(article.published.astimezone(ZoneInfo(site.timezone)))}</pubDate>"
        f"<description>{escape(article.summary)}</description></item>\n"
        for article in articles
        if article.published is not None
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(site.title)}</title><link>{base}/</link><description>{escape(site.title)}</description>"
        f"<language>{site.language}</language>\n{items}</channel></rss>\n"
    ).encode()


def _atom(site: Site, articles: list[Article], base: str, newest: datetime) -> bytes:
    entries = "".join(
        f"<entry><title>{escape(article.title)}</title><id>tag:{site.name},{article.number}</id>"
        f'<link rel="alternate" href="{base}/node/{article.number}"/>'
        f"<published>{article.published.isoformat(timespec='seconds')}</published>"
        f"<updated>{(article.modified or article.published).isoformat(timespec='seconds')}</updated>"
        f"<author><name>{escape(article.author)}</name></author><summary>{escape(article.summary)}</summary></entry>\n"
        for article in articles
        if article.published is not None
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(site.title)}</title><id>{base}/</id><updated>{newest.isoformat(timespec='seconds')}</updated>\n"
        f"{entries}</feed>\n"
    ).encode()


def _sitemap(site: Site, articles: list[Article], base: str) -> bytes:
    urls = "".join(
        f"<url><loc>{base}{article_path(article, site)}</loc>"
        f"<lastmod>{_iso(article.modified or article.published, site)}</lastmod>"
        f"<news:news><news:publication><news:name>{escape(site.title)}</news:name>"
        f"<news:language>{site.language}</news:language></news:publication>"
        f"<news:publication_date>{_iso(article.published, site)}</news:publication_date>"
        f"<news:title>{escape(article.title)}</news:title></news:news></url>\n"
        for article in articles
        if article.published is not None
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{urls}</urlset>\n'
    ).encode()
