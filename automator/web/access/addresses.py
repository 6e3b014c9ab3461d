"""Whose address a request comes from: the peer's, or what trusted proxies say of those behind them."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from automator.config.web import Network

Address = IPv4Address | IPv6Address


def parse_address(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. An IPv4 address within IPv6 is the IPv4 address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_within(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def client_address(
    peer: str, forwarded: Sequence[str], trusted: Sequence[Network]
) -> Address | None:
    """`forwarded` are the values of X-Forwarded-For. Each proxy adds at the end whom it heard: the last that is not one of ours counts.

    What stands before it is whatever the client made up.
    """
    address = parse_address(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and is_within(address, trusted):
        before = parse_address(hops.pop())
        if before is None:
            break
        address = before
    return address


def limit_key(address: Address | None) -> str:
    """What counts as one client: an IPv6 subscriber has a whole /64."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address or "")
