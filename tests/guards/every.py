"""All guards of the code, and which of the model's have no counterpart here."""

from collections.abc import Mapping

from tests.guards import of_carts, of_drivers, of_keys, of_payments, of_refunds, of_stock
from tests.guards.guard import Guard
from tests.model.guards import Guard as Modelled

MODULES = (of_drivers, of_keys, of_payments, of_refunds, of_stock, of_carts)
GUARDS: tuple[Guard, ...] = tuple(guard for module in MODULES for guard in module.GUARDS)
NOT_HERE: Mapping[Modelled, str] = {}
"""With the reason."""
