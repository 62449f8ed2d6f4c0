"""The page on the command line: serving it alone, who may use it, and keys for programs."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from jobs.cli.app import App, json_option, note, pass_app
from jobs.topics.loader import TopicSet, load_topics
from storage import users as store
from storage.database import Database, now_utc
from storage.model import UsageError
from storage.users import ROLES, Role
from web.access import digest, hash_password, new_secret
from web.actions import Actions, StoredActions
from web.app import create_app
from web.server import serve

Part = Callable[[asyncio.Event], Awaitable[None]]


def topics_of(app: App) -> Callable[[], TopicSet]:
    """Loads the configured topics; the page asks again now and then, so that a changed file shows."""
    return lambda: load_topics(app.config.topics, app.config.base_dir)


def page_part(
    app: App, *, actions: Actions | None = None, metrics: Callable[[], bytes] | None = None
) -> Part:
    """The page as a part of the service; without `actions` it acts through the tables, which the service watches.

    `metrics` gives the text that /metrics answers.
    """
    acting = actions or StoredActions(app.database_path, now_utc)

    async def run(stop: asyncio.Event) -> None:
        page = create_app(app.data_dir, app.config.web, acting, topics=topics_of(app), metrics=metrics)
        await serve(
            page,
            app.config.web.host,
            app.config.web.port,
            stop,
            ready=lambda address: note(f"The page is at {address}"),
        )

    return run


@click.command()
@click.option("--host", help="Address to listen on [else of the configuration, 127.0.0.1].")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one [else of the configuration, 8470].",
)
@click.option(
    "--act",
    is_flag=True,
    help="Let people judge, mute and handle from this page too. Without it the page only reads.",
)
@pass_app
def web(app: App, host: str | None, port: int | None, act: bool) -> None:
    """The analyst's page alone, over the database of this data directory, beside a service or without one.

    `borderwatch run` serves the same page itself. Any address but loopback needs users: `borderwatch users add`.
    """
    options = app.config.web
    if host is not None or port is not None:
        changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        options = type(options).model_validate({**options.model_dump(), **changes})
    actions = StoredActions(app.database_path, now_utc) if act else None

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        page = create_app(app.data_dir, options, actions, topics=topics_of(app))
        await serve(page, options.host, options.port, stop, ready=click.echo)

    asyncio.run(run())


@click.group()
def users() -> None:
    """Who may log in to the page.

    As soon as there is a user, everybody has to log in. Roles: a viewer reads, an editor also judges, mutes, handles,
    splits, merges and checks sources, an admin also retries deliveries and mutes sources and topics.
    """


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="editor", show_default=True)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
@pass_app
def add_command(app: App, name: str, role: Role, password_stdin: bool) -> None:
    """Add a person; the password is asked for."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise UsageError("Give a name of 1 to 100 printable characters.")
    hashed = hash_password(_password(from_stdin=password_stdin))
    store.add_user(app.open_database(), name.strip(), hashed, role, now_utc())
    note(f"{name.strip()} may log in as {role}. From now on everybody has to.")


@users.command("passwd")
@click.argument("name")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
@pass_app
def passwd_command(app: App, name: str, password_stdin: bool) -> None:
    """Change a person's password; all their sessions end."""
    db = app.open_database()
    if store.find_user(db, name) is None:
        raise store.UnknownUserError(
            f"There is no user {name}. `borderwatch users list` shows those there are."
        )
    store.set_password(db, name, hash_password(_password(from_stdin=password_stdin)))
    note(f"The password of {name} is changed.")


@users.command("remove")
@click.argument("name")
@pass_app
def remove_command(app: App, name: str) -> None:
    """Remove a person with their sessions and tokens; what they judged stays."""
    store.remove_user(app.open_database(), name)
    note(f"{name} may not log in any more.")


@users.command("list")
@json_option
@pass_app
def list_command(app: App, as_json: bool) -> None:
    """Everyone who may log in."""
    found = store.list_users(app.open_database(readonly=True))
    if as_json:
        app.emit([_user(user) for user in found], as_json=True)
        return
    for user in found:
        login = f"last login {user.last_login:%Y-%m-%d %H:%M}Z" if user.last_login else "never logged in"
        click.echo(f"{user.name:24} {user.role:7} {login}")
    if not found:
        note("There are no users: on loopback the page is open to everybody on this machine.")


@click.group()
def tokens() -> None:
    """Keys for programs: the API as `Authorization: Bearer …`, feeds also as `?token=…`."""


@tokens.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--user", help="Whose it is; it goes with them.")
@json_option
@pass_app
def add_token_command(app: App, name: str, role: Role, user: str | None, as_json: bool) -> None:
    """Make a token and print it: it is shown this once, only its hash is kept."""
    db = app.open_database()
    if user is not None:
        _check_owner(db, user, role)
    secret = new_secret()
    made = store.add_token(db, digest(secret), name, user, role, now_utc())
    app.emit(
        {"id": made.id, "name": name, "role": role, "token": secret} if as_json else secret, as_json=as_json
    )


@tokens.command("list")
@json_option
@pass_app
def list_tokens_command(app: App, as_json: bool) -> None:
    """The tokens that hold, without their secrets."""
    found = store.list_tokens(app.open_database(readonly=True))
    if as_json:
        app.emit(
            [
                {"id": one.id, "name": one.name, "user": one.user, "role": one.role, "created": one.created}
                for one in found
            ],
            as_json=True,
        )
        return
    for one in found:
        click.echo(f"{one.id:>4}  {one.name:24} {one.role:7} {one.user or ''}")


@tokens.command("remove")
@click.argument("token_id", type=int)
@pass_app
def remove_token_command(app: App, token_id: int) -> None:
    """Make a token worthless."""
    store.remove_token(app.open_database(), token_id)
    note(f"Token {token_id} is worthless now.")


def _check_owner(db: Database, user: str, role: Role) -> None:
    owner = store.find_user(db, user)
    if owner is None:
        raise store.UnknownUserError(
            f"There is no user {user}. `borderwatch users list` shows those there are."
        )
    if ROLES.index(role) > ROLES.index(owner.role):
        raise UsageError(f"{user} is {owner.role}: a token of theirs cannot be {role}.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _user(user: store.User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role, "created": user.created, "last_login": user.last_login}
