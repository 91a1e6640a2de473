"""F13: every step stalls once, longer than its lease. Somebody else takes the order over, and who
was slow wakes up as a zombie, whose writes match no row."""

import pytest

from orders.settings import FAILPOINTS
from tests.faults.journeys import journey_past
from tests.faults.staging import Staging
from tests.faults.trial import acted, restart, travel
from tests.shop_clients import Staff


@pytest.mark.torture
@pytest.mark.parametrize("failpoint", FAILPOINTS)
async def test_f13_who_was_slow_does_no_harm(shop: Staging, staff: Staff, failpoint: str) -> None:
    journey = journey_past(failpoint)
    await restart(shop, journey, f"{failpoint}:delay")
    await travel(f"delay-{failpoint}", shop, staff, journey)
    assert acted(shop, failpoint, "delay")
