"""Public Telegram channels by their preview pages (`https://t.me/s/NAME`): each message is an entry with its text."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lxml import etree, html

from crawler.decode import decode_html
from crawler.discover.html_tree import parse_html, text_of
from crawler.discover.listing import Links, Listing, ListingError, one_line, printable
from crawler.discover.times import Times
from storage.model import Entry

MAX_TITLE_CHARS = 140
"""A message has no title: its first line serves, cut at a word near this length."""

_MARKS = re.compile(r"^[^\w\"'«“(\[]+|[\s*_#:|-]+$")
"""Emoji, bullets and rules around a line."""

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{3,31}$")
_POST = re.compile(r"^([A-Za-z0-9_]+)/(\d+)$")


def channel_url(name: str) -> str:
    """The preview page of a channel, from `NAME`, `@NAME` or a t.me address. Raises `ValueError`."""
    bare = (
        re.sub(r"^(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:s/)?", "", name.strip())
        .strip("@/")
        .split("?")[0]
    )
    if not _NAME.match(bare):
        raise ValueError(f"{name!r} is no Telegram channel name (letters, digits and _, 4 to 32 of them)")
    return f"https://t.me/s/{bare}"


def parse_channel(body: bytes, url: str, content_type: str | None = None, *, now: datetime) -> Listing:
    """The messages of a preview page, newest first. Raises `ListingError` where there is no preview.

    An entry's address is the message's permanent link; messages without text (pictures alone) are left out, as
    are service messages. `next_page` leads to the older ones.
    """
    tree = parse_html(decode_html(body, content_type))
    messages = tree.xpath("//div[@data-post]")
    if not messages:
        raise _no_messages(tree, url)
    links, times = Links(url), Times("telegram", now, None)
    entries: list[Entry] = []
    textless = 0
    for message in messages:
        entry = _entry(message, links, times)
        if entry is None:
            textless += 1
        else:
            entries.append(entry)
    problems = times.problems()
    if messages and not entries:
        problems.append("None of the messages on its page has text.")
    title = tree.xpath("string(//meta[@property='og:title']/@content)").strip()
    older = tree.xpath(
        "string(//a[contains(@class, 'tme_messages_more')][@data-before]/@href)"
    ) or tree.xpath("string(//link[@rel='prev']/@href)")
    return Listing(
        entries=tuple(reversed(entries)),
        kind="telegram",
        title=one_line(title, 300),
        next_page=links.resolve(older),
        problems=tuple(problems),
    )


def _entry(message: Any, links: Links, times: Times) -> Entry | None:
    post = _POST.match(message.get("data-post"))
    # A quoted message stands inside the reply's block and carries the same class: it is not this one's text.
    bodies = message.xpath(
        ".//div[contains(concat(' ', normalize-space(@class), ' '), ' js-message_text ')]"
        "[not(ancestor::*[contains(@class, 'message_reply')])]"
    )
    if post is None or not bodies:
        return None
    content = bodies[-1]
    text = printable(text_of(content))
    if not text:
        return None
    stamp = message.xpath("string(.//*[contains(@class, 'message_date')]//time/@datetime)") or message.xpath(
        "string((.//time/@datetime)[last()])"
    )
    author = message.xpath("string(.//*[contains(@class, 'message_from_author')])").strip()
    return Entry(
        url=f"https://t.me/{post[1]}/{post[2]}",
        title=headline(text),
        published=times.published(stamp),
        authors=(author,) if author else (),
        content_html=_markup(content, links),
        guid=f"{post[1]}/{post[2]}",
    )


def headline(text: str) -> str:
    """The first line of a message that says something, cut at a word where it is long."""
    lines = (_MARKS.sub("", " ".join(line.split())) for line in text.split("\n"))
    line = next((line for line in lines if sum(char.isalpha() for char in line) >= 8), None) or " ".join(
        text.split()
    )
    if len(line) <= MAX_TITLE_CHARS:
        return line
    ends = [match.end() for match in re.finditer(r"[.!?؟۔](?=\s)", line[: MAX_TITLE_CHARS + 1])]
    if ends and ends[-1] >= 40:
        return line[: ends[-1]]
    return line[:MAX_TITLE_CHARS].rsplit(" ", 1)[0].rstrip(" ,،;:") + "…"


def _markup(content: Any, links: Links) -> str:
    """The message as HTML: paragraphs at empty lines, breaks kept, emoji pictures as their letters, links whole."""
    for anchor in content.iter("a"):
        target = links.resolve(anchor.get("href"))
        for name in list(anchor.attrib):
            del anchor.attrib[name]
        if target:
            anchor.set("href", target)
    etree.strip_tags(content, "i", "tg-emoji", "span", "mark")
    inner = html.tostring(content, encoding="unicode", with_tail=False)
    inner = re.sub(r"^<div[^>]*>|</div>\s*$", "", inner)
    paragraphs = [part.strip() for part in re.split(r"(?:<br\s*/?>\s*){2,}", inner)]
    return "".join(f"<p>{part}</p>" for part in paragraphs if part)


def _no_messages(tree: Any, url: str) -> ListingError:
    if tree.xpath("//*[contains(@class, 'tgme_channel_info') or contains(@class, 'tgme_header')]"):
        return ListingError("no entries", "The channel has no messages, or shows none on the web.")
    if tree.xpath("//*[contains(@class, 'tgme_page') or starts-with(@class, 'tgme_')]"):
        return ListingError(
            "no preview",
            "Telegram shows no preview of this channel: the name is wrong, it is a private channel or a person, "
            "or its owner has switched the preview off. Open the address in a browser to see which.",
        )
    return ListingError(
        "html",
        f"The answer from {url} is no Telegram page; something between here and t.me answers in its place. "
        "Telegram is filtered in some countries: a proxy for this source may help.",
    )
