"""The newsroom's articles: files of `presets/demo`, read and dated relative to now. Pure but for `load`."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDateTime

from storage.model import BorderwatchError

_jalali: Any = JalaliDateTime  # persiantools has no types

_AGE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
    "ur": ("پیر", "منگل", "بدھ", "جمعرات", "جمعہ", "ہفتہ", "اتوار"),
}
_URDU_MONTHS = (
    "جنوری",
    "فروری",
    "مارچ",
    "اپریل",
    "مئی",
    "جون",
    "جولائی",
    "اگست",
    "ستمبر",
    "اکتوبر",
    "نومبر",
    "دسمبر",
)


class DemoError(BorderwatchError):
    """The demo could not run as shipped."""


@dataclass(frozen=True, slots=True)
class Site:
    """One invented publisher. `listing` is what it offers: rss, atom, sitemap, sitemap-index or section."""

    name: str
    title: str
    language: str
    country: str
    timezone: str
    listing: str
    rank: int
    path: str
    headlines: tuple[str, ...]
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One article file. `age` is None for an undated page, `live` the turn in which it is published while one watches."""

    site: str
    slug: str
    title: str
    paragraphs: tuple[str, ...]
    author: str
    section: str
    summary: str
    kind: str = "article"
    age: timedelta | None = None
    live: int | None = None
    copy_of: str | None = None
    skip_last: int = 0
    edits: str | None = None
    """`site/slug` of the page that this one's paragraphs are added to: no article, but an editor's change."""
    published: datetime | None = None
    """UTC; set by `dated`."""
    modified: datetime | None = None

    @property
    def key(self) -> str:
        """`site/slug`, as the truth names it."""
        return f"{self.site}/{self.slug}"

    @property
    def number(self) -> int:
        """The number in its address: six digits that stay the same from start to start."""
        return 100_000 + zlib.crc32(self.key.encode()) % 900_000


def parse_age(text: str) -> timedelta | None:
    """`9d4h`, `2h40m`; None for `undated`. Raises DemoError for anything else."""
    if text == "undated":
        return None
    match = _AGE.fullmatch(text)
    if not text or match is None:
        raise DemoError(f"{text!r} is no age; write one such as 2h40m or 9d4h, or undated")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def parse_article(site: str, slug: str, text: str) -> Article:
    """An article file: TOML, a line `---`, paragraphs between blank lines. Raises DemoError naming the file."""
    head, rule, body = text.partition("\n---\n")
    if not rule:
        raise DemoError(f"{site}/{slug}: no line --- between head and text")
    facts = tomllib.loads(head)
    if ("live" in facts) == ("age" in facts):
        raise DemoError(f"{site}/{slug}: give exactly one of age and live")
    return Article(
        site=site,
        slug=slug,
        title=facts["title"],
        paragraphs=tuple(part.strip() for part in body.split("\n\n") if part.strip()),
        author=facts["author"],
        section=facts["section"],
        summary=facts["summary"],
        kind=facts.get("kind", "article"),
        age=parse_age(facts["age"]) if "age" in facts else None,
        live=facts.get("live"),
        copy_of=facts.get("copy_of"),
        skip_last=facts.get("skip_last", 0),
        edits=facts.get("edits"),
    )


def dated(article: Article, site: Site, now: datetime) -> Article:
    """The article as published at `now` (live ones) or its age before it, with the days its text speaks of."""
    published = now if article.live is not None else now - article.age if article.age is not None else None
    local = (published or now).astimezone(ZoneInfo(site.timezone))
    days = _DAYS[site.language]
    words = {"{day}": days[local.weekday()], "{yesterday}": days[local.weekday() - 1]}
    paragraphs = tuple(_filled(paragraph, words) for paragraph in article.paragraphs)
    return replace(article, paragraphs=paragraphs, published=published)


def with_copied_text(article: Article, others: Mapping[str, Article]) -> Article:
    """A wire copy with its own first paragraphs and then those of the (dated) original, less its last `skip_last`."""
    if article.copy_of is None:
        return article
    original = others[article.copy_of].paragraphs
    kept = original[: len(original) - article.skip_last]
    return replace(article, paragraphs=article.paragraphs + kept)


def human_date(moment: datetime | None, site: Site) -> str:
    """A date as a reader of the site sees it: Jalali in Persian, words in English and Urdu; empty without one."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(site.timezone))
    if site.language == "fa":
        jalali: str = _jalali(local, locale="fa").strftime("%d %B %Y - %H:%M")
        return jalali
    if site.language == "ur":
        return f"{local.day} {_URDU_MONTHS[local.month - 1]} {local.year}"
    return f"{local:%B} {local.day}, {local:%Y %H:%M}"


def local_year(moment: datetime, site: Site) -> str:
    """The year as the footer of the site writes it."""
    if site.language != "fa":
        return str(moment.year)
    return str(_jalali(moment, locale="fa").strftime("%Y"))


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(name, word)
    return text


def demo_files() -> Traversable:
    """The folder `presets/demo`, in the checkout or in an installed wheel."""
    return files("presets") / "demo"


def load() -> tuple[dict[str, Site], tuple[Article, ...]]:
    """Read every site and article that is shipped, undated."""
    root = demo_files()
    tables = tomllib.loads((root / "newsroom.toml").read_text(encoding="utf-8"))["sites"]
    sites = {
        table["name"]: Site(
            **{**table, "headlines": tuple(table["headlines"]), "comments": tuple(table.get("comments", ()))}
        )
        for table in tables
    }
    articles = [
        parse_article(name, file.name.removesuffix(".txt"), file.read_text(encoding="utf-8"))
        for name in sites
        for file in (root / "articles" / name).iterdir()
        if file.name.endswith(".txt")
    ]
    return sites, tuple(sorted(articles, key=lambda article: article.key))
