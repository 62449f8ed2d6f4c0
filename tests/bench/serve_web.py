"""The page as a process of its own for the bench: prints its address; `--forget` makes every answer anew."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from jobs.config.web import WebOptions
from jobs.topics.loader import load_topics
from storage.database import DATABASE_NAME, now_utc
from web.actions import StoredActions
from web.app import create_app
from web.server import serve


async def run(data_dir: Path, *, forget: bool) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    topics = load_topics(("presets:iran-pakistan-border",), Path())
    app = create_app(
        data_dir,
        WebOptions(),
        StoredActions(data_dir / DATABASE_NAME, now_utc),
        topics=lambda: topics,
        remember_answers=not forget,
    )
    await serve(app, "127.0.0.1", 0, stop, ready=lambda address: print(address, flush=True))


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--forget", action="store_true")
    options = parser.parse_args()
    asyncio.run(run(options.directory, forget=options.forget))


if __name__ == "__main__":
    main()
