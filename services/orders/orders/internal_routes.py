"""What `shop-orders reconcile` asks of the running service, with the service's own credentials: a
second process may not open its database."""

from typing import Annotated, Any

from orders.deps import OrdersContext
from orders.schemas.reconciling import ReconciliationOut
from shopkit.auth import Caller, Principal
from shopkit.routing import new_router

router = new_router()
Orders = Annotated[Principal, Caller("orders")]


@router.post(
    "/internal/reconciliation",
    summary="Compare everything with the orders",
    status_code=202,
    response_model=ReconciliationOut,
)
async def reconcile(context: OrdersContext, _: Orders) -> Any:
    """Begins a round, unless one that was asked for still runs."""
    return context.reconciler.ask().shown()


@router.get(
    "/internal/reconciliation",
    summary="How far the reconciliation is",
    response_model=ReconciliationOut,
)
async def get_reconciliation(context: OrdersContext, _: Orders) -> Any:
    return context.reconciler.get_asked().shown()
