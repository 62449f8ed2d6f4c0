"""*Story*: the lead's text with all its evidence, who else reports it and why they belong, what changed since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from storage.database import Row
from storage.model import Evidence, Match
from storage.views import details, stories
from storage.views.details import StoryView
from web.marks import Line, Piece, difference, paragraphs
from web.original import original_frame, original_source
from web.pages import problem, render
from web.params import Identity
from web.site import site_of

router = APIRouter(include_in_schema=False)
MAX_TEXT_CHARS = 200_000
"""A page shows so much of a text; the rest is said to be there."""


@dataclass(frozen=True, slots=True)
class Change:
    """A revision as its difference to what followed."""

    revision: Row
    title: tuple[Line, ...]
    lines: tuple[Line, ...]


@router.get("/stories/{story_id}")
def story_page(request: Request, story_id: Identity) -> Response:
    """One story."""
    site = site_of(request)
    with site.pool.lease() as db:
        view = details.story(db, story_id)
        if view is None:
            return problem(
                request,
                404,
                "There is no such story",
                f"No story has the number {story_id}. It may have been merged or read anew.",
            )
        if view.id != story_id:
            return RedirectResponse(f"/stories/{view.id}", 303)
        heads = view.heads
        topic = heads[0]["topic"] if heads else ""
        cards = stories.cards(db, topic, heads[:1], site.clock()) if heads else []
        revisions = details.revision_texts(db, tuple(member["id"] for member in view.members))
        texts = {
            row["id"]: row
            for row in (details.article_text(db, one) for one in {row["article_id"] for row in revisions})
            if row
        }
    own = view.matches.get(view.lead["id"], ())
    return render(
        request,
        "story.html",
        page="Story",
        story=view,
        card=cards[0] if cards else None,
        topic=topic,
        body=marked(view.lead["text"], own),
        cut=len(view.lead["text"]) > MAX_TEXT_CHARS,
        lead=view.lead,
        authors=json.loads(view.lead["authors"]),
        own=own,
        others=other_evidence(view),
        changes=changes(revisions, texts),
        strip=time_strip(view.members),
        sources=sorted({member["source"] for member in view.members}),
        langs=sorted({member["lang"] for member in view.members if member["lang"]}),
    )


@router.get("/articles/{article_id}")
def article_page(request: Request, article_id: Identity) -> Response:
    """One article."""
    site = site_of(request)
    with site.pool.lease() as db:
        view = details.article(db, article_id)
    if view is None:
        return problem(request, 404, "There is no such article", f"No article has the number {article_id}.")
    texts = {article_id: view.row}
    return render(
        request,
        "article.html",
        page="Article",
        article=view,
        row=view.row,
        body=marked(view.row["text"], view.matches),
        cut=len(view.row["text"]) > MAX_TEXT_CHARS,
        changes=changes(list(view.revisions), texts),
    )


@router.get("/articles/{article_id}/original")
def original(request: Request, article_id: Identity, form: str = "frame") -> Response:
    """The archived answer for a sandboxed frame (`form=frame`), or its text (`form=text`)."""
    site = site_of(request)
    with site.pool.lease() as db:
        view = details.article(db, article_id)
    if view is None or view.capture is None:
        return problem(
            request,
            404,
            "Nothing is archived",
            "This article has no archived answer: it was listed with its text, or stored before.",
        )
    archive = site.data_dir / "archive"
    return original_source(archive, view.capture) if form == "text" else original_frame(archive, view.capture)


def marked(text: str, matches: tuple[Match, ...]) -> list[list[Piece]]:
    """The text's paragraphs with the evidence of all matches, and the words in it, marked."""
    evidence = [item for match in matches for item in match.evidence if item.field == "text"]
    return paragraphs(
        text[:MAX_TEXT_CHARS],
        [(item.start, item.end) for item in evidence],
        [mark for item in evidence for mark in item.marks],
    )


def other_evidence(view: StoryView) -> list[tuple[Row, Evidence]]:
    """(report, sentence) of other reports, each sentence once, the first that says it; the lead's own are left out."""
    said = {item.quote for match in view.matches.get(view.lead["id"], ()) for item in match.evidence}
    result = []
    for member in view.members:
        for match in view.matches.get(member["id"], ())[:1]:
            item = next(
                (one for one in match.evidence if one.field == "text"),
                match.evidence[0] if match.evidence else None,
            )
            if item is not None and item.quote not in said:
                said.add(item.quote)
                result.append((member, item))
    return result


def changes(revisions: list[Row], texts: dict[int, Row]) -> list[Change]:
    """Each revision against the content that replaced it, the latest change first."""
    following: dict[int, Row] = dict(texts)
    result = []
    for row in sorted(revisions, key=lambda one: (one["article_id"], -one["revision"])):
        after = following.get(row["article_id"])
        if after is not None:
            title = difference(row["title"], after["title"]) if row["title"] != after["title"] else []
            result.append(Change(row, tuple(title), tuple(difference(row["text"], after["text"]))))
        following[row["article_id"]] = row
    return result


STRIP_WIDTH = 1000.0


def time_strip(members: tuple[Row, ...]) -> dict[str, Any] | None:
    """Reports as dots on a line of time, by first sight; None for a single one."""
    if len(members) < 2:
        return None
    moments = [datetime.fromisoformat(member["first_seen"]).timestamp() for member in members]
    first, last = min(moments), max(moments)
    length = max(1.0, last - first)
    dots = [
        (round(10 + (moment - first) / length * (STRIP_WIDTH - 20), 1), member)
        for moment, member in zip(moments, members, strict=True)
    ]
    stamps = sorted(member["first_seen"] for member in members)
    return {"dots": dots, "first": stamps[0], "last": stamps[-1], "length_s": last - first}
