"""A probe of the event loop's lag, for benches: on when $BORDERWATCH_LOOP_PROBE names a file."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

STEP_S = 0.01


@asynccontextmanager
async def loop_probe() -> AsyncIterator[None]:
    """While the block runs, sleep in steps of 10 ms and note by how much each is late; written as JSON at the end."""
    name = os.environ.get("BORDERWATCH_LOOP_PROBE")
    if not name:
        yield
        return
    late: list[float] = []
    task = asyncio.create_task(_measure(late))
    try:
        yield
    finally:
        task.cancel()
        ordered = sorted(late) or [0.0]
        figures = {
            "steps": len(late),
            "p50_ms": ordered[len(ordered) // 2] * 1000,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
            "max_ms": ordered[-1] * 1000,
        }
        Path(name).write_text(json.dumps(figures), encoding="utf-8")  # noqa: ASYNC240 - a bench's last act


async def _measure(late: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        await asyncio.sleep(STEP_S)
        late.append(loop.time() - begun - STEP_S)
