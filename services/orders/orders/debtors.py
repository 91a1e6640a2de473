"""For whose limit of unpaid orders a guest's order counts. A cart's token is no identity, since
everybody gets as many as they like; what is kept is a keyed hash."""

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address, ip_network

IPV6_PREFIX = 64
"""Bits: the least that one subscriber has."""


class Debtors:
    """`most` is how many unpaid orders each may have; 0: any number."""

    def __init__(self, secret: str, most: int) -> None:
        self.most = most
        self._key = hashlib.sha256(b"debtor:" + secret.encode()).digest()

    def of_guest(self, address: str | None, email: str) -> str:
        """By the client's address; by the e-mail address where that is not known."""
        network = network_of(address)
        kind, known = ("address", network) if network else ("email", email.strip().casefold())
        return f"{kind}:{hmac.digest(self._key, known.encode(), 'sha256').hex()}"


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
