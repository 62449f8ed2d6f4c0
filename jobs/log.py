"""Logging: structlog over the standard library, for people (console) or machines (JSON lines), on standard error."""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = (
    "scrapy",
    "twisted",
    "trafilatura",
    "htmldate",
    "apprise",
    "asyncio",
    "apscheduler",
    "urllib3",
    "uvicorn.access",
    "httpx",
    "py.warnings",
)
"""Libraries that tell of single pages: only their errors are wanted."""


def configure_logging(form: str, *, level: str = "INFO") -> None:
    """Send this program's and its libraries' log lines to standard error in one form (`console` or `json`)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        # The default formatter prints local variables, which hold addresses with their secrets.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        last.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*last, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
