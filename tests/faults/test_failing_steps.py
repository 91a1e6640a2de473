"""Every step fails once: before it had its effect, and after it, when the outcome is unknown."""

import pytest

from orders.settings import FAILPOINTS
from tests.faults.journeys import journey_past
from tests.faults.staging import Staging
from tests.faults.trial import acted, restart, travel
from tests.shop_clients import Staff


@pytest.mark.torture
@pytest.mark.parametrize("failpoint", FAILPOINTS)
async def test_f4_what_failed_comes_to_its_end(shop: Staging, staff: Staff, failpoint: str) -> None:
    journey = journey_past(failpoint)
    await restart(shop, journey, f"{failpoint}:error")
    await travel(f"error-{failpoint}", shop, staff, journey)
    assert acted(shop, failpoint, "error")
