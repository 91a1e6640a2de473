"""Where a request comes from, as far as limits need to know. The gateway overwrites the header, and
only it and this machine reach the listeners; gateway/README.md tells of proxies before it."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

HEADER = "X-Real-IP"
IPV6_PREFIX = 64
"""Bits: the least that one subscriber has."""


def client_network(request: Request) -> str | None:
    """None for a request that did not come through the gateway."""
    return network_of(request.headers.get(HEADER))


def network_of(address: str | None) -> str | None:
    """What one subscriber has: an IPv4 address, or the first 64 bits of an IPv6 one. None for what
    is no address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ip_network((parsed.packed, IPV6_PREFIX), strict=False))
