"""The house's rooms: imports go one way, and some libraries have one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("text", "storage", "crawler", "jobs", "web", "presets")
ALLOWED = {
    "text": {"text"},
    "storage": {"storage", "text"},
    "crawler": {"crawler", "text", "storage.model", "storage.archive"},
    "jobs": {"jobs", "crawler", "storage", "text", "presets", "settings"},
    "web": {"web", "storage", "text", "jobs", "presets"},
    "presets": set[str](),
}
DOORS = {
    "trafilatura": ("crawler/extract.py",),
    "sqlite_utils": ("storage/",),
    "apscheduler": ("jobs/service.py",),
    "apprise": ("jobs/alerts/channels.py",),
    "warcio": ("storage/archive.py",),
    "scrapy": ("crawler/", "settings.py", "jobs/crawl.py"),
    "fastapi": ("web/",),
}
WEB_MAY_USE = ("jobs.topics", "jobs.dedup", "jobs.alerts", "jobs.config", "jobs.health", "jobs.search")
"""The parts of jobs that decide and do not act (or, for feeds, render)."""

MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module a file imports, by its full name; imports for type checking alone count too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        if name.split(".")[0] in ROOMS and not (name.split(".")[0] == "web" and room == "jobs"):  # see below
            assert any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[room]), (
                f"{path.relative_to(ROOT)} imports {name}: {room} may import {sorted(ALLOWED[room])}"
            )
        if name.split(".")[0] == "jobs" and room == "web":
            assert name.startswith(WEB_MAY_USE), (
                f"{path.relative_to(ROOT)} imports {name}: the page uses only {WEB_MAY_USE}"
            )


def test_web_is_imported_only_by_the_service_and_the_command_line() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(n.split(".")[0] == "web" for n in imported(path))
    }
    outside = {
        user for user in users if not user.startswith(("web/", "jobs/cli/")) and user != "jobs/service.py"
    }
    assert not outside


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_have_one_door(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    for library in {module.split(".")[0] for module in imported(path)} & DOORS.keys():
        assert name.startswith(DOORS[library]), f"{name} imports {library}, which only {DOORS[library]} may"
