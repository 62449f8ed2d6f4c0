"""What became of an address: each step from its listing to its alert, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.urls import canonical_url, listing_key
from storage.articles import article_of_address, matches_of
from storage.database import Database, Row, first, rows


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an address."""

    step: str
    at: str | None
    what: str


def why(db: Database, url: str) -> list[Step]:
    """The steps of an address, in order; a single step `unknown` where it was never seen."""
    entry = first(
        db, "SELECT * FROM entries WHERE key = ? OR url = ? ORDER BY id LIMIT 1", (listing_key(url), url)
    )
    captures = rows(
        db,
        "SELECT * FROM captures WHERE url = :url OR listed_url = :url OR entry_id = :entry ORDER BY id",
        {"url": url, "entry": entry["id"] if entry else None},
    )
    article = (
        article_of_address(db, url) or article_of_address(db, canonical_url(url)) or _article_of(db, captures)
    )
    steps = [*_listing(entry), *_captures(captures)]
    if article is not None:
        steps += _article(db, article)
    return steps or [
        Step(
            "unknown",
            None,
            "no source listed this address and no archive brought it. `borderwatch sources check` tells whether a source would.",
        )
    ]


def _article_of(db: Database, captures: list[Row]) -> Row | None:
    for capture in reversed(captures):
        found = first(db, "SELECT * FROM articles WHERE capture_id = ? LIMIT 1", (capture["id"],))
        if found:
            return found
    return None


def _listing(entry: Row | None) -> list[Step]:
    if entry is None:
        return []
    steps = [
        Step(
            "listed",
            entry["listed_at"],
            f"by {entry['source']}{' in its first crawl' if entry['first_crawl'] else ''} as {entry['url']}",
        )
    ]
    if entry["state"] == "listed":
        when = f", tried again after {entry['next_try']}" if entry["next_try"] else ""
        steps.append(
            Step(
                "waiting",
                None,
                f"its page is still to be fetched{when}{': ' + entry['reason'] if entry['reason'] else ''}",
            )
        )
    elif entry["state"] in {"failed", "refused"}:
        steps.append(Step(entry["state"], None, entry["reason"] or "no reason was kept"))
    return steps


def _captures(captures: list[Row]) -> list[Step]:
    steps = []
    for row in captures:
        steps.append(
            Step(
                "fetched",
                row["fetched_at"],
                f"{row['status']} from {row['url']}, archived in {row['file']} at {row['offset']}",
            )
        )
        if row["state"] == "pending":
            steps.append(Step("waiting", None, "waits for a reading process"))
        elif row["state"] == "set_aside":
            steps.append(Step("set aside", row["read_at"], row["reason"] or "reading failed"))
        else:
            steps.append(
                Step(
                    "read", row["read_at"], f"{row['outcome']}{': ' + row['reason'] if row['reason'] else ''}"
                )
            )
    return steps


def _article(db: Database, article: Row) -> list[Step]:
    date = (
        f"published {article['date']} ({article['date_source']})"
        if article["date"]
        else "no publication date found"
    )
    steps = [
        Step(
            "article",
            article["first_seen"],
            f"{article['id']}: “{article['title']}”, {article['lang'] or 'language unknown'}, {date}",
        )
    ]
    if article["duplicate_of"]:
        steps.append(
            Step("duplicate", None, f"of article {article['duplicate_of']} ({article['duplicate_why']})")
        )
    if article["story_id"]:
        steps.append(Step("story", None, f"{article['story_id']}"))
    matches = matches_of(db, article["id"])
    if not matches:
        steps.append(
            Step(
                "no match",
                None,
                f"no topic holds; `borderwatch topics explain {article['id']}` shows what each rule saw",
            )
        )
    for match in matches:
        steps.append(
            Step(
                "matched",
                match["created"],
                f"{match['topic']} with {match['score']:.2f} (threshold {match['threshold']:.2f}): {match['rules']}",
            )
        )
        steps.append(
            Step("alerted" if match["verdict"] == "alerted" else "suppressed", None, match["verdict"])
        )
    for alert in rows(db, "SELECT * FROM alerts WHERE article_id = ? ORDER BY created", (article["id"],)):
        steps.append(Step("alert", alert["created"], f"{alert['id']} ({alert['topic']})"))
        steps += [
            Step(
                "delivery",
                row["sent_at"],
                f"to {row['channel']}: {row['state']} after {row['tries']} tries{': ' + row['last_error'] if row['last_error'] else ''}",
            )
            for row in rows(db, "SELECT * FROM deliveries WHERE alert_id = ? ORDER BY id", (alert["id"],))
        ]
    return steps
