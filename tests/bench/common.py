"""What the benches share: where the evaluation data is, a table, a JSON file, process memory."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench-results"


def shared_or_exit() -> Path:
    """The evaluation data, or an exit that says why the bench is skipped."""
    named = os.environ.get("BORDERWATCH_SHARED")
    if not named or not Path(named).is_dir():
        print("skipped: BORDERWATCH_SHARED does not point to the evaluation data", file=sys.stderr)
        raise SystemExit(0)
    return Path(named)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file (str.splitlines would break at U+2028, which texts may hold)."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_results(name: str, results: dict[str, Any]) -> Path:
    """Write bench-results/NAME.json with the machine and the time beside the figures."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    path.write_text(
        json.dumps({"machine": about, **results}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path


def print_table(head: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    """Print an aligned table."""
    cells = [
        list(head),
        *[[f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in line] for line in lines],
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def tree_memory(pid: int) -> dict[int, tuple[str, int]]:
    """Resident bytes of a process and its children now, with what each is."""
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return {}
    found = {}
    for process in processes:
        try:
            found[process.pid] = (" ".join(process.cmdline())[:60], process.memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
