"""Whom limits take for one client."""

import pytest

from shopkit.client_address import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unix:", None),
        ("", None),
        (None, None),
    ],
)
def test_b9_a15_an_ipv6_subscriber_counts_once(address: str | None, network: str | None) -> None:
    assert network_of(address) == network
