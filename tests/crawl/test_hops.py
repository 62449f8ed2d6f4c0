"""Addresses on the wire, redirects and proxies, as pure functions."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.hops import BadAddressError, Proxies, host_of_wire, next_hop, origin_of, wire_url
from crawler.urls import is_fetchable


class TestWire:
    @pytest.mark.parametrize(
        ("listed", "wire"),
        [
            ("http://x.example", "http://x.example/"),
            ("http://x.example?q", "http://x.example/?q"),
            ("HTTP://X.Example/A", "http://X.Example/A"),
            ("  http://x.example/a \n", "http://x.example/a"),
            ("http://x.example/%7Ea%2fb?x=%e2", "http://x.example/%7Ea%2fb?x=%e2"),
            ("http://x.example:80/a;b?c;d#e", "http://x.example:80/a;b?c;d"),
            ("http://x.example/a\\b c", "http://x.example/a%5Cb%20c"),
            ("https://خبر.example/سراوان", "https://xn--ngblk.example/%D8%B3%D8%B1%D8%A7%D9%88%D8%A7%D9%86"),
            ("http://x.example/a?u=http://y/#z", "http://x.example/a?u=http://y/"),
        ],
    )
    def test_only_what_cannot_go_on_the_wire_changes(self, listed: str, wire: str) -> None:
        assert wire_url(listed) == wire

    @pytest.mark.parametrize(
        "bad",
        ["", "x", "mailto:a@b", "http://", "http://[::1", "http://a b/", "http://x:99999/", "http://x/a\nb"],
    )
    def test_what_is_no_address_is_told(self, bad: str) -> None:
        with pytest.raises(BadAddressError):
            wire_url(bad)

    @given(st.text(max_size=60))
    def test_any_text_is_refused_or_fetchable(self, text: str) -> None:
        for listed in (text, f"http://x.example/{text}"):
            try:
                wire = wire_url(listed)
            except BadAddressError:
                continue
            assert wire.isascii()
            assert is_fetchable(wire) is None
            assert wire_url(wire) == wire
            assert host_of_wire(wire)


class TestRedirects:
    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("/b", "http://x.example/b"),
            ("b?c", "http://x.example/a/b?c"),
            ("//y.example/b", "http://y.example/b"),
            ("https://y.example", "https://y.example/"),
            ("?q=1", "http://x.example/a/p?q=1"),
            ("/Ø®Ø¨Ø±", "http://x.example/%D8%AE%D8%A8%D8%B1"),
            ("/caf\xe9", "http://x.example/caf%C3%A9"),
        ],
    )
    def test_where_it_leads(self, location: str, target: str) -> None:
        assert next_hop("http://x.example/a/p", location) == target

    @given(st.text(st.characters(max_codepoint=255), max_size=60))
    def test_any_location(self, location: str) -> None:
        with contextlib.suppress(BadAddressError):
            assert is_fetchable(next_hop("http://x.example/a", location)) is None


class TestProxies:
    @pytest.mark.parametrize(
        ("url", "environment", "proxy"),
        [
            ("http://x.example/", {}, None),
            ("http://x.example/", {"http_proxy": "http://p:1"}, "http://p:1"),
            ("http://x.example/", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
            ("http://x.example/", {"HTTP_PROXY": "http://no:1", "http_proxy": "p:2"}, "http://p:2"),
            ("https://x.example/", {"http_proxy": "http://p:1"}, None),
            ("https://x.example/", {"https_proxy": "http://p:1"}, "http://p:1"),
            ("https://x.example/", {"all_proxy": "http://p:1"}, "http://p:1"),
            ("http://x.example/", {"http_proxy": "http://p:1", "no_proxy": "x.example"}, None),
            ("http://a.x.example/", {"http_proxy": "http://p:1", "no_proxy": ".x.example"}, None),
            (
                "http://x.example:81/",
                {"http_proxy": "http://p:1", "no_proxy": "y.example,x.example:81"},
                None,
            ),
            ("http://x.example/", {"http_proxy": "http://p:1", "no_proxy": "*"}, None),
            ("http://x.example/", {"http_proxy": ""}, None),
        ],
    )
    def test_the_environment_is_read_as_other_tools_do(
        self, url: str, environment: dict[str, str], proxy: str | None
    ) -> None:
        assert Proxies(environment).for_url(url, None) == proxy

    def test_a_source_of_its_own_wins(self) -> None:
        environment = {"P": "http://p:1", "http_proxy": "http://q:1", "no_proxy": "*"}
        assert Proxies(environment).for_url("http://x/", "env:P") == "http://p:1"


def test_origins() -> None:
    assert origin_of("https://X.example:8443/a?b") == "https://x.example:8443"
