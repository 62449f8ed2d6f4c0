"""`run`: the service."""

from __future__ import annotations

import asyncio

import click

from jobs.cli.app import App, note, pass_app
from jobs.log import configure_logging
from jobs.metrics import Metrics
from jobs.service import Part, Service


@click.command()
@click.option("--no-web", is_flag=True, help="Do not serve the page.")
@pass_app
def run(app: App, *, no_web: bool) -> None:
    """The service: schedule, crawler, reading workers, deliveries and the page, until SIGTERM or Ctrl-C.

    A second copy on the same data directory refuses to start and names the first one's process.
    """
    configure_logging(app.config.service.log_format)
    if not app.config.sources:
        note(
            "No sources are configured: nothing will be watched. `borderwatch init` writes a first configuration."
        )
    metrics = Metrics()
    parts = () if no_web or not app.config.web.enabled else _page(app, metrics)
    asyncio.run(Service(app.config, app.data_dir, parts, metrics).run())


def _page(app: App, metrics: Metrics) -> tuple[Part, ...]:
    from jobs.cli.web import page_part  # noqa: PLC0415 - FastAPI is imported only where the page is served

    return (page_part(app, metrics=metrics.text),)
