"""Which lines of an order a request is about."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from orders.domain import Line, Order
from orders.schemas.checkout import ItemInput
from shopkit.errors import FieldError, Invalid


def chosen(
    order: Order,
    items: Sequence[ItemInput] | None,
    left: Callable[[Line], int],
    unless_named: Callable[[Line], int] | None = None,
) -> dict[str, int]:
    """How many of which product; of each all that is left where the request names none, or so
    many as `unless_named` says.

    Raises Invalid for products that the order has not, or has not so many left of.
    """
    there = {line.product_id: left(line) for line in order.lines}
    if items is None:
        each = ((line.product_id, (unless_named or left)(line)) for line in order.lines)
        return {product_id: count for product_id, count in each if count}
    wanted = Counter[str]()
    errors = []
    for n, item in enumerate(items):
        wanted[item.product_id] += item.quantity
        if item.product_id not in there:
            detail = "The order has no such product."
            errors.append(FieldError(f"/items/{n}/product_id", "not_found", detail))
        elif wanted[item.product_id] > there[item.product_id]:
            detail = f"No more than {there[item.product_id]} of it are left for this."
            errors.append(FieldError(f"/items/{n}/quantity", "too_many", detail))
    if errors:
        raise Invalid("The order does not have (so many of) these items left.", errors=errors)
    return dict(wanted)


def listed(items: Mapping[str, int]) -> list[dict[str, object]]:
    """As a paper has them."""
    return [{"product_id": id_, "quantity": count} for id_, count in items.items()]
