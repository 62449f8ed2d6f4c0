"""What a person does, with mouse and keyboard, in a real browser; and what arrives while they read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.database import now_utc, open_database, rows, scalar
from storage.users import add_user
from tests.bench.seed import TOPIC
from tests.web.browser.conftest import Watched
from tests.web.conftest import ATTACKS
from tests.web.served import Served, served
from tests.web.stories_made import add_story
from tests.web.test_pages import attack_everything
from web.access import hash_password

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def ask(desk: Served, sql: str) -> Any:
    """One value of the desk's database."""
    db = open_database(desk.data_dir / "borderwatch.db", readonly=True)
    try:
        return scalar(db, sql)
    finally:
        db.conn.close()


def live(page: Any) -> None:
    """Wait until the page listens."""
    page.wait_for_function("() => document.querySelector('[data-live]').dataset.state === 'on'")


def noted(page: Any, text: str) -> None:
    """Wait for the note at the edge."""
    page.wait_for_function(
        "text => document.querySelector('[data-note]').textContent.includes(text)", arg=text
    )


def test_judging_by_keyboard_and_taking_it_back(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit().open(own_desk.url + "/?state=unjudged")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.id")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.id")
    assert first != second
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == first
    page.keyboard.press("r")
    page.wait_for_selector(f"#{first} .tag.yes")
    noted(page, "Kept as relevant")
    assert ask(own_desk, "SELECT relevant FROM judgements ORDER BY id DESC LIMIT 1") == 1
    page.keyboard.press("u")
    page.wait_for_selector(f"#{first} [data-key=x]")
    page.keyboard.press("x")
    page.wait_for_selector(f"#{first} .tag.no")
    assert (
        ask(own_desk, "SELECT relevant FROM judgements WHERE undone_at IS NULL ORDER BY id DESC LIMIT 1") == 0
    )
    assert ask(own_desk, "SELECT count(*) FROM judgements WHERE undone_at IS NOT NULL") == 1
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"/stories/" + first[1:]))


def test_handled_and_muted(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit().open(own_desk.url + "/?state=alerted")
    page.keyboard.press("j")
    story = page.evaluate("document.activeElement.id")
    page.keyboard.press("h")
    page.wait_for_selector(f"#{story}.dim .tag.done")
    assert ask(own_desk, "SELECT handled_by FROM alerts WHERE handled_at IS NOT NULL") == "desk"
    page.keyboard.press("m")
    page.wait_for_selector(f"#{story} >> text=muted")
    assert str(ask(own_desk, "SELECT value FROM mutes")) == story[1:]
    page.goto(own_desk.url + "/alerts")
    page.locator(".channels button", has_text="Lift").click()
    page.wait_for_selector("text=Nothing.")
    assert ask(own_desk, "SELECT count(*) FROM mutes WHERE lifted_at IS NULL") == 0


def test_help_and_going_by_keyboard(visit: Callable[..., Watched], desk: Served) -> None:
    one = visit()
    page = one.open(desk.url + "/")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    one.shot("help-desktop-light")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/search")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("jkrx")
    assert page.evaluate("document.activeElement.value") == "jkrx"


def test_filters_stand_in_the_address(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/")
    page.select_option("select[name=lang]", "ur")
    page.wait_for_url("**/?topic=iran-pakistan-border&lang=ur")
    page.wait_for_selector(".chip >> text=ur")
    page.select_option("select[name=place]", "saravan")
    page.wait_for_selector(".chip >> text=Saravan")
    assert all("UR" in text for text in page.locator(".story .langs").all_inner_texts())
    page.go_back()
    page.wait_for_url("**lang=ur")
    page.wait_for_function("() => !document.querySelector('.chosen').textContent.includes('Saravan')")
    page.click(".chip >> text=ur")
    page.wait_for_selector(".chosen", state="detached")


def test_more_stories_come_on_request(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/")
    assert page.locator(".story").count() == 30
    page.click(".more a")
    page.wait_for_function("() => document.querySelectorAll('.story').length === 60")
    ids = page.evaluate("[...document.querySelectorAll('.story')].map(one => one.id)")
    assert len(set(ids)) == 60


@pytest.mark.parametrize("scrolled", [0, 900])
def test_new_stories_come_without_moving_what_is_read(
    visit: Callable[..., Watched], own_desk: Served, scrolled: int
) -> None:
    one = visit()
    page = one.open(own_desk.url + "/")
    live(page)
    page.evaluate("y => window.scrollTo(0, y)", scrolled)
    read = page.evaluate(
        "[...document.querySelectorAll('.story')].find(one => one.getBoundingClientRect().top > 60).id"
    )
    where = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", read)
    first = add_story(own_desk.data_dir / "borderwatch.db", "Shells fall near Saravan")
    page.wait_for_selector(".tray >> text=Shells fall near Saravan")
    second = add_story(own_desk.data_dir / "borderwatch.db", "مرز میرجاوه بسته شد", lang="fa")
    page.wait_for_selector(".tray >> text=Show 2 new stories")
    assert page.title().startswith("(2) ")
    assert page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", read) == where
    if not scrolled:
        one.shot("tray-desktop-light")
    page.keyboard.press(".")
    page.wait_for_selector(f"#s{first}")
    assert page.evaluate("[...document.querySelectorAll('.story')].slice(0, 2).map(one => one.id)") == [
        f"s{second}",
        f"s{first}",
    ]
    assert not page.title().startswith("(")
    page.keyboard.press("r")
    page.wait_for_selector(f"#s{second} .tag.yes")


def test_a_desktop_notification_where_it_is_wanted(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit(permissions=["notifications"]).page
    page.add_init_script(
        "window.shown = []; window.Notification = class { static permission = 'granted'; static requestPermission() { return Promise.resolve('granted'); }"
        " constructor(title, options) { window.shown.push([title, options.body]); } };"
        "Object.defineProperty(document, 'hidden', { get: () => window.away === true });"
    )
    page.goto(own_desk.url + "/")
    live(page)
    page.keyboard.press("?")
    page.click("[data-notify]")
    page.wait_for_selector("[data-notify][aria-pressed=true]")
    page.evaluate("window.away = true")
    add_story(own_desk.data_dir / "borderwatch.db", "Shells fall near Saravan")
    for _ in range(100):  # a page that says it is hidden stops Playwright's own polling
        if page.evaluate("window.shown.length"):
            break
        page.wait_for_timeout(100)
    assert page.evaluate("window.shown[0]") == ["New story", "Shells fall near Saravan"]


def test_a_click_on_the_map_filters(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/map?days=all")
    page.wait_for_selector("[data-map][data-ready=yes]")
    page.locator(".geo-dot").first.click()
    page.wait_for_url(re.compile(r"place="))
    assert page.locator(".chip").count() >= 1
    page.goto(desk.url + "/map?days=all")
    page.wait_for_selector("[data-map][data-ready=yes]")
    page.locator(".geo-dot").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"place="))


def test_a_click_on_a_day_filters(visit: Callable[..., Watched], desk: Served) -> None:
    page = visit().open(desk.url + "/timeline?days=180")
    bar = page.locator(".chart.tall a").last
    label = bar.get_attribute("aria-label")
    bar.click()
    page.wait_for_url(re.compile(r"from=\d{4}"))
    assert page.locator(".story").count() == int(label.split(": ")[1].split()[0])


def test_a_source_is_checked_and_a_delivery_retried(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit().open(own_desk.url + "/sources")
    page.locator("tr", has_text="tehran-wire").locator("button").click()
    noted(page, "tehran-wire is checked")
    due = ask(own_desk, "SELECT next_check FROM sources WHERE name = 'tehran-wire'")
    assert due <= (now_utc() + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.999Z")
    page.goto(own_desk.url + "/alerts?state=dead")
    dead = ask(own_desk, "SELECT id FROM deliveries WHERE state = 'dead'")
    page.locator("li.dead button").first.click()
    page.wait_for_selector("text=No alert here")
    assert ask(own_desk, f"SELECT state FROM deliveries WHERE id = {dead}") == "waiting"


def test_searches_are_kept_and_forgotten(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit().open(own_desk.url + "/search?q=Saravan&lang=en")
    page.fill(".keep input[name=name]", "Saravan in English")
    page.click(".keep button")
    page.wait_for_selector(".kept >> text=Saravan in English")
    page.goto(own_desk.url + "/search")
    page.click(".kept a")
    page.wait_for_url("**/search?q=Saravan&lang=en")
    page.click(".kept button")
    page.wait_for_selector("text=None yet.")


def test_a_text_is_tried(visit: Callable[..., Watched], desk: Served) -> None:
    one = visit()
    page = one.open(desk.url + "/topics")
    page.fill(
        ".try textarea", "Shells fired from Iran hit a village on the Iran-Pakistan border near Taftan."
    )
    page.click(".try button")
    page.wait_for_selector("#tried .tag.yes")
    assert page.locator("#tried mark").count() >= 1
    one.shot("tried-desktop-light")
    page.fill(".try textarea", "The captain is fit for the cricket final.")
    page.click(".try button")
    page.wait_for_selector("#tried .tag.no")


def test_a_difference_is_readable(
    visit: Callable[..., Watched], desk: Served, rich_story: dict[str, int]
) -> None:
    one = visit()
    page = one.open(f"{desk.url}/stories/{rich_story['story']}")
    page.click(".change summary")
    page.wait_for_selector(".diff .removed .ev >> text=⟨earlier⟩")
    page.locator(".change").scroll_into_view_if_needed()
    one.shot("difference-desktop-light")


def test_what_cannot_be_done_is_said(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit(allow=("409",)).open(own_desk.url + "/stories/1")
    page.on("dialog", lambda dialog: dialog.accept())
    page.fill(".merge input[name=other]", "999999")
    page.click(".merge button")
    noted(page, "no story 999999")


def test_attacks_do_nothing(visit: Callable[..., Watched], data_dir: Path) -> None:
    attack_everything(data_dir / "borderwatch.db")
    with served(data_dir) as desk:
        db = open_database(data_dir / "borderwatch.db", readonly=True)
        stories = [row["id"] for row in rows(db, "SELECT id FROM stories ORDER BY first_at DESC LIMIT 6")]
        db.conn.close()
        one = visit()
        one.page.on(
            "dialog", lambda dialog: one.faults.append(f"dialog {dialog.message}") or dialog.dismiss()
        )
        for path in (
            "/",
            "/map?days=all",
            "/timeline",
            "/search?q=alert",
            "/sources",
            "/alerts",
            *(f"/stories/{story}" for story in stories),
        ):
            page = one.open(desk.url + path)
            assert (
                page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                <= 0
            ), path
            assert (
                page.evaluate("document.querySelectorAll('main script, main img, main table table').length")
                == 0
            ), path
        page = one.open(desk.url + "/")
        assert page.locator("main", has_text=ATTACKS[0]).count() == 1


def test_logging_in_and_out(visit: Callable[..., Watched], data_dir: Path) -> None:
    db = open_database(data_dir / "borderwatch.db")
    add_user(db, "amna", hash_password("correct horse battery"), "editor", now_utc())
    db.conn.close()
    with served(data_dir) as desk:
        one = visit(allow=("401",))
        page = one.open(desk.url + "/sources")
        assert "/login?next=" in page.url
        one.shot("login-desktop-light")
        page.fill("input[name=name]", "amna")
        page.fill("input[name=password]", "wrong password")
        page.click("main button")
        page.wait_for_selector("text=Name or password is wrong.")
        page.fill("input[name=password]", "correct horse battery")
        page.click("main button")
        page.wait_for_url("**/sources")
        page.click("text=Log out")
        page.wait_for_url("**/login")
        page.goto(desk.url + "/")
        assert "/login" in page.url


def test_a_split_by_a_persons_word(visit: Callable[..., Watched], own_desk: Served) -> None:
    page = visit(allow=("409",)).open(own_desk.url + "/?min=3")
    page.locator(".story h3 a").first.click()
    page.wait_for_selector(".members")
    assert page.locator(".members input[type=checkbox]").count() >= 2
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".members input[type=checkbox]").first.check()
    before = page.locator(".members li").count()
    page.click("text=Split off the ticked")
    page.wait_for_function(
        "count => document.querySelectorAll('.members li').length === count", arg=before - 1
    )
    assert ask(own_desk, "SELECT count(*) FROM story_rulings WHERE kind = 'split'") == 1
    assert ask(own_desk, f"SELECT count(*) FROM desk_stories WHERE topic = '{TOPIC}'") >= 60
