"""The generated pages say what the code says."""

from __future__ import annotations

import pytest

from tests.house.generate import PAGES, ROOT


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), (
        f"docs/{name} is stale: run `make docs`"
    )
