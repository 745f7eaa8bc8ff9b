"""Which network addresses are the open internet's, however they are written."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""Nothing else of IPv6 is given out; what is not listed anywhere lies outside it."""

NAT64 = IPv6Network("64:ff9b::/96")
"""A network without IPv4 reaches the IPv4 address of the last 32 bits through it."""

NOT_OPEN = (
    IPv4Network("192.0.0.0/24"),  # protocols of the internet itself; Python counts some of it as global
    IPv4Network("192.88.99.0/24"),
    IPv6Network("2001::/23"),  # the same, Teredo among them
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)


class Unresolved(Exception):
    """The name leads to no address now."""


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address of the host, in the system's order, without doubles. Blocks as long as the system's resolver does.

    Raises:
        Unresolved
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # a name that cannot be encoded is a ValueError
        raise Unresolved(f"`{host}` cannot be resolved.") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether the address is on the open internet: not private, loopback, link-local, shared, reserved or multicast."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        inner = _inner(parsed)
        return _is_public_v4(inner) if inner else _is_public_v6(parsed)
    return _is_public_v4(parsed)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is reached, where this is only a way to write one."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_public_v4(address: IPv4Address) -> bool:
    return _is_global(address) and not address.is_multicast and not address.is_reserved


def _is_public_v6(address: IPv6Address) -> bool:
    return address in GLOBAL_UNICAST and _is_global(address)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not any(address in network for network in NOT_OPEN)
