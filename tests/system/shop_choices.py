"""What may happen in a shop, and to which of its orders it is done."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from tests.system import shop_model as model

WHO, WHAT, ANY = st.integers(0, 1), st.integers(0, 1), st.integers(0, 99)
COUNTS, PRICES = st.sampled_from([1, 1, 2, 5]), st.sampled_from([999, 250, 250, 999, 1, 0])
TOKENS = st.sampled_from(
    [
        *(model.LATER, "tok_success", "tok_success", "tok_lapses", *model.ACTING),
        *(*model.ACTING, *model.DECLINED),
    ]
)
ITEMS = st.dictionaries(WHAT, st.sampled_from([1, 1, 2, 4]), min_size=1)
SOME = st.one_of(st.none(), st.none(), ITEMS)
"""All that is left, or these."""
STOCKED = st.integers(0, 9).map(lambda less: 15 - less)
RARELY = st.integers(0, 7).map(lambda number: number == 7)
Fits = Callable[[model.Order], object]


def waits(order: model.Order) -> bool:
    return order.step == "waiting"


def may_go(order: model.Order) -> bool:
    return order.step == "placed" and order.sent != order.lines and order.payment != "unpaid"


def owes(order: model.Order) -> bool:
    return order.step == "placed" and order.payment == "unpaid"


def is_paid(order: model.Order) -> bool:
    return order.refundable > 0


def is_sent(order: model.Order) -> bool:
    return bool(order.sent)


def may_end(order: model.Order) -> bool:
    return order.step in ("waiting", "placed") and not order.sent


def under_way(order: model.Order) -> bool:
    return any(not parcel.delivered for parcel in order.parcels)


def asked_back(order: model.Order) -> bool:
    return any(one.state == "requested" for one in order.returns)


def some(fits: Fits) -> Callable[[Any], Any]:
    """For rules that are about orders of a kind."""
    return precondition(lambda machine: any(map(fits, machine.model.orders)))
