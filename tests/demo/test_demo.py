"""The project's end-to-end check: the real program over the whole newsroom tells each true story once, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from standardwebhooks import Webhook

from jobs.demo.articles import demo_files, load
from jobs.demo.newsroom import Newsroom
from jobs.demo.session import Place, child_environment, crawl_once, free_port, prepare
from jobs.demo.show import Show

TRUTH: dict[str, dict[str, Any]] = json.loads((demo_files() / "truth.json").read_text(encoding="utf-8"))
LIVE_STORIES = {"mirjaveh-post", "mashkel-flood", "zamuran-engineers"}


def borderwatch(place: Place, *arguments: str) -> Any:
    """The JSON that a command prints on a sitting's data."""
    command = [
        sys.executable,
        "-m",
        "jobs",
        "--config",
        str(place.config),
        "--data-dir",
        str(place.data_dir),
        *arguments,
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=child_environment(dict(os.environ)),
    )
    assert done.returncode == 0, done.stderr
    if done.stdout.lstrip().startswith("["):
        return json.loads(done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass
class Sitting:
    """Two passes over one newsroom: as it opens, and after everything that was waiting is out."""

    newsroom: Newsroom
    place: Place
    first: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=dict)
    alerts: list[list[dict[str, Any]]] = field(default_factory=list)
    first_hits: int = 0
    articles: list[dict[str, Any]] = field(default_factory=list)

    def stories(self, sitting: int) -> Counter[str]:
        """How often each story was alerted in a pass; an article that must not alert stands under its own name."""
        keys = [self.newsroom.article_of(alert["url"]) or alert["url"] for alert in self.alerts[sitting]]
        return Counter(TRUTH[key]["story"] if TRUTH.get(key, {}).get("alert") else f"{key}!" for key in keys)


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sitting]:
    with Newsroom() as newsroom:
        place = prepare(tmp_path_factory.mktemp("demo") / "data", newsroom, free_port())
        done = Sitting(newsroom, place)
        for which in ("first", "second"):
            show = Show(Console(quiet=True), Console(quiet=True))
            setattr(done, which, crawl_once(newsroom, place, show))
            done.alerts.append(show.alerts)
            if which == "first":
                done.first_hits = len(newsroom.hits)
                while newsroom.publish_next() is not None:
                    pass
        done.articles = borderwatch(place, "articles", "export")
        yield done


def test_demo_finds_exactly_these_alerts(sitting: Sitting) -> None:
    stories = {row["story"] for row in TRUTH.values() if row["alert"]}
    assert sitting.stories(0) == Counter(stories - LIVE_STORIES)


def test_what_is_published_later_is_told_and_an_edit_is_not(sitting: Sitting) -> None:
    assert sitting.stories(1) == Counter(LIVE_STORIES)


def test_every_article_is_judged_as_the_truth_says(sitting: Sitting) -> None:
    found = {sitting.newsroom.article_of(article["url"]): article for article in sitting.articles}
    wrong = {
        key: row
        for key, row in TRUTH.items()
        if row["article"] != (key in found) or row["match"] != bool(found.get(key, {}).get("topics"))
    }
    assert not wrong


def test_copies_are_recognised(sitting: Sitting) -> None:
    found = {sitting.newsroom.article_of(article["url"]): article for article in sitting.articles}
    by_id = {article["id"]: key for key, article in found.items()}

    def root(key: str) -> str:
        while (original := found[key]["duplicate_of"]) is not None:
            key = by_id[original] or key
        return key

    apart = {
        key for key, row in TRUTH.items() if "same_text_as" in row and root(key) != root(row["same_text_as"])
    }
    assert not apart


def test_reports_of_one_event_share_a_story_in_all_languages(sitting: Sitting) -> None:
    members: dict[str, set[int]] = defaultdict(set)
    for article in sitting.articles:
        row = TRUTH[sitting.newsroom.article_of(article["url"]) or ""]
        members[row.get("story") or ""].add(article["story_id"])
    members.pop("")
    assert {story: ids for story, ids in members.items() if len(ids) != 1} == {}
    together = Counter(story_id for ids in members.values() for story_id in ids)
    assert all(count == 1 for count in together.values()), "two events in one story"


def test_evidence_stands_in_the_stored_text(sitting: Sitting) -> None:
    stored = {article["url"]: article for article in sitting.articles}
    for alert in [alert for alerts in sitting.alerts for alert in alerts]:
        article = stored[alert["url"]]
        assert alert["evidence"]
        for evidence in alert["evidence"]:
            quote = article[evidence["field"]][evidence["start"] : evidence["end"]]
            # The edited page was stored anew; its alert quotes what was alerted.
            assert quote == evidence["quote"] or article["url"].endswith("taftan-lorries")


def test_second_pass_is_polite(sitting: Sitting) -> None:
    later = sitting.newsroom.hits[sitting.first_hits :]
    earlier = {
        (hit.site, hit.path) for hit in sitting.newsroom.hits[: sitting.first_hits] if hit.status == 200
    }
    articles = [
        key
        for hit in later
        if (hit.site, hit.path) in earlier
        and hit.status == 200
        and (key := sitting.newsroom.article_of(sitting.newsroom.bases[hit.site] + hit.path))
    ]
    # The edited page, which its feed says has changed, and nothing else of what was there.
    assert articles == ["quetta-courier/taftan-lorries"]
    assert sitting.second["not_modified"] >= 1
    assert sitting.second["fetched"] == 10
    assert sitting.second["articles_new"] == 9


def test_robots_are_kept_to_and_the_contact_is_given(sitting: Sitting) -> None:
    hits = sitting.newsroom.hits
    assert not [hit.path for hit in hits if hit.path.startswith(("/print/", "/search"))]
    assert {hit.site for hit in hits if hit.path == "/robots.txt"} == set(sitting.newsroom.sites)
    assert all("demo@example.org" in hit.user_agent for hit in hits)


def test_deliveries_are_signed_standard_webhooks(sitting: Sitting) -> None:
    secret = sitting.place.config.read_text(encoding="utf-8").split('secret = "')[1].split('"')[0]
    command = [
        sys.executable,
        "-m",
        "jobs",
        "--config",
        str(sitting.place.config),
        "--data-dir",
        str(sitting.place.data_dir),
        "alerts",
        "test",
        "desk",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=child_environment(dict(os.environ)),
    )
    assert done.returncode == 0, done.stderr
    message = sitting.newsroom.desk.get(timeout=10)
    Webhook(secret).verify(message.raw, message.headers)


@pytest.mark.slow
def test_once_prints_alerts_to_stdout_and_progress_to_stderr() -> None:
    command = [sys.executable, "-m", "jobs", "demo", "--once"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    assert done.stdout.count("ALERT ") == 6
    assert "newsroom" not in done.stdout.split("ALERT 1")[0]
    assert "A newsroom of 7 publishers" in done.stderr


@pytest.mark.slow
def test_once_as_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "demo", "--once", "--json"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (
        len(document["alerts"])
        == document["crawl"]["alerts_new"]
        == document["crawl"]["deliveries_sent"]
        == 6
    )


def test_a_real_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "borderwatch.db").write_bytes(b"")
    command = [sys.executable, "-m", "jobs", "--data-dir", str(tmp_path), "demo", "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "was not made by the demo" in done.stderr


@pytest.mark.slow
def test_without_once_a_new_alert_appears_and_the_end_is_clean() -> None:
    command = [sys.executable, "-m", "jobs", "demo", "--json", "--every", "8s", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        alerts = [json.loads(process.stdout.readline()) for _ in range(7)]
        assert len({alert["story_id"] for alert in alerts}) == 7
        # On a slow machine the first live story may come before the last of the six that were there.
        live = {article.title for article in load()[1] if article.live is not None}
        assert any(alert["title"] in live for alert in alerts)
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Ended" in said
