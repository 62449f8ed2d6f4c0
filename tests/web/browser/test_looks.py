"""Every page in a real browser, wide and narrow, light and dark: no fault, no barrier that axe-core knows, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.browser.conftest import Watched
from tests.web.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = {
    "now": "/", "now-filtered": "/?place=saravan&min=2&state=alerted", "story": "/stories/{story}", "article": "/articles/{article}", "map": "/map?days=all",
    "timeline": "/timeline", "timeline-country": "/timeline?by=country&days=90", "search": "/search?q=%D8%B3%D8%B1%D8%A7%D9%88%D8%A7%D9%86", "search-empty": "/search",
    "sources": "/sources", "alerts": "/alerts", "topics": "/topics", "feeds": "/feeds/", "nothing": "/stories/999999", "broken": "/?lang=xx",
}  # fmt: skip
LOOKS = [("desktop", "light"), ("desktop", "dark"), ("phone", "light"), ("phone", "dark")]


def barriers(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA, in words."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:3]]} {one['nodes'][0].get('failureSummary', '')[:300]}"
        for one in found.response["violations"]
    ]


@pytest.mark.parametrize(("device", "scheme"), LOOKS, ids=["-".join(look) for look in LOOKS])
@pytest.mark.parametrize("name", PAGES)
def test_page(
    visit: Callable[..., Watched],
    desk: Served,
    rich_story: dict[str, int],
    name: str,
    device: str,
    scheme: str,
) -> None:
    allow = ("404", "400") if name in {"nothing", "broken"} else ()
    one = visit(device=device, scheme=scheme, allow=allow)
    page = one.open(desk.url + PAGES[name].format(**rich_story))
    if name == "map":
        page.wait_for_selector("[data-map][data-ready=yes]")
    page.wait_for_function("() => document.querySelector('[data-live]').dataset.state === 'on'")
    one.shot(f"{name}-{device}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert barriers(page) == []


def test_right_to_left_items_stand_right(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/?lang=fa")
    sides = page.evaluate(
        """() => [...document.querySelectorAll('.story h3 a')].map(a => {
            const range = document.createRange(); range.selectNodeContents(a);
            const text = range.getBoundingClientRect(), box = a.getBoundingClientRect();
            return {rtl: /[\\u0600-\\u06ff]/.test(a.textContent[0]), right: box.right - text.right < 3, left: text.left - box.left < 3};
        })"""
    )
    assert any(side["rtl"] for side in sides)
    for side in sides:
        assert side["right"] if side["rtl"] else side["left"]
    quote = page.evaluate(
        "() => { const q = document.querySelector('.quote[lang=fa], .quote[lang=ur]'); return [getComputedStyle(q).direction, getComputedStyle(q).borderRightWidth]; }"
    )
    assert quote == ["rtl", "3px"]


def test_times_are_the_readers(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/")
    found = page.locator(".story time").first
    assert "ago" in found.inner_text() or found.inner_text() == "now"
    assert "GMT+3:30" in found.get_attribute("title") or "Iran" in found.get_attribute("title")


def test_the_theme_can_be_chosen_and_stays(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit(scheme="light").open(desk.url + "/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-switch]")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_archived_original_does_nothing(
    visit: Callable[..., Watched], desk: Served, rich_story: dict[str, int]
) -> None:
    one = visit()
    page = one.open(f"{desk.url}/articles/{rich_story['article']}")
    title = page.title()
    page.click(".original summary")
    frame = page.frame_locator("iframe")
    frame.locator("h1").wait_for()
    assert "[picture]" in frame.locator("body").inner_text()
    assert page.title() == title
    one.shot("original-desktop-light")
