"""The providers that the settings ask for."""

from importlib import import_module

from orders.clients.provider import Provider
from orders.clients.sandbox import new_sandbox
from orders.settings import OrdersSettings
from shopkit.clock import Clock


def open_providers(settings: OrdersSettings, clock: Clock) -> dict[str, Provider]:
    """By payment method; `manual` needs none."""
    found: dict[str, Provider] = {}
    if "sandbox" in settings.methods:
        found["sandbox"] = new_sandbox(
            settings.sandbox_url, settings.sandbox_api_key, settings.sandbox_webhook_secret, clock
        )
    if "stripe" in settings.methods:
        # Only here: with Stripe's library come 6 MB and a twentieth of a second.
        found["stripe"] = import_module("orders.clients.stripe_api").StripeProvider(
            settings.stripe_api_key, settings.stripe_webhook_secret, settings.stripe_api_base
        )
    return found
