"""Writing a first configuration, and checking one."""

from __future__ import annotations

from pathlib import Path

import click
import tomlkit

from jobs.cli.app import App, json_option, note, pass_app
from jobs.config.load import DEFAULT_NAME, ConfigurationError, load_config, preset
from storage.model import UsageError

PRESETS = ("iran", "pakistan", "baloch", "region", "world")


@click.command()
@click.option("--contact", help="Address where publishers reach you; asked for when not given.")
@click.option("--presets", help=f"Shipped source lists, separated by commas ({', '.join(PRESETS)}).")
@click.option(
    "--channel", "channel_url", help='Where alerts go: an Apprise URL, webhook+https://…, or "env:NAME".'
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path(DEFAULT_NAME), show_default=True
)
@click.option("--force", is_flag=True, help="Write over an existing file (it is kept with the ending .old).")
@click.pass_context
def init(
    ctx: click.Context,
    contact: str | None,
    presets: str | None,
    channel_url: str | None,
    output: Path,
    *,
    force: bool,
) -> None:
    """Write a first configuration by questions: contact, sources, a channel with a test alert."""
    if output.exists() and not force:
        raise UsageError(
            f"{output} exists already. Edit it, name another with --output, or give --force (the old one is kept as {output.name}.old)."
        )
    contact = contact or click.prompt(
        "Your address, so that publishers can reach you (goes into the User-Agent)", err=True
    )
    known = [name for name in PRESETS if preset("sources", name)]
    presets = (
        presets
        if presets is not None
        else click.prompt(
            f"Source lists, separated by commas ({', '.join(known)})", default=",".join(known), err=True
        )
    )
    chosen = [name.strip().removeprefix("presets:") for name in presets.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in known]:
        raise UsageError(f"no such source list: {', '.join(unknown)}. There are: {', '.join(known)}.")
    if channel_url is None:
        note(
            "Where should alerts go? Examples: mailto://user:pass@host, tgram://TOKEN/CHAT, ntfy://TOPIC, webhook+https://host/path."
        )
        note('With "env:NAME" the address stays in the environment variable NAME and out of the file.')
        channel_url = click.prompt(
            "Channel (empty for none: alerts show on the page and in `alerts list`)",
            default="",
            show_default=False,
            err=True,
        )
    if output.exists():
        output.replace(output.with_name(output.name + ".old"))
    output.write_text(_document(contact, chosen, channel_url), encoding="utf-8")
    try:
        load_config(output)
    except ConfigurationError as fault:
        note(f"{output} is written, but has faults that you need to mend:\n{fault}")
        ctx.exit(2)
    note(f"{output} is written.")
    _try_channel(ctx, output, channel_url)
    note(
        "Next: `borderwatch sources check --all` tries the sources, `borderwatch crawl` makes one pass, `borderwatch run` keeps watching."
    )


def _document(contact: str, presets: list[str], channel_url: str) -> str:
    document = tomlkit.document()
    document.add(
        tomlkit.comment(
            "borderwatch: see docs/configuration.md for every key. `borderwatch config check` verifies this file."
        )
    )
    service = tomlkit.table()
    service.add("contact", contact)
    service.add("alert_window", "48h")
    document.add("service", service)
    include = tomlkit.table()
    include.add("sources", [f"presets:{name}" for name in presets])
    include.add("topics", ["presets:iran-pakistan-border"])
    document.add("include", include)
    if channel_url:
        channels = tomlkit.aot()
        channel = tomlkit.table()
        channel.add("name", "desk")
        channel.add("url", channel_url)
        channel.add("mode", "instant")
        channels.append(channel)
        document.add("channels", channels)
    return tomlkit.dumps(document)


def _try_channel(ctx: click.Context, output: Path, channel_url: str) -> None:
    if not channel_url or not click.confirm("Send a test alert to the channel now?", default=True, err=True):
        return
    from jobs.cli.alerts import alerts  # noqa: PLC0415

    command = alerts.commands["test"]
    ctx.obj = App(config_option=output)
    try:
        ctx.invoke(command, channel="desk")
    except SystemExit:
        note(
            "The channel did not take it. Mend its address in the file, then try `borderwatch alerts test desk`."
        )


@click.group()
def config() -> None:
    """The configuration."""


@config.command()
@json_option
@pass_app
def check(app: App, *, as_json: bool) -> None:
    """Verify the configuration: every fault at once, with file, key, value and reason."""
    try:
        loaded = load_config(app.config_path)
    except ConfigurationError as fault:
        if as_json:
            app.emit(
                {
                    "ok": False,
                    "faults": [
                        {"file": f.file, "key": f.key, "value": f.value, "reason": f.reason}
                        for f in fault.faults
                    ],
                },
                as_json=True,
            )
            raise SystemExit(fault.exit_code) from fault
        raise
    enabled = sum(source.enabled for source in loaded.sources)
    summary = {
        "ok": True, "file": str(loaded.path) if loaded.path else None, "sources": len(loaded.sources), "enabled": enabled,
        "channels": len(loaded.channels), "topics": list(loaded.topics), "data_dir": str(app.data_dir), "faults": [],
    }  # fmt: skip
    if as_json:
        app.emit(summary, as_json=True)
        return
    click.echo(
        f"{loaded.path or 'the shipped defaults'}: no faults. {len(loaded.sources)} sources ({enabled} enabled), {len(loaded.channels)} channels, topics {', '.join(loaded.topics)}, data in {app.data_dir}."
    )
    if loaded.sources and not loaded.service.contact:
        click.echo(
            'service.contact is not set: public sources are not crawled without it. Add contact = "you@example.org" under [service].'
        )
