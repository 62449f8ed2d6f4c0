"""Which channel wants which alert: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.config.channels import Channel
from text.normalise import normalise


@dataclass(frozen=True, slots=True)
class AlertTraits:
    """What filters look at. `places` holds gazetteer ids and names in any language; `independent_sources` counts
    the sources of the story that do not copy each other."""

    topic: str
    source: str
    country: str | None
    language: str | None
    score: float
    places: frozenset[str] = frozenset()
    independent_sources: int = 1
    is_update: bool = False


def refusal(channel: Channel, traits: AlertTraits) -> str | None:
    """Why the channel does not want the alert, or None where it does."""
    wants_topic = not channel.topics or traits.topic in channel.topics
    checks: tuple[tuple[bool, str], ...] = (
        (channel.enabled, "disabled"),
        (wants_topic, f"topic {traits.topic} is not among its topics"),
        (not traits.is_update or channel.updates, "wants no updates"),
        (
            not channel.countries or traits.country in channel.countries,
            f"country {traits.country or 'unknown'} is not wanted",
        ),
        (
            not channel.languages or _primary(traits.language) in channel.languages,
            f"language {traits.language or 'unknown'} is not wanted",
        ),
        (not channel.sources or traits.source in channel.sources, f"source {traits.source} is not wanted"),
        (traits.source not in channel.exclude_sources, f"source {traits.source} is excluded"),
        (
            channel.min_score is None or traits.score >= channel.min_score,
            f"score {traits.score:g} is under {channel.min_score}",
        ),
        (not channel.places or _names_place(channel.places, traits.places), "names none of its places"),
        (
            traits.independent_sources >= channel.min_sources,
            f"{traits.independent_sources} of {channel.min_sources} sources",
        ),
    )
    return next((reason for passes, reason in checks if not passes), None)


def wants(channels: Iterable[Channel], traits: AlertTraits) -> list[Channel]:
    """The channels that want the alert."""
    return [channel for channel in channels if refusal(channel, traits) is None]


def _primary(language: str | None) -> str | None:
    return language.split("-")[0].lower() if language else None


def _names_place(wanted: Iterable[str], named: frozenset[str]) -> bool:
    found = {_key(name) for name in named}
    return any(_key(name) in found for name in wanted)


def _key(name: str) -> str:
    return normalise(name).strip()
