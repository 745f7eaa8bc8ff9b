"""Which network addresses are the open internet's, however they are written."""

import socket
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import BoundedSemaphore, Thread

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""Nothing else of IPv6 is given out; what is not listed anywhere lies outside it."""

NAT64 = IPv6Network("64:ff9b::/96")
"""A network without IPv4 reaches the IPv4 address of the last 32 bits through it."""

NOT_OPEN = (
    IPv4Network("192.0.0.0/24"),  # protocols of the internet itself; Python counts some of it as global
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),  # a public address that in Azure is the host of the virtual machine
    IPv6Network("2001::/23"),  # the same, Teredo among them
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)

MOST_LOOK_UPS = 4
PATIENCE = 3.0
"""Seconds for a look-up that somebody waits for."""

_looking_up = BoundedSemaphore(MOST_LOOK_UPS)


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


def resolve_soon(host: str, port: int) -> tuple[str, ...]:
    """As `resolve`, for one who has a request to answer: in 3 s at most, and few at once.

    Raises:
        Unresolved: likewise where it takes longer, or as many names are being looked up already.
    """
    if literal := _literal(host):
        return (literal,)
    if not _looking_up.acquire(blocking=False):
        raise Unresolved(f"`{host}` cannot be looked up now.")
    found: Future[tuple[str, ...]] = Future()

    def look_up() -> None:
        try:
            try:
                addresses = resolve(host, port)
            finally:
                _looking_up.release()  # before anybody goes on
            found.set_result(addresses)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            found.set_exception(error)

    Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        return found.result(PATIENCE)
    except TimeoutError as error:
        raise Unresolved(f"`{host}` takes too long to be looked up.") from error


def _literal(host: str) -> str | None:
    """The address that is written out here, in any of the ways to write one."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


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
