"""Which providers the settings ask for."""

from orders.clients.provider import Provider
from orders.settings import OrdersSettings
from shopkit.clock import Clock


def open_providers(settings: OrdersSettings, clock: Clock) -> dict[str, Provider]:
    """By payment method; `manual` needs none."""
    return {}
