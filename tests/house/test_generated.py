"""The generated pages say what the code says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.generate import PAGES, ROOT


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    # In a process of its own: click remembers the help options of a command that a test called without its group.
    command = [sys.executable, "-m", "tests.house.generate", name]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kept = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert kept == made, f"docs/{name} is stale: run `make docs`"
