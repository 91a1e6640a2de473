"""How a guest's cart goes into a user's."""

from dataclasses import replace
from typing import Any

from cart.domain import MAX_LINES, Cart, Line, Offers, new_line, sellable

Report = list[dict[str, Any]]


def merge(mine: Cart, guest: Cart, offers: Offers, most: int) -> tuple[Cart, Report]:
    """The user's cart with the guest's lines, and what became of each of them.

    Quantities add up, as far as stock and the `most` that a line may hold go. The user's own lines
    never shrink. A line that cannot be bought today, is in another currency or finds no room is
    dropped.
    """
    report: Report = []
    for line in guest.lines.values():
        mine, entry = _merge_line(mine, line, guest.currency, offers, most)
        report.append(entry)
    return mine, report


def _merge_line(
    mine: Cart, line: Line, currency: str | None, offers: Offers, most: int
) -> tuple[Cart, dict[str, Any]]:
    own = mine.lines.get(line.product_id)
    offer = sellable(offers.get(line.product_id), currency)
    if offer is None or not offer.covers(1):
        return mine, _entry(line, own, "dropped", "unavailable")
    if mine.currency not in (None, offer.currency):
        return mine, _entry(line, own, "dropped", "currency_mismatch")
    if own is None and len(mine.lines) >= MAX_LINES:
        return mine, _entry(line, own, "dropped", "cart_full")
    base = own or replace(new_line(mine, offer), added_amount=line.added_amount)
    wanted = base.quantity + line.quantity
    limit = most if offer.backorder else min(offer.available, most)
    merged = replace(base, quantity=max(base.quantity, min(wanted, limit)))
    mine = replace(mine, currency=offer.currency).with_line(merged)
    if merged.quantity < wanted:
        reason = "insufficient_stock" if limit < most else "quantity_limit"
        return mine, _entry(line, merged, "capped", reason)
    return mine, _entry(line, merged, "summed" if own else "moved", None)


def _entry(line: Line, result: Line | None, outcome: str, reason: str | None) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "outcome": outcome,
        "reason": reason,
        "guest_quantity": line.quantity,
        "quantity": result.quantity if result else 0,
    }
