"""The orders service, put together; started by `shop-orders serve`."""

from collections.abc import Mapping

from orders.apps import internal_app, public_app
from orders.clients.cart import Cart, HttpCart
from orders.clients.catalog import Catalog, HttpCatalog
from orders.clients.provider import Provider
from orders.clients.providers import open_providers
from orders.commands import COMMANDS
from orders.context import new_context
from orders.erasing import erase
from orders.models import erasure
from orders.retention import Housekeeper
from orders.settings import MIGRATIONS, OrdersSettings
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.erasure import Eraser
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed
from shopkit.service import Service


def build(
    settings: OrdersSettings,
    *,
    auth: ServiceClient | None = None,
    cart: Cart | None = None,
    catalog: Catalog | None = None,
    providers: Mapping[str, Provider] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Service:
    auth = auth or ServiceClient(settings.auth_url)
    keys = JwksClient(auth, settings.jwks_cache)
    tokens = ServiceToken(auth, "orders", settings.client_secret.get_secret_value())
    asking = auth.with_tokens(tokens)
    revocations = RevocationFeed(asking)
    to_cart = ServiceClient(settings.cart_url, tokens=tokens)
    to_catalog = ServiceClient(settings.catalog_url, tokens=tokens)
    if providers is None:
        providers = open_providers(settings, clock)
    context = new_context(
        settings, cart or HttpCart(to_cart), catalog or HttpCatalog(to_catalog), providers, clock
    )
    database = context.it.database
    return Service(
        name="orders",
        migrations=MIGRATIONS,
        database=database,
        public=public_app(settings, context, keys, revocations),
        internal=internal_app(settings, context, keys),
        background=[
            keys.run,
            revocations.run,
            *context.background,
            Housekeeper(database, clock).run,
            Eraser(database, erasure, asking, erase, clock).run,
        ],
        closables=[*context.closables, to_cart, to_catalog, auth],
    )


def main() -> None:
    command_line("orders", OrdersSettings, build, MIGRATIONS, COMMANDS)
