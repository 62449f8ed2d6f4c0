"""The alert policy that a configuration makes: channels, window, place names, the page's address."""

from __future__ import annotations

from jobs.alerts.outbox import AlertPolicy
from jobs.config.models import Config
from jobs.topics.gazetteer import shipped_gazetteer


def alert_policy(config: Config) -> AlertPolicy:
    """For recording: how alerts are decided and whom they reach."""
    return AlertPolicy(
        channels=tuple(channel for channel in config.channels if channel.enabled),
        alert_window_s=config.service.alert_window,
        place_names=place_names(),
        base_url=config.web.base_url,
    )


def place_names() -> dict[str, dict[str, str]]:
    """Of each gazetteer entry, its first name by language."""
    return {
        entry.id: {language: names[0] for language, names in entry.names.items() if names}
        for entry in shipped_gazetteer().entries.values()
    }
