"""The cart service, put together; started by `shop-cart serve`."""

from cart.apps import internal_app, public_app
from cart.clients.catalog import Catalog, HttpCatalog
from cart.clients.coalescing import CoalescingCatalog
from cart.context import new_context
from cart.erasing import erase
from cart.models import erasure
from cart.settings import MIGRATIONS, CartSettings
from cart.worker import Sweeper
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.erasure import Eraser
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed
from shopkit.service import Service


def build(
    settings: CartSettings,
    *,
    auth: ServiceClient | None = None,
    catalog: Catalog | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Service:
    auth = auth or ServiceClient(settings.auth_url)
    keys = JwksClient(auth, settings.jwks_cache)
    tokens = ServiceToken(auth, "cart", settings.client_secret.get_secret_value())
    asking = auth.with_tokens(tokens)
    revocations = RevocationFeed(asking)
    to_catalog = ServiceClient(settings.catalog_url, tokens=tokens)
    asked = CoalescingCatalog(catalog or HttpCatalog(to_catalog))
    once = CoalescingCatalog(catalog or HttpCatalog(to_catalog, once=True))
    context = new_context(settings, asked, once, clock)
    return Service(
        name="cart",
        migrations=MIGRATIONS,
        database=context.database,
        public=public_app(settings, context, keys, revocations),
        internal=internal_app(settings, context, keys),
        background=[
            keys.run,
            revocations.run,
            Sweeper(context).run,
            Eraser(context.database, erasure, asking, erase, clock).run,
        ],
        closables=[to_catalog, auth],
    )


def main() -> None:
    command_line("cart", CartSettings, build, MIGRATIONS)
