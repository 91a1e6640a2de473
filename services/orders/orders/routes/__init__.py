"""The public API. Lists stand before `/api/orders/{order_id}`, which would take their names for
ids."""

from orders.routes import checkout, discrepancies, fulfillments, orders, payments

routers = (
    discrepancies.router,
    orders.router,
    checkout.router,
    fulfillments.router,
    payments.router,
)
