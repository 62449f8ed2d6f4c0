"""What a person does: judging, muting, handling, splitting, merging, checking, retrying, keeping searches. Editors only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from pydantic import Field
from starlette.responses import Response

from storage.database import open_database
from storage.model import BorderwatchError
from storage.users import Role, remove_search, save_search
from storage.views import stories
from web.actions import Actions
from web.csrf import checked
from web.pages import problem, render
from web.params import MAX_ID
from web.site import site_of, visitor_of

router = APIRouter(prefix="/do", include_in_schema=False, dependencies=[Depends(checked)])
READ_ONLY = (
    "This page only reads: it was started by `borderwatch web`. Start `borderwatch run` to act from here."
)


def act(request: Request, role: Role, action: Callable[[Actions, str], str]) -> tuple[str, str | None]:
    """Run an action as the visitor; (sentence, None) or ("", what is wrong). Raises 403 where the role does not allow it."""
    site = site_of(request)
    visitor = visitor_of(request)
    if visitor is None or not visitor.may(role):
        raise HTTPException(403, f"Your role does not allow this; ask for the role {role}.")
    if site.actions is None:
        raise HTTPException(403, READ_ONLY)
    try:
        said = action(site.actions, visitor.name)
    except BorderwatchError as fault:
        return "", str(fault)
    site.hub.touch()
    return said, None


def answer(request: Request, said: str, fault: str | None, *, reload: bool = False) -> Response:
    """The sentence as a note at the page's edge; on a fault the sentence with 409."""
    if fault is not None:
        return problem(request, 409, "That was not possible", fault)
    headers = {"X-Message": said.encode("ascii", "replace").decode()}
    if reload:
        headers["HX-Refresh"] = "true"
    return Response(said, headers=headers, media_type="text/plain")


def card_answer(request: Request, said: str, fault: str | None, story_id: int, topic: str) -> Response:
    """The story's card anew, with the sentence as a note."""
    if fault is not None or not story_id:
        return answer(request, said, fault, reload=fault is None)
    site = site_of(request)
    with site.pool.lease() as db:
        heads = [head for head in stories.story_heads(db, story_id) if head["topic"] == topic]
        cards = stories.cards(db, topic, heads, site.clock())
    return render(
        request, "_fresh.html", cards=cards, headers={"X-Message": said.encode("ascii", "replace").decode()}
    )


@router.post("/judge")
def judge(
    request: Request,
    article: Annotated[int, Form(ge=0, le=MAX_ID)],
    topic: Annotated[str, Form()],
    word: Annotated[Literal["relevant", "not_relevant", "undo"], Form()],
    story: Annotated[int, Form(ge=0, le=MAX_ID)] = 0,
) -> Response:
    """Relevant, not relevant, or taking that back."""

    def action(actions: Actions, who: str) -> str:
        if word == "undo":
            return actions.undo_judgement(article, topic, who=who)
        return actions.judge(article, topic, relevant=word == "relevant", who=who)

    said, fault = act(request, "editor", action)
    return card_answer(request, said, fault, story, topic)


@router.post("/mute")
def mute(
    request: Request,
    what: Annotated[Literal["story", "source", "topic"], Form()],
    value: Annotated[str, Form(max_length=200)],
    hours: Annotated[float, Form(ge=0, le=24 * 3650)] = 168,
    lift: Annotated[bool, Form()] = False,
    topic: Annotated[str, Form()] = "",
) -> Response:
    """Mute a story, a source or a topic for some hours (0: until lifted), or lift that."""

    def action(actions: Actions, who: str) -> str:
        return (
            actions.unmute(what, value, who=who)
            if lift
            else actions.mute(what, value, hours=hours or None, who=who)
        )

    said, fault = act(request, "editor" if what == "story" else "admin", action)
    return card_answer(
        request,
        said,
        fault,
        int(value) if what == "story" and value.isdecimal() and len(value) < 19 and topic else 0,
        topic,
    )


@router.post("/handle")
def handle(
    request: Request,
    alert: Annotated[str, Form(max_length=200)],
    handled: Annotated[bool, Form()] = True,
    story: Annotated[int, Form(ge=0, le=MAX_ID)] = 0,
    topic: Annotated[str, Form()] = "",
) -> Response:
    """An alert is dealt with, or open again."""
    said, fault = act(request, "editor", lambda actions, who: actions.handle(alert, handled=handled, who=who))
    return card_answer(request, said, fault, story, topic)


@router.post("/check")
def check(request: Request, source: Annotated[str, Form(max_length=200)]) -> Response:
    """Ask a source now."""
    return answer(request, *act(request, "editor", lambda actions, _: actions.check_source_now(source)))


@router.post("/retry")
def retry(request: Request, delivery: Annotated[int, Form(ge=0, le=MAX_ID)]) -> Response:
    """Try a delivery again."""
    return answer(
        request, *act(request, "admin", lambda actions, _: actions.retry_delivery(delivery)), reload=True
    )


@router.post("/split")
def split(
    request: Request, article: Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Form(max_length=500)]
) -> Response:
    """Take reports out of their story."""
    return answer(
        request,
        *act(request, "editor", lambda actions, who: actions.split_story(tuple(article), who=who)),
        reload=True,
    )


@router.post("/merge")
def merge(
    request: Request,
    story: Annotated[int, Form(ge=0, le=MAX_ID)],
    other: Annotated[int, Form(ge=0, le=MAX_ID)],
) -> Response:
    """Make one story of two."""
    return answer(
        request,
        *act(request, "editor", lambda actions, who: actions.merge_stories(story, other, who=who)),
        reload=True,
    )


@router.post("/searches")
def keep_search(
    request: Request, query: Annotated[str, Form(max_length=2000)], name: Annotated[str, Form(max_length=80)]
) -> Response:
    """Keep a search under a name (every role: it is the person's own)."""
    site = site_of(request)
    visitor = visitor_of(request)
    if visitor is None or site.actions is None:
        raise HTTPException(403, READ_ONLY)
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key != "before"])
    if not name.strip() or not kept:
        return answer(request, "", "Give the search a name, and search for something first.")
    db = open_database(site.database)
    try:
        save_search(db, visitor.name, name.strip(), kept, site.clock())
    finally:
        db.conn.close()
    site.hub.touch()
    return answer(request, f"Kept as {name.strip()}", None, reload=True)


@router.post("/searches/forget")
def forget_search(request: Request, search: Annotated[int, Form(ge=0, le=MAX_ID)]) -> Response:
    """Forget one of the person's own searches."""
    site = site_of(request)
    visitor = visitor_of(request)
    if visitor is None or site.actions is None:
        raise HTTPException(403, READ_ONLY)
    db = open_database(site.database)
    try:
        remove_search(db, visitor.name, search)
    finally:
        db.conn.close()
    site.hub.touch()
    return answer(request, "Forgotten", None, reload=True)
