"""Seeded data directories and pages over them; the attack strings that a stored text may hold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench.seed import seed_database
from tests.web.served import Served, served


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with 60 stories in 600 articles; copy it before writing."""
    folder = tmp_path_factory.mktemp("seeded")
    seed_database(folder / "borderwatch.db", articles=600, stories=60, now=datetime.now(UTC))
    return folder


@pytest.fixture
def data_dir(seeded: Path, tmp_path: Path) -> Path:
    """A copy of the seeded data directory that a test may write to."""
    folder = tmp_path / "desk"
    shutil.copytree(seeded, folder)
    return folder


@pytest.fixture(scope="session")
def shared_page(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One page for all tests that only read."""
    folder = tmp_path_factory.mktemp("shared") / "desk"
    shutil.copytree(seeded, folder)
    with served(folder) as page:
        yield page


@pytest.fixture
def page(data_dir: Path) -> Iterator[Served]:
    """A page of the test's own, which may act."""
    with served(data_dir) as one:
        yield one


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "\u202eevil\u202c \u2066open",
    "<table>" * 500,
    "👨‍👩‍👧‍👦" * 400,
    "</title><style>*{display:none}</style>",
    "\x00\x07control\ud800",
)
