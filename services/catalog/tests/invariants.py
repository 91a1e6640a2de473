"""I1 and I2 of the checkout, in SQL."""

from .conftest import Shop

_I1_BOUNDS = """
    SELECT count(*) FROM stock WHERE reserved < 0 OR (reserved > on_hand AND NOT backorder)
"""
_I1_HELD = """
    SELECT s.product_id, s.reserved, coalesce(sum(held.quantity), 0)
    FROM stock s
    LEFT JOIN (
        SELECT l.product_id, l.quantity
        FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
        WHERE r.status = 'held'
    ) held ON held.product_id = s.product_id
    GROUP BY s.product_id, s.reserved
    HAVING s.reserved <> coalesce(sum(held.quantity), 0)
"""
# opening + receipts + adjustments = on hand + sold - returned; sales are negative in the ledger
_I2 = """
    SELECT s.product_id, s.on_hand, coalesce(sum(m.quantity), 0)
    FROM stock s LEFT JOIN stock_movements m ON m.product_id = s.product_id
    GROUP BY s.product_id, s.on_hand
    HAVING s.on_hand <> coalesce(sum(m.quantity), 0)
"""
# what the ledger says was sold for an order, and is not back, is what its reservation says
_I2_ORDERS = """
    SELECT l.order_id, l.product_id
    FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
    LEFT JOIN stock_movements m ON m.order_id = l.order_id AND m.product_id = l.product_id
    GROUP BY l.order_id, l.product_id, l.quantity, l.returned, r.status
    HAVING coalesce(sum(m.quantity), 0) <>
        CASE WHEN r.status = 'committed' THEN l.returned - l.quantity ELSE 0 END
"""


async def check_invariants(shop: Shop) -> None:
    assert await shop.query(_I1_BOUNDS) == [(0,)]
    for invariant in (_I1_HELD, _I2, _I2_ORDERS):
        assert await shop.query(invariant) == []
