"""A desk with a real database, on which articles are placed as the recorder places them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.dedup.fingerprint import fingerprint
from jobs.dedup.stories import Placement, forget, place
from storage.articles import article_by_canonical, insert_article, reread_article, revise_article
from storage.database import Database, open_database, scalar, write_transaction
from storage.model import Article, Published, Source

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass
class Desk:
    """`add` stores an article and places it; `stories` are the addresses of each story's members."""

    db: Database
    ids: dict[str, int] = field(default_factory=dict)

    def source(self, name: str, rank: int) -> Source:
        """Configure a source with a rank."""
        self.db.execute(
            "INSERT OR IGNORE INTO sources (name, kind, url, rank, state_since, next_check) VALUES (?, 'feed', ?, ?, '', '')",
            (name, f"https://{name}.example/feed", rank),
        )
        return Source(name, "feed", f"https://{name}.example/feed", rank=rank)

    def add(
        self, report: tuple[str, str], url: str, at: datetime | None = MONDAY, *, seen: datetime | None = None, source: str = "desk",
        rank: int = 50, language: str | None = None, capture: int | None = None,
    ) -> Placement:  # fmt: skip
        """Read and record an article as the recorder does; a known address is reread or becomes a revision."""
        title, text = report
        full = f"https://{url}"
        published = Published(at, "meta") if at else None
        article = Article(full, full, title, text, published, language)
        first_seen = seen or (at or MONDAY) + timedelta(minutes=20)
        with write_transaction(self.db):
            given = self.source(source, rank)
            old = article_by_canonical(self.db, full)
            if old is None:
                article_id = insert_article(
                    self.db,
                    article,
                    (title, text),
                    capture_id=None,
                    source=source,
                    first_seen=first_seen,
                    backlog=False,
                )
            else:
                article_id = old["id"]
                if capture is None:
                    reread_article(self.db, old, article, (title, text), now=first_seen)
                else:
                    revise_article(self.db, old, article, (title, text), capture_id=None, now=first_seen)
                forget(self.db, article_id)
            self.ids[url] = article_id
            return place(
                self.db, article_id, article, fingerprint(title, text, language, published), given, first_seen
            )

    def stories(self) -> set[frozenset[str]]:
        """The members of every story, by address."""
        groups: dict[int, set[str]] = {}
        for story, url in self.db.conn.execute("SELECT story_id, url FROM articles"):
            groups.setdefault(story, set()).add(url.removeprefix("https://"))
        return {frozenset(group) for group in groups.values()}

    def story_of(self, url: str) -> int:
        """The story of an address."""
        return int(scalar(self.db, "SELECT story_id FROM articles WHERE url = ?", (f"https://{url}",)))

    def lead_of(self, url: str) -> str:
        """The address that leads the story of an address."""
        found = scalar(
            self.db,
            "SELECT l.url FROM articles a JOIN stories s ON s.id = a.story_id JOIN articles l ON l.id = s.lead_article WHERE a.url = ?",
            (f"https://{url}",),
        )
        return str(found).removeprefix("https://")

    def original_of(self, url: str) -> str | None:
        """The address whose copy an address is."""
        found = scalar(
            self.db,
            "SELECT o.url FROM articles a JOIN articles o ON o.id = a.duplicate_of WHERE a.url = ?",
            (f"https://{url}",),
        )
        return None if found is None else str(found).removeprefix("https://")

    def check(self) -> None:
        """What must hold of the tables after any sequence of placements."""
        one = lambda sql: scalar(self.db, sql)  # noqa: E731
        assert (
            one(
                "SELECT count(*) FROM articles a LEFT JOIN story_members m ON m.article_id = a.id WHERE m.story_id IS NOT a.story_id"
            )
            == 0
        )
        assert (
            one(
                "SELECT count(*) FROM story_members m JOIN stories s ON s.id = m.story_id WHERE s.merged_into IS NOT NULL"
            )
            == 0
        )
        assert (
            one(
                "SELECT count(*) FROM stories s WHERE s.merged_into IS NULL AND s.articles <> (SELECT count(*) FROM story_members WHERE story_id = s.id)"
            )
            == 0
        )
        assert (
            one(
                "SELECT count(*) FROM story_members m JOIN story_members o ON o.article_id = m.original WHERE o.original <> o.article_id OR o.story_id <> m.story_id"
            )
            == 0
        )
        assert (
            one(
                "SELECT count(*) FROM story_members m JOIN articles a ON a.id = m.article_id WHERE a.duplicate_of IS NOT nullif(m.original, m.article_id)"
            )
            == 0
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty desk."""
    made = Desk(open_database(tmp_path / "borderwatch.db"))
    yield made
    made.check()
    made.db.close()


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """As many empty desks as a test wants."""
    made: list[Desk] = []

    def make() -> Desk:
        desk = Desk(open_database(tmp_path / f"{len(made)}.db"))
        desk.db.execute("PRAGMA synchronous = OFF")
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.check()
        desk.db.close()
