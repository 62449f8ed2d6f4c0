"""Who may do what: passwords, CSRF, hosts, roles, throttled logins."""

from __future__ import annotations

import pytest

from jobs.config.web import WebOptions
from storage.model import UsageError
from web.access import (
    LoginThrottle,
    Visitor,
    check_binding,
    csrf_fits,
    csrf_token,
    hash_password,
    host_fits,
    origin_fits,
    password_fits,
    safe_next,
)  # fmt: skip


def test_passwords() -> None:
    hashed = hash_password("a long enough one")
    assert hashed.startswith("$argon2id$")
    assert password_fits(hashed, "a long enough one")
    assert not password_fits(hashed, "another long one")
    assert not password_fits(None, "a long enough one")
    assert not password_fits("not a hash", "a long enough one")
    with pytest.raises(UsageError, match="at least 10"):
        hash_password("short")


def test_csrf_belongs_to_the_cookie() -> None:
    token = csrf_token(b"key", "cookie")
    assert csrf_fits(b"key", "cookie", token)
    assert not csrf_fits(b"key", "other", token)
    assert not csrf_fits(b"other", "cookie", token)
    assert not csrf_fits(b"key", None, token)
    assert not csrf_fits(b"key", "cookie", None)
    assert not csrf_fits(b"key", "", csrf_token(b"key", ""))


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("127.0.0.1:8470", True), ("localhost", True), ("[::1]:8470", True), ("watch.example.org", True), ("WATCH.example.org:443", True),
        ("a.desk.example", True), ("desk.example", False), ("evil.example", False), ("127.0.0.1.evil.example", False), ("", False), (None, False), ("[::", False),
        ("localhost.", True),
    ],
)  # fmt: skip
def test_hosts(host: str | None, fits: bool) -> None:
    options = WebOptions(base_url="https://watch.example.org", allowed_hosts=("*.desk.example",))
    assert host_fits(options, host) is fits


def test_binding_beyond_this_machine_needs_users() -> None:
    check_binding(WebOptions(), 0)
    check_binding(WebOptions(host="0.0.0.0"), 1)
    for options in (
        WebOptions(host="0.0.0.0"),
        WebOptions(host="::"),
        WebOptions(host="192.0.2.4"),
        WebOptions(base_url="https://watch.example.org"),
        WebOptions(allowed_hosts=("desk.lan",)),
    ):
        with pytest.raises(UsageError, match="users add"):
            check_binding(options, 0)


def test_roles_include_each_other() -> None:
    assert [Visitor("a", "editor").may(role) for role in ("viewer", "editor", "admin")] == [True, True, False]


def test_origin() -> None:
    assert origin_fits(None, "127.0.0.1:1")
    assert origin_fits("http://127.0.0.1:1", "127.0.0.1:1")
    assert not origin_fits("http://127.0.0.1:2", "127.0.0.1:1")
    assert not origin_fits("null", "127.0.0.1:1")


def test_throttle_by_name_and_address() -> None:
    clock = [0.0]
    throttle = LoginThrottle(lambda: clock[0])
    for _ in range(5):
        assert throttle.wait_s(["name:a", "address:1"]) == 0
        throttle.failed(["name:a", "address:1"])
    assert throttle.wait_s(["name:a", "address:2"]) == 300
    assert throttle.wait_s(["name:b", "address:1"]) == 300
    assert throttle.wait_s(["name:b", "address:2"]) == 0
    clock[0] = 301
    assert throttle.wait_s(["name:a", "address:1"]) == 0
    throttle.failed(["name:a"])
    throttle.succeeded(["name:a"])
    assert throttle.wait_s(["name:a"]) == 0


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        None,
        "/a\r\nX: y",
    ],
)
def test_no_way_out_after_a_login(target: str | None) -> None:
    assert safe_next(target) == "/"


def test_a_way_in_after_a_login() -> None:
    assert safe_next("/stories/4?x=1") == "/stories/4?x=1"
