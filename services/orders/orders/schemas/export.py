"""What customers take along."""

from typing import Annotated

from pydantic import Field

from orders.schemas.addresses import SavedAddress
from orders.schemas.orders import OrderOut
from shopkit.schemas import Output, Timestamp


class OrdersExport(Output):
    """Everything that orders keeps of a customer with an account."""

    exported_at: Timestamp
    addresses: list[SavedAddress]
    orders: Annotated[list[OrderOut], Field(description="Oldest first.")]
