"""JSON Feed 1.0 and 1.1 (jsonfeed.org), and the list of posts that WordPress answers under `/wp-json/wp/v2/posts`."""

from __future__ import annotations

import html
import json
from datetime import datetime
from typing import Any

from crawler.discover.listing import MAX_ENTRIES, Links, Listing, ListingError, counted, one_line, printable
from crawler.discover.times import Times
from storage.model import Entry


def parse_json_feed(
    text: str, url: str, *, now: datetime, timezone: str | None = None, problems: list[str] | None = None
) -> Listing:
    """The entries of a JSON feed, newest as listed. Raises `ListingError` for other JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ListingError(
            "json", "It looks like JSON but cannot be read: it is broken or cut off at its source."
        ) from error
    links, times = Links(url), Times("feed", now, timezone)
    about: dict[str, Any] = document if isinstance(document, dict) else {}
    items = document if isinstance(document, list) else about.get("items")
    if not isinstance(items, list):
        raise ListingError(
            "json", "It is JSON, but no JSON Feed: it has no list of `items`. Check its address."
        )
    entries: dict[str, Entry] = {}
    told = list(problems or ())
    unlinked = 0
    for item in items[:MAX_ENTRIES]:
        entry = _entry(item, links, times) if isinstance(item, dict) else None
        if entry is None:
            unlinked += 1
        else:
            entries.setdefault(entry.url, entry)
    if len(items) > MAX_ENTRIES:
        told.append(f"It lists more than {MAX_ENTRIES:,} entries; the first {MAX_ENTRIES:,} were taken.")
    if unlinked:
        told.append(f"{counted(unlinked, 'entry has', 'entries have')} no link and cannot be fetched.")
    hubs = about.get("hubs")
    hub = (
        next((_text(each.get("url")) for each in hubs if isinstance(each, dict)), None)
        if isinstance(hubs, list)
        else None
    )
    return Listing(
        entries=tuple(entries.values()),
        kind="json",
        title=_text(about.get("title")),
        language=_text(about.get("language")),
        hub=links.resolve(hub),
        self_url=links.resolve(_text(about.get("feed_url"))),
        next_page=links.resolve(_text(about.get("next_url"))),
        problems=tuple(told + links.problems() + times.problems()),
    )


def _entry(item: dict[str, Any], links: Links, times: Times) -> Entry | None:
    url = links.resolve(_text(item.get("url")) or _text(item.get("link")) or _text(item.get("external_url")))
    if url is None:
        return None
    content = _text(item.get("content_html")) or _text(item.get("content"))
    written = _text(item.get("content_text"))
    if not content and written:
        content = "".join(f"<p>{html.escape(line)}</p>" for line in written.split("\n") if line.strip())
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = (_text(each.get("name")) for each in authors or () if isinstance(each, dict))
    title = _text(item.get("title"))
    return Entry(
        url=url,
        title=one_line(html.unescape(title)) if title else None,
        published=times.published(_text(item.get("date_published")) or _utc(item.get("date_gmt"))),
        updated=times.moment(_text(item.get("date_modified")) or _utc(item.get("modified_gmt"))),
        summary=_text(item.get("summary")),
        authors=tuple(filter(None, names)),
        language=_text(item.get("language")),
        content_html=content,
        guid=_text(item.get("id")),
    )


def _utc(value: object) -> str | None:
    text = _text(value)
    return text + "Z" if text else None


def _text(value: object) -> str | None:
    """A string, a number as one, or WordPress's `{"rendered": …}`; None for anything else."""
    if isinstance(value, dict):
        value = value.get("rendered")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return printable(value).strip() or None if isinstance(value, str) else None
