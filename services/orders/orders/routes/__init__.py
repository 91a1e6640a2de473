"""The public API. Lists stand before `/api/orders/{order_id}`, which would take their names for
ids."""

from orders.routes import addresses, checkout, discrepancies, export, fulfillments, orders, payments

routers = (
    addresses.router,
    discrepancies.router,
    export.router,
    orders.router,
    checkout.router,
    fulfillments.router,
    payments.router,
)
