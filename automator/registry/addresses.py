"""How private a network is, and whether a registry may send us there.

    PUBLIC        the internet
    PRIVATE       RFC 1918, unique local (RFC 4193), shared by a carrier (RFC 6598), documentation
    LOOPBACK      this machine
    UNROUTED      link-local, unspecified, multicast, reserved, and the clouds' metadata services

A registry may name a place in a network as private as its own or less so. A registry on the internet that answers
with a redirect into our network would otherwise ask there with our rights.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from enum import IntEnum
from urllib.parse import unquote

import anyio

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[tuple[str, ...]]]

_MOST_REMEMBERED = 256
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Those that do not stand in a link-local network as 169.254.169.254 does: Azure, Alibaba Cloud, AWS over IPv6.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)


class Privacy(IntEnum):
    PUBLIC = 0
    PRIVATE = 1
    LOOPBACK = 2
    UNROUTED = 3


async def resolve(name: str) -> tuple[str, ...]:
    """Every address of a name; none where it is not known here, as with names that only a proxy can resolve."""
    try:
        found = await anyio.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple({str(entry[4][0]) for entry in found})


class Networks:
    """Remembers which places were allowed: a registry whose blobs all stand elsewhere is judged once for each host.

    The connection looks a name up again. Somebody who lets it change in between is held up by TLS alone.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._allowed: set[tuple[str, str]] = set()

    async def allow(self, host: str, *, named_by: str) -> bool:
        """Whether a registry at `named_by` may send us to `host`: names or addresses, without ports."""
        if host == named_by or (named_by, host) in self._allowed:
            return True
        privacy = await self._privacy(host)
        if privacy is None:
            return True
        if privacy > (await self._privacy(named_by) or Privacy.PUBLIC):
            return False
        if len(self._allowed) >= _MOST_REMEMBERED:
            self._allowed.clear()
        self._allowed.add((named_by, host))
        return True

    async def _privacy(self, host: str) -> Privacy | None:
        """Of the most private of its addresses; None for a name that has none here."""
        address = parse_address(host)
        if address is not None:
            return privacy_of(address)
        return _most_private(await self._resolve(host))


def _most_private(addresses: Iterable[str]) -> Privacy | None:
    parsed = (parse_address(address) for address in addresses)
    return max((privacy_of(address) for address in parsed if address is not None), default=None)


def parse_address(host: str) -> IPAddress | None:
    """An address in any spelling that the system's resolver takes (`127.1`, `0x7f000001`, `2130706433`); None for a name."""
    text = unquote(host).strip("[]").rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeError):
        return None


def privacy_of(address: IPAddress) -> Privacy:
    address = _embedded(address)
    if address.is_loopback:
        return Privacy.LOOPBACK
    if (
        address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or address in _THIS_NETWORK
        or address in _METADATA
    ):
        return Privacy.UNROUTED
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return Privacy.PUBLIC if address.is_global and not is_site_local else Privacy.PRIVATE


def _embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address leads to (mapped, 6to4, NAT64), else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
