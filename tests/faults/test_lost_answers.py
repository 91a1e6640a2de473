"""F4 and F5: the answer to every call of every saga gets lost after the effect, more often than
its caller repeats it; is cut; or the call arrives twice, at once or late."""

import pytest

from tests.faults.journeys import OF_STEP
from tests.faults.plan import FULL
from tests.faults.proxy import Fate, Script
from tests.faults.staging import Staging
from tests.faults.trial import restart, travel
from tests.shop_clients import Staff

CALLS = {
    "r1": ("orders-cart", "^PUT /internal/claims/"),
    "r2": ("orders-catalog", "^PUT /internal/reservations/"),
    "r3": ("orders-sandbox", "/authorize "),
    "r4": ("orders-catalog", "/commit "),
    "r5": ("orders-sandbox", "/capture "),
    "consume": ("orders-cart", "/consume "),
    "c2": ("orders-sandbox", "/cancel "),
    "c3": ("orders-catalog", "/release "),
    "c4": ("orders-cart", "/release "),
    "x2": ("orders-catalog", "/release "),
    "x3": ("orders-sandbox", "/cancel "),
    "f1": ("orders-sandbox", "/refunds "),
    "s1": ("orders-catalog", "^PUT /internal/returns/"),
    "t3": ("sandbox-orders", "^POST "),  # the webhook about it
    "t2": ("orders-sandbox", "^POST /v1/intents "),
}
"""By step: the link, and what the first line of the call has."""
TIMES = {Fate.LOST_ANSWER: 4, Fate.TWICE: 3}
if FULL:
    TIMES |= {Fate.LOST_REQUEST: 4, Fate.SILENCE: 4, Fate.CUT_ANSWER: 4, Fate.LATE_COPY: 3}


@pytest.mark.torture
@pytest.mark.parametrize("fate", TIMES, ids=str)
@pytest.mark.parametrize("step", CALLS)
async def test_f4_a_lost_answer_is_asked_for_again(
    shop: Staging, staff: Staff, step: str, fate: Fate
) -> None:
    (link, pattern), journey = CALLS[step], OF_STEP[step]
    await restart(shop, journey)
    script = Script(pattern, fate, TIMES[fate])
    shop.turn({link: script})
    await travel(f"{fate}-{step}", shop, staff, journey)
    assert script.done
    await shop.clear()
