"""F1: orders is killed at every step of every saga; clients repeat, and all is as if it had not
been: one order or a definite refusal, nothing held, nothing sold or charged twice."""

import pytest

from orders.settings import FAILPOINTS
from tests.faults.journeys import journey_past, untried
from tests.faults.staging import Staging
from tests.faults.trial import healing, restart, travel
from tests.shop_clients import Staff


def test_every_failpoint_is_tried() -> None:
    assert untried() == set()


@pytest.mark.torture
@pytest.mark.parametrize("failpoint", FAILPOINTS)
async def test_f1_what_was_killed_comes_to_its_end(
    shop: Staging, staff: Staff, failpoint: str
) -> None:
    journey = journey_past(failpoint)
    await restart(shop, journey, f"{failpoint}:kill")
    async with healing(shop, journey):
        await travel(f"kill-{failpoint}", shop, staff, journey)
