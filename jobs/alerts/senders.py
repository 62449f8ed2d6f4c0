"""From a channel's configuration to the object that sends: webhook, mail, terminal, or anything Apprise knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from jobs.alerts.parcel import Sender
from jobs.alerts.render import Renderer
from jobs.alerts.scrub import Scrubber
from jobs.alerts.templates import BadTemplateError, check_templates
from jobs.alerts.webhook import WebhookSender
from jobs.config.channels import Channel


def scrubber_of(channels: Iterable[Channel]) -> Scrubber:
    """Knows the secrets of these channels."""
    channels = list(channels)
    return Scrubber(
        (channel.address for channel in channels), (channel.signing_secret or "" for channel in channels)
    )


def make_sender(
    channel: Channel, *, base_dir: Path, scrub: Scrubber, console: Console | None = None
) -> Sender:
    """The sender of a channel; raises BadTemplateError where its template cannot be used."""
    if channel.is_webhook:
        return WebhookSender(channel, scrub)
    if channel.is_terminal:
        from jobs.alerts.terminal import TerminalSender  # noqa: PLC0415 - rich's panels are for terminals alone

        return TerminalSender(
            console or Console(stderr=True), language=channel.language, timezone=channel.timezone
        )
    from jobs.alerts.channels import AppriseSender, is_mail  # noqa: PLC0415 - Apprise takes half a second to import
    from jobs.alerts.mail import MailSender  # noqa: PLC0415

    renderer = Renderer(channel, base_dir)
    return (MailSender if is_mail(channel.address) else AppriseSender)(channel, renderer, scrub)


def template_faults(channels: Iterable[Channel], base_dir: Path) -> list[tuple[str, str, str]]:
    """Faults of operators' templates, for the check of the configuration: channel, key and reason."""
    wanted = [
        (channel.name, key, base_dir / path.expanduser(), key == "template_html")
        for channel in channels
        for key, path in (("template", channel.template), ("template_html", channel.template_html))
        if path is not None
    ]
    faults = check_templates({(path, html) for _, _, path, html in wanted})
    return [(name, key, faults[path]) for name, key, path, _ in wanted if path in faults]


__all__ = ["BadTemplateError", "make_sender", "scrubber_of", "template_faults"]
