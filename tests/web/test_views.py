"""What lists and pages read, against a count by hand over the seeded data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database, open_database, rows, scalar
from storage.feedback import current_judgements, list_judgements, record_judgement, undo_judgement
from storage.mutes import mute
from storage.views import desk, details, stories
from storage.views.desk import SearchFilter
from storage.views.stories import StoryFilter
from tests.bench.seed import TOPIC

NOW = datetime.now(UTC)


@pytest.fixture
def writable(data_dir: Path) -> Iterator[Database]:
    db = open_database(data_dir / "borderwatch.db")
    yield db
    db.conn.close()


@pytest.fixture(scope="module")
def stored(seeded: Path) -> Iterator[Database]:
    db = open_database(seeded / "borderwatch.db", readonly=True)
    yield db
    db.conn.close()


def every_story(db: Database, chosen: StoryFilter, limit: int = 7) -> list[int]:
    """All pages of a list."""
    found: list[int] = []
    cursor = None
    while True:
        cards, cursor = stories.list_stories(db, chosen, NOW, after=cursor, limit=limit)
        found += [card.story_id for card in cards]
        if cursor is None:
            return found


@pytest.mark.parametrize("order", ["new", "active"])
def test_pages_hold_every_story_once_newest_first(stored: Database, order: stories.Order) -> None:
    column = "first_at" if order == "new" else "last_at"
    wanted = [
        row["story_id"]
        for row in rows(
            stored,
            f"SELECT story_id FROM desk_stories WHERE topic = ? ORDER BY {column} DESC, story_id DESC",
            (TOPIC,),
        )
    ]
    assert every_story(stored, StoryFilter(TOPIC, order=order)) == wanted
    assert len(wanted) == 60


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({"lang": "ur"}, "s.id IN (SELECT story_id FROM articles WHERE lang = 'ur')"),
        ({"source": "tehran-wire"}, "s.id IN (SELECT story_id FROM articles WHERE source = 'tehran-wire')"),
        ({"country": "AE"}, "s.id IN (SELECT story_id FROM articles WHERE source = 'gulf-observer')"),
        ({"place": "saravan"}, "s.id IN (SELECT a.story_id FROM articles a JOIN matches m ON m.article_id = a.id WHERE m.places LIKE '%\"saravan\"%')"),
        ({"min_sources": 4}, "(SELECT count(DISTINCT source) FROM articles WHERE story_id = s.id) >= 4"),
        ({"since": NOW - timedelta(days=40)}, f"s.first_at >= '{(NOW - timedelta(days=40)).strftime('%Y-%m-%dT%H:%M:%S')}'"),
        ({"state": "alerted"}, "s.id IN (SELECT story_id FROM alerts)"),
        ({"state": "handled"}, "0"),
        ({"state": "muted"}, "0"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",  # no times in a test's name
)  # fmt: skip
def test_filters(stored: Database, changes: dict[str, object], condition: str) -> None:
    wanted = {row["id"] for row in rows(stored, f"SELECT s.id FROM stories s WHERE {condition}")}
    assert set(every_story(stored, replace(StoryFilter(TOPIC), **changes))) == wanted  # type: ignore[arg-type]


def test_a_card_says_who_where_and_why(stored: Database) -> None:
    cards, _ = stories.list_stories(stored, StoryFilter(TOPIC), NOW, limit=60)
    for card in cards:
        assert card.evidence is not None
        assert card.evidence.field == "text"
        text = scalar(stored, "SELECT text FROM articles WHERE id = ?", (card.proof_id,))
        assert text[card.evidence.start : card.evidence.end] == card.evidence.quote
        assert card.reports == scalar(
            stored, "SELECT count(*) FROM articles WHERE story_id = ?", (card.story_id,)
        )
        assert set(card.sources) == {
            row["source"]
            for row in rows(stored, "SELECT source FROM articles WHERE story_id = ?", (card.story_id,))
        }
        assert card.places[0].lat is not None


def test_a_lead_that_did_not_match_shows_another_reports_evidence(writable: Database) -> None:
    story = rows(
        writable, "SELECT id, lead_article FROM stories WHERE articles > 2 ORDER BY id DESC LIMIT 1"
    )[0]
    writable.conn.execute("DELETE FROM matches WHERE article_id = ?", (story["lead_article"],))
    cards = stories.cards(writable, TOPIC, stories.story_heads(writable, story["id"])[:1], NOW)
    assert cards[0].article_id == story["lead_article"]
    assert cards[0].proof_id != story["lead_article"]
    assert cards[0].evidence is not None


def test_the_newest_word_that_stands_counts(writable: Database) -> None:
    card = stories.list_stories(writable, StoryFilter(TOPIC, state="unjudged"), NOW)[0][0]
    record_judgement(writable, card.proof_id, TOPIC, relevant=True, who="amna", at=NOW)
    word = record_judgement(
        writable, card.proof_id, TOPIC, relevant=False, who="reza", at=NOW, note="cricket"
    )
    assert card.story_id in every_story(writable, StoryFilter(TOPIC, state="not_relevant"))
    assert card.story_id not in every_story(writable, StoryFilter(TOPIC, state="relevant"))
    assert card.story_id not in every_story(writable, StoryFilter(TOPIC, state="open"))
    undo_judgement(writable, word.id, at=NOW)
    undo_judgement(writable, word.id, at=NOW)
    assert card.story_id in every_story(writable, StoryFilter(TOPIC, state="relevant"))
    assert [
        one.relevant for one in current_judgements(writable, topic=TOPIC) if one.article_id == card.proof_id
    ] == [True]
    assert len(list_judgements(writable, article_id=card.proof_id, include_undone=True)) == 2
    assert len(list_judgements(writable, article_id=card.proof_id)) == 1


def test_muted_stories_leave_the_list(writable: Database) -> None:
    story = every_story(writable, StoryFilter(TOPIC))[0]
    mute(writable, "story", str(story), until=NOW + timedelta(days=1), who="amna", at=NOW)
    assert story not in every_story(writable, StoryFilter(TOPIC))
    assert every_story(writable, StoryFilter(TOPIC, state="muted")) == [story]


def test_places_count_stories_in_the_period(stored: Database) -> None:
    found = {
        count.place.id: count.stories for count in desk.places(stored, TOPIC, NOW - timedelta(days=400), NOW)
    }
    assert sum(found.values()) == 60
    assert desk.places(stored, TOPIC, NOW - timedelta(days=400), NOW - timedelta(days=300)) == []


def test_a_merged_story_leads_on(writable: Database) -> None:
    writable.conn.execute("UPDATE stories SET merged_into = 2 WHERE id = 1")
    view = details.story(writable, 1)
    assert view is not None
    assert view.id == 2
    assert [row["id"] for row in view.merged] == [1]


def test_a_search_goes_on_where_it_broke_off(stored: Database) -> None:
    wanted = [row["id"] for row in rows(stored, "SELECT id FROM articles WHERE lang = 'fa' ORDER BY id DESC")]
    found: list[int] = []
    before: int | None = None
    steps = 0
    while steps == 0 or before is not None:
        page, before, _ = desk.search(
            stored, None, SearchFilter(lang="fa"), before=before, limit=25, give_up=-1.0, clock=lambda: 0.0
        )
        found += [row["id"] for row in page]
        steps += 1
    assert found == wanted
