"""What of a total belongs to which line, so that the parts always sum up to the whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orders.domain import Order
from orders.records import Refund
from shopkit.money import allocate


def shipping_share(order: Order) -> int:
    """What of the total is for shipping, in minor units: a discount may have eaten into it."""
    return min(order.shipping or 0, order.total or 0)


def line_shares(order: Order) -> list[int]:
    """What each line has cost in the end, in minor units: discounts and taxes of the order are
    spread over its lines as their totals are. With the shipping they sum up to the total."""
    goods = (order.total or 0) - shipping_share(order)
    return allocate(goods, [line.line_total for line in order.lines])


def pieces(order: Order, items: Mapping[str, int]) -> list[dict[str, Any]]:
    """So many more of these products, and what they are refunded with, in minor units.

    Together the pieces of a line are the line's share, however they are refunded, and whichever
    refund has failed meanwhile. Without failures they differ by one minor unit at most.
    """
    given = Counter[str]()
    for refund in _valid(order):
        given.update({item["product_id"]: item["amount"] for item in refund.items})
    found = []
    for line, share in zip(order.lines, line_shares(order), strict=True):
        if count := items.get(line.product_id):
            until = share * (line.refunded + count) // line.quantity
            amount = max(0, until - given[line.product_id])
            found.append({"product_id": line.product_id, "quantity": count, "amount": amount})
    return found


def worth(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(piece["amount"] for piece in found)


def capped(found: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The same pieces, worth no more than `most` together."""
    amounts = [piece["amount"] for piece in found]
    shares = allocate(min(most, sum(amounts)), amounts)
    return [piece | {"amount": share} for piece, share in zip(found, shares, strict=True)]


def shipping_left(order: Order) -> int:
    """What of the shipping was not refunded yet, nor is about to be."""
    return shipping_share(order) - sum(refund.shipping for refund in _valid(order))


def _valid(order: Order) -> list[Refund]:
    return [refund for refund in order.refunds if refund.status != "failed"]
