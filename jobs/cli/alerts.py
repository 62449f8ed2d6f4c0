"""`borderwatch alerts …`: what was told, to whom, what failed; trying again, testing, muting, out-feeds."""

from __future__ import annotations

import asyncio
import getpass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from jobs.cli.app import App, json_option, note, pass_app
from jobs.config.channels import Channel
from jobs.config.fields import parse_duration_s
from storage.alert_queries import article_for_preview, known_alert, list_alerts, mark_handled, revive
from storage.database import now_utc, open_database, parse_stamp, stamp
from storage.model import BorderwatchError, UsageError
from storage.mutes import Muted, active_mutes, mute, mute_undelivered, unmute

who_option = click.option("--who", default=getpass.getuser, show_default="this user", help="Who does it.")


@click.group()
def alerts() -> None:
    """What was told, to whom, and what could not be delivered."""


@alerts.command("list")
@click.option("--topic", help="Only this topic.")
@click.option("--undelivered", is_flag=True, help="Only what not every channel has.")
@click.option("--all", "everything", is_flag=True, help="Digests, summaries and notices too.")
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="At most so many, newest first.",
)
@json_option
@pass_app
def list_command(
    app: App, topic: str | None, undelivered: bool, everything: bool, limit: int, as_json: bool
) -> None:
    """Alerts with the state of each delivery, newest first."""
    kinds = ("new", "update", "digest", "summary", "notice") if everything else ("new", "update")
    db = app.open_database(readonly=True)
    found = list_alerts(db, limit=limit, topic=topic, undelivered=undelivered, kinds=kinds)
    db.conn.close()
    if as_json:
        app.emit(found, as_json=True)
        return
    for alert in found:
        click.echo(_line(alert))
    if not found:
        note("No alerts yet." if not undelivered else "Every alert is delivered.")


def _line(alert: dict[str, Any]) -> str:
    from jobs.alerts.clean import isolate, one_line  # noqa: PLC0415

    title = isolate(one_line(alert["title"], 90))
    parts = [
        f"{alert['created'][:16]}Z  {alert['state']:<10} {alert['id']}",
        f"    {title}  {alert['source'] or ''}",
    ]
    for delivery in alert["deliveries"]:
        if delivery["state"] != "sent":
            reason = delivery["last_error"] or delivery["channel_error"]
            error = f": {reason}" if reason else ""
            parts.append(f"    {delivery['channel']} {delivery['state']}, {delivery['tries']} tries{error}")
    return "\n".join(parts)


@alerts.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@json_option
@pass_app
def retry(app: App, ids: tuple[str, ...], as_json: bool) -> None:
    """Try now what is undelivered (or the alerts of these IDs), also what was given up."""
    from jobs.alerts.deliver import Deliverer  # noqa: PLC0415

    channels = [channel for channel in app.config.channels if channel.enabled]
    db = app.open_database()
    for key in ids:
        if not known_alert(db, key):
            raise UsageError(f"there is no alert {key}. `borderwatch alerts list` names them.")
    wanted = revive(db, ids or None, now_utc(), [channel.name for channel in channels])
    db.conn.close()
    deliverer = Deliverer(
        lambda: open_database(app.database_path),
        channels,
        base_dir=app.config.base_dir,
        base_url=app.config.web.base_url,
    )
    done = asyncio.run(deliverer.send_named(wanted))
    result = {
        "tried": len(wanted),
        "deliveries_sent": done.deliveries_sent,
        "deliveries_failed": done.deliveries_failed,
    }
    app.emit(
        result
        if as_json
        else f"{len(wanted)} tried, {done.deliveries_sent} sent, {done.deliveries_failed} failed.",
        as_json=as_json,
    )
    if done.deliveries_failed:
        note("`borderwatch alerts list --undelivered` tells why.")
        raise SystemExit(1)


@alerts.command("test")
@click.argument("channel")
@json_option
@pass_app
def try_channel(app: App, channel: str, as_json: bool) -> None:
    """Send a sample that says it is one, and report what the receiver answered."""
    from jobs.alerts.try_out import send_sample  # noqa: PLC0415

    chosen = _channel(app, channel)
    outcome = asyncio.run(send_sample(chosen, base_dir=app.config.base_dir, now=now_utc()))
    if as_json:
        app.emit({"channel": channel, "sent": outcome.sent, "error": outcome.error}, as_json=True)
    elif outcome.sent:
        click.echo(f"{channel}: the receiver accepted the sample.")
    if not outcome.sent:
        note(f"borderwatch: {channel}: {outcome.error}")
        raise SystemExit(1)


@alerts.command()
@click.argument("article", metavar="ID_OR_URL")
@click.option("--channel", "channel_name", help="As this channel would send it [else the first one].")
@click.option("--html", is_flag=True, help="The HTML of a mail.")
@json_option
@pass_app
def preview(app: App, article: str, channel_name: str | None, html: bool, as_json: bool) -> None:
    """Show any article as a channel would send it; nothing is sent or stored."""
    from jobs.alerts.try_out import preview_message  # noqa: PLC0415
    from jobs.policy import alert_policy  # noqa: PLC0415

    db = app.open_database(readonly=True)
    row = article_for_preview(db, article)
    db.conn.close()
    if row is None:
        raise UsageError(
            f"there is no article {article}. Give an id or an address of `borderwatch articles export`."
        )
    channels = app.config.channels
    chosen = (
        _channel(app, channel_name)
        if channel_name
        else (channels[0] if channels else Channel.model_validate({"name": "preview", "url": "terminal://"}))
    )
    shown = preview_message(row, chosen, alert_policy(app.config), base_dir=app.config.base_dir, html=html)
    app.emit(shown if as_json else f"{shown['title']}\n\n{shown['body']}".strip(), as_json=as_json)


def _channel(app: App, name: str) -> Channel:
    found = next((channel for channel in app.config.channels if channel.name == name), None)
    if found is None:
        known = ", ".join(channel.name for channel in app.config.channels) or "none"
        raise UsageError(f"there is no channel {name}; there are: {known}.")
    return found


WHAT = click.Choice(["story", "source", "topic"])


@alerts.command("mute")
@click.argument("what", type=WHAT)
@click.argument("value")
@click.option(
    "--for",
    "time",
    default="7d",
    show_default=True,
    help='How long, such as "12h"; "forever" until it is lifted.',
)
@click.option("--note", "reason", help="Why, for the others.")
@who_option
@pass_app
def mute_command(app: App, what: Muted, value: str, time: str, reason: str | None, who: str) -> None:
    """Tell nobody of a story, a source or a topic for a time."""
    now = now_utc()
    until = None if time == "forever" else now + timedelta(seconds=_duration(time))
    db = app.open_database()
    _require(app, db, what, value)
    mute(db, what, value, until=until, who=who, at=now, note=reason)
    stopped = mute_undelivered(db, now)
    db.conn.close()
    ends = f"until {_minute(until)}" if until else "until it is lifted"
    click.echo(
        f"{what} {value} is muted {ends}{f'; {stopped} waiting deliveries are dropped' if stopped else ''}."
    )


def _duration(text: str) -> float:
    try:
        return parse_duration_s(text)
    except ValueError as fault:
        raise UsageError(f"--for {text}: {fault}.") from None


def _require(app: App, db: Any, what: str, value: str) -> None:
    if what == "story" and (
        not value.isdigit()
        or db.conn.execute("SELECT 1 FROM articles WHERE story_id = ?", (value,)).fetchone() is None
    ):
        raise UsageError(f"there is no story {value}.")
    known = {row[0] for row in db.conn.execute("SELECT name FROM sources")} | {
        source.name for source in app.config.source_records
    }
    if what == "source" and value not in known:
        raise UsageError(f"there is no source {value}. `borderwatch sources list` names them.")


@alerts.command("unmute")
@click.argument("what", type=WHAT)
@click.argument("value")
@who_option
@pass_app
def unmute_command(app: App, what: Muted, value: str, who: str) -> None:
    """Lift a mute before its time."""
    db = app.open_database()
    lifted = unmute(db, what, value, who=who, at=now_utc())
    db.conn.close()
    if not lifted:
        raise UsageError(f"{what} {value} is not muted.")
    click.echo(f"{what} {value} is heard again.")


@alerts.command()
@json_option
@pass_app
def mutes(app: App, as_json: bool) -> None:
    """What is muted now, until when, and by whom."""
    db = app.open_database(readonly=True)
    found = active_mutes(db, now_utc())
    db.conn.close()
    if as_json:
        app.emit(found, as_json=True)
        return
    for row in found:
        ends = f"until {_minute(parse_stamp(row['until']))}" if row["until"] else "until it is lifted"
        click.echo(
            f"{row['what']} {row['value']}  {ends}, by {row['who']}{': ' + row['note'] if row['note'] else ''}"
        )
    if not found:
        note("Nothing is muted.")


@alerts.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--undo", is_flag=True, help="Take it back.")
@who_option
@pass_app
def handled(app: App, ids: tuple[str, ...], undo: bool, who: str) -> None:
    """Mark alerts as taken care of, with who and when."""
    db = app.open_database()
    missing = [key for key in ids if not mark_handled(db, key, who=who, at=now_utc(), handled=not undo)]
    db.conn.close()
    if missing:
        raise UsageError(f"there is no alert {', '.join(missing)}. `borderwatch alerts list` names them.")
    click.echo(f"{len(ids)} {'open again' if undo else 'handled'}.")


@alerts.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@json_option
@pass_app
def feeds(app: App, folder: Path | None, as_json: bool) -> None:
    """Write Atom, JSON Feed and CSV of matches and stories, for each topic [into DATA_DIR/feeds]."""
    from jobs.alerts.feeds import FOLDER, write_feeds  # noqa: PLC0415

    target = folder or app.data_dir / FOLDER
    db = app.open_database(readonly=True)
    try:
        written = write_feeds(db, target, base_url=app.config.web.base_url)
    except OSError as fault:
        raise BorderwatchError(
            f"{target}: the feeds cannot be written ({fault}). Give this user write access, or name another folder."
        ) from None
    finally:
        db.conn.close()
    app.emit([str(path) for path in written] if as_json else "\n".join(map(str, written)), as_json=as_json)


def _minute(moment: datetime) -> str:
    return stamp(moment)[:16] + "Z"
