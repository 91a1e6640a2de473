"""What of a total belongs to which line, so that the parts always sum up to the whole."""

from collections.abc import Mapping

from orders.domain import Order
from orders.records import Refund
from shopkit.money import allocate


def line_shares(order: Order) -> list[int]:
    """What each line has cost in the end, in minor units: discounts and taxes of the order are
    spread over its lines as their totals are. With the shipping they sum up to the total."""
    goods = (order.total or 0) - (order.shipping or 0)
    return allocate(goods, [line.line_total for line in order.lines])


def worth(order: Order, items: Mapping[str, int]) -> int:
    """What so many more of these products are refunded with, in minor units.

    The pieces of a line differ by one minor unit at most, and together are the line's share,
    however they are refunded.
    """
    total = 0
    for line, share in zip(order.lines, line_shares(order), strict=True):
        until = line.refunded + items.get(line.product_id, 0)
        total += share * until // line.quantity - share * line.refunded // line.quantity
    return total


def shipping_left(order: Order) -> int:
    """What of the shipping was not refunded yet, nor is about to be."""
    given: list[Refund] = [refund for refund in order.refunds if refund.status != "failed"]
    return (order.shipping or 0) - sum(refund.shipping for refund in given)
