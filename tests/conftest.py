"""What all tests share: a fresh database, and the extra evaluation data where the environment points to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, open_database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A migrated database in a file of its own."""
    database = open_database(tmp_path / "data" / "borderwatch.db")
    yield database
    database.close()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The evaluation data; a test that needs it is skipped where it is absent."""
    named = os.environ.get("BORDERWATCH_SHARED")
    if not named or not Path(named).is_dir():
        pytest.skip("BORDERWATCH_SHARED does not point to the evaluation data")
    return Path(named)
