"""Which addresses may be contacted: public ones, and the networks that an operator allows.

The check sits in the dialer: `Guard.open_socket` makes every socket that a direct connection uses, so it sees the
address that is really connected to, after DNS, whatever form the host had in the URL and whatever the name
resolved to a moment before. `Guard.refuse_literal` is for the way through a proxy, which resolves names itself.
"""

from __future__ import annotations

import ipaddress
import socket
import unicodedata
from collections.abc import Iterable
from contextvars import ContextVar
from errno import EACCES
from typing import Any, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""All global unicast that IANA has given out (RFC 4291 section 2.4); the rest is special or not assigned."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address behind the translator."""
_REFUSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        # IPv4, all of IANA's special-purpose registry: what Python's `ipaddress` knows of it depends on its version.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, with its metadata, inside public space
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        # IPv6 inside 2000::/3.
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation (RFC 9637)
    )
)

refusals: ContextVar[list[str] | None] = ContextVar("refusals", default=None)
"""Where `open_socket` leaves the addresses that it refused, for the request that runs in this context. The dialer
tries the next address after a refusal and forgets why it failed."""


class AddressRefusedError(OSError):
    """A connection to a non-public address was not made."""

    def __init__(self, address: str) -> None:
        super().__init__(EACCES, f"{address} is not a public address")
        self.address = address


def embedded(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped, NAT64 or 6to4 one; any other address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def is_public(address: Address) -> bool:
    """Whether an address is globally reachable unicast by IANA's registries (RFC 6890, RFC 8190)."""
    inner = embedded(address)
    if any(inner in network for network in _REFUSED if network.version == inner.version):
        return False
    return isinstance(inner, ipaddress.IPv4Address) or inner in _GLOBAL_V6


def literal_address(host: str) -> Address | None:
    """The address that a host spells out, in any form that resolvers accept, or None for a name.

    `127.1`, `0x7f000001`, `017700000001` and `2130706433` are all 127.0.0.1 for inet_aton(3); full-width digits
    become plain ones on the way through IDNA.
    """
    text = unicodedata.normalize("NFKC", host).strip("[]").split("%", 1)[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if not text or not text.isascii() or " " in text:
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):  # the latter for a null character
        return None


class Guard:
    """The verdict over addresses, with the operator's networks, as the HTTP client needs it."""

    def __init__(self, allow_networks: Iterable[str] = ()) -> None:
        self.allowed: tuple[Network, ...] = tuple(
            ipaddress.ip_network(text, strict=False) for text in allow_networks
        )

    def permits(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        if is_public(address):
            return True
        forms = {address, embedded(address)}
        return any(
            form in network for form in forms for network in self.allowed if network.version == form.version
        )

    def refuse_literal(self, host: str) -> None:
        """Raise `AddressRefusedError` where a host is itself a non-public address, or the machine's own name."""
        address = literal_address(host)
        name = host.rstrip(".").lower()
        if address is None and (name == "localhost" or name.endswith(".localhost")):  # RFC 6761 section 6.3
            address = ipaddress.IPv4Address("127.0.0.1")
        if address is not None and not self.permits(address):
            raise AddressRefusedError(host)

    def open_socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """The socket for one address as getaddrinfo(3) gave it, or `AddressRefusedError` before anything is sent."""
        family, kind, protocol, _, where = addr_info
        address = ipaddress.ip_address(str(where[0]).split("%", 1)[0])
        if not self.permits(address):
            if (seen := refusals.get()) is not None:
                seen.append(str(address))
            raise AddressRefusedError(str(address))
        return socket.socket(family=family, type=kind, proto=protocol)
