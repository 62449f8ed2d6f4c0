"""Nothing that is fetched reaches a non-public address: by form, by name, by redirect, by proxy."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.spiders.netguard import AddressRefusedError, Guard, is_public, literal_address

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "64:ff9b::101:101",
    "2002:101:101::1",
    "::ffff:1.1.1.1",
]
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "192.0.0.192", "192.0.2.1", "192.168.1.1", "192.88.99.1", "198.18.0.1", "203.0.113.5",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1",
    "2002:a00:1::1", "2001:0:a00:1::1", "2001:db8::1", "3fff::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip
LOOPBACK_FORMS = [
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "0",
    "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "１２７.０.０.１", "localhost", "LOCALHOST", "localhost.", "a.localhost",
]  # fmt: skip


class TestAddresses:
    @pytest.mark.parametrize("text", PUBLIC)
    def test_public(self, text: str) -> None:
        assert is_public(ipaddress.ip_address(text))

    @pytest.mark.parametrize("text", NOT_PUBLIC)
    def test_not_public(self, text: str) -> None:
        assert not is_public(ipaddress.ip_address(text))

    @given(st.ip_addresses(v=4))
    def test_an_embedded_address_is_judged_as_itself(self, address: ipaddress.IPv4Address) -> None:
        number = int(address)
        for form in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
            assert is_public(ipaddress.IPv6Address(form)) == is_public(address)

    @given(st.ip_addresses())
    def test_what_is_public_is_global_unicast(
        self, address: ipaddress.IPv4Address | ipaddress.IPv6Address
    ) -> None:
        if is_public(address):
            assert (
                not address.is_loopback
                | address.is_link_local
                | address.is_multicast
                | address.is_unspecified
            )

    @example("\x00")
    @given(st.text(max_size=30))
    def test_any_host_is_judged(self, host: str) -> None:
        literal_address(host)

    @given(st.ip_addresses(v=4))
    def test_every_form_that_inet_aton_reads(self, address: ipaddress.IPv4Address) -> None:
        parts = address.packed
        forms = [
            str(int(address)),
            hex(int(address)),
            ".".join(map(hex, parts)),
            f"{parts[0]}.{int(address) & 0xFFFFFF}",
        ]
        assert {literal_address(form) for form in forms} == {address}

    def test_operators_allow_networks(self) -> None:
        guard = Guard(["10.1.0.0/16", "fd00::/8"])
        assert guard.permits(ipaddress.ip_address("10.1.2.3"))
        assert guard.permits(ipaddress.ip_address("::ffff:10.1.2.3"))
        assert guard.permits(ipaddress.ip_address("fd12::1"))
        assert not guard.permits(ipaddress.ip_address("10.2.0.1"))
        assert not guard.permits(ipaddress.ip_address("::1"))

    def test_a_socket_is_only_made_for_a_permitted_address(self) -> None:
        guard = Guard(["127.0.0.1/32"])
        guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))).close()
        with pytest.raises(AddressRefusedError):
            guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 80)))
        with pytest.raises(AddressRefusedError):
            guard.open_socket((socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%lo", 80, 0, 1)))


class TestFetching:
    async def test_no_form_of_a_loopback_address_is_reached(self, site: Any, crawl: Any) -> None:
        async with crawl(allow_networks=()) as c:
            answers = await c.pages(*(f"http://{host}:{site.port}/page/1" for host in LOOPBACK_FORMS))
        assert {answer.error.kind for answer in answers if answer.error} <= {"address", "url", "dns"}
        assert [answer.job.url for answer in answers if answer.capture] == []
        by_host = {answer.job.url.split("/")[2].rsplit(":", 1)[0]: answer.error.kind for answer in answers}
        assert by_host["localhost"] == by_host["[::1]"] == by_host["0x7f000001"] == "address"
        assert site.log() == []

    async def test_private_and_metadata_addresses_are_refused_at_once(self, crawl: Any) -> None:
        hosts = [
            "10.0.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "100.64.0.1",
            "[fe80::1]",
            "[fd00::1]",
            "0.0.0.0",
            "224.0.0.1",
        ]
        async with crawl(allow_networks=()) as c:
            answers = await c.pages(*(f"http://{host}/" for host in hosts))
        assert [answer.error.kind for answer in answers] == ["address"] * len(hosts)
        assert all("not a public address" in answer.error.detail for answer in answers)

    async def test_a_redirect_is_checked_on_every_hop(self, site: Any, crawl: Any) -> None:
        target = site.url("/page/secret")
        start = site.other(f"/redirect?to={site.other(f'/redirect?to={target}')}")
        async with crawl(allow_networks=("127.0.0.2/32",)) as c:
            error = await c.error(start)
        assert (error.kind, error.detail) == ("address", "127.0.0.1 is not a public address")
        assert {row["headers"]["host"].split(":")[0] for row in site.requests(robots=True)} == {"127.0.0.2"}

    async def test_robots_txt_may_not_lead_inside_either(self, site: Any, crawl: Any) -> None:
        site.robots({"127.0.0.2": site.url("/page/robots")})
        async with crawl(allow_networks=("127.0.0.2/32",)) as c:
            error = await c.error(site.other("/page/1"))
        assert error.kind == "address"
        assert site.paths() == []

    async def test_a_name_is_judged_by_the_address_it_has_when_connecting(
        self, site: Any, crawl: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that pointed to a permitted address a moment ago points inside now (DNS rebinding)."""
        turns = iter(["127.0.0.2", "127.0.0.1"])
        real = socket.getaddrinfo

        def rebinding(host: str, *rest: Any, **more: Any) -> Any:
            return real(next(turns) if host == "rebind.example" else host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr("crawler.spiders.download.DNS_CACHE_S", 0)
        monkeypatch.setattr("crawler.spiders.download.KEEPALIVE_S", 0.0)
        url = f"http://rebind.example:{site.port}"
        async with crawl(allow_networks=("127.0.0.2/32",)) as c:
            error = await c.error(
                f"{url}/page/1"
            )  # robots.txt came from 127.0.0.2, the page would from 127.0.0.1
        assert error.kind == "address"
        assert site.paths(robots=True) == ["/robots.txt"]

    async def test_a_name_with_good_and_bad_addresses_uses_the_good_one(
        self, site: Any, crawl: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = socket.getaddrinfo

        def both(host: str, *rest: Any, **more: Any) -> Any:
            if host != "mixed.example":
                return real(host, *rest, **more)
            return [found for one in ("127.0.0.1", "127.0.0.2") for found in real(one, *rest, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        async with crawl(allow_networks=("127.0.0.2/32",)) as c:
            capture = await c.capture(f"http://mixed.example:{site.port}/page/1")
        assert b"/page/1" in capture.body

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "http://user:pw@127.0.0.1/",
            "data:text/html,x",
            "http://",
        ],
    )
    async def test_other_schemes_and_credentials_are_no_addresses(self, crawl: Any, url: str) -> None:
        async with crawl() as c:
            assert (await c.error(url)).kind == "url"

    async def test_a_redirect_to_another_scheme_goes_nowhere(self, site: Any, crawl: Any) -> None:
        async with crawl() as c:
            assert (await c.error(site.url("/redirect?to=file:///etc/passwd"))).kind == "redirect"


class TestProxy:
    async def test_names_go_to_the_proxy_which_may_stand_anywhere(self, site: Any, crawl: Any) -> None:
        async with crawl(allow_networks=(), environment={"http_proxy": site.proxy}) as c:
            capture = await c.capture("http://news.example/page/1?a=b")
        assert b"/page/1" in capture.body
        assert [(row["host"], row["path"], row["proxied"]) for row in site.requests()] == [
            ("news.example", "/page/1?a=b", True)
        ]

    async def test_literal_addresses_are_refused_behind_a_proxy_too(self, site: Any, crawl: Any) -> None:
        async with crawl(allow_networks=(), environment={"HTTP_PROXY": site.proxy}) as c:
            answers = await c.pages(*(f"http://{host}/page/1" for host in ["10.0.0.1", *LOOPBACK_FORMS]))
        assert {answer.error.kind for answer in answers if answer.error} == {"address"}
        assert site.log() == []

    async def test_a_redirect_behind_a_proxy_to_an_inner_address_is_refused(
        self, site: Any, crawl: Any
    ) -> None:
        async with crawl(allow_networks=(), environment={"http_proxy": site.proxy}) as c:
            error = await c.error("http://news.example/redirect?to=http://169.254.169.254/latest/meta-data/")
        assert error.kind == "address"

    async def test_no_proxy_names_hosts_that_are_reached_directly(self, site: Any, crawl: Any) -> None:
        environment = {"http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
        async with crawl(environment=environment) as c:
            await c.capture(site.url("/page/1"))
            assert (await c.error("http://news.example/page/1")).kind == "proxy"
        assert [row["proxied"] for row in site.requests()] == [False]

    async def test_a_source_may_have_a_proxy_of_its_own(self, site: Any, crawl: Any) -> None:
        environment = {"WAY_IN": site.proxy.replace("http://", "http://me:secret@"), "no_proxy": "*"}
        async with crawl(environment=environment) as c:
            capture = await c.capture("http://inside.example/page/1", proxy="env:WAY_IN")
            missing = await c.error("http://inside2.example/page/1", proxy="env:NOT_SET")
            socks = await c.error("http://inside3.example/page/1", proxy="socks5://127.0.0.1:1")
        assert site.requests()[0]["headers"]["proxy-authorization"].startswith("Basic ")
        assert "secret" not in repr(capture)
        assert not any("authorization" in name.lower() for name, _ in capture.request_headers)
        assert (missing.kind, "NOT_SET" in missing.detail) == ("proxy", True)
        assert socks.kind == "proxy"

    async def test_a_proxy_that_fails_is_no_fault_of_the_host(self, crawl: Any) -> None:
        async with crawl(environment={"http_proxy": "http://me:secret@127.0.0.1:1"}) as c:
            error = await c.error("http://news.example/page/1")
        assert error.kind == "proxy"
        assert "secret" not in error.detail
