"""What the configuration decides of the crawler, and the settings of Scrapy that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scrapy.settings import Settings

import settings as hardened


def user_agent(version: str, contact: str) -> str:
    """`borderwatch/VERSION (+contact)`."""
    return f"borderwatch/{version} (+{contact})" if contact else f"borderwatch/{version}"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the configuration decides.

    `host_delay_s` is the pause between two requests to one host; a job that would have to wait for its host longer
    than `max_wait_s` from the head of the line is answered `postponed`. `concurrency` requests run at once, over
    all hosts. `environment` holds http_proxy, no_proxy and the variables that `env:NAME` names (default: the
    process's).
    """

    user_agent: str
    allow_networks: tuple[str, ...] = ()
    host_delay_s: float = 1.0
    concurrency: int = 32
    timeout_s: float = float(hardened.DOWNLOAD_TIMEOUT)
    listing_max_bytes: int = hardened.DOWNLOAD_MAXSIZE
    page_max_bytes: int = 12 * 1024 * 1024
    """Extraction of 5 MB of HTML takes 40 s (measured); what is larger is no article."""
    max_open_jobs: int = 2_000
    max_wait_s: float = 300.0
    environment: Mapping[str, str] | None = None


def scrapy_settings(options: EngineOptions) -> Settings:
    """The hardened settings with what the options decide."""
    made = Settings()
    made.setmodule(hardened, priority="project")
    made.setdict(
        {
            "USER_AGENT": options.user_agent,
            "BORDERWATCH_ALLOW_NETWORKS": list(options.allow_networks),
            "CONCURRENT_REQUESTS": options.concurrency,
            "DOWNLOAD_TIMEOUT": options.timeout_s,
            "DOWNLOAD_MAXSIZE": options.listing_max_bytes,
        },
        priority="cmdline",
    )
    return made
