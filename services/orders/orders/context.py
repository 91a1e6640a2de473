"""What the use cases work with, put together."""

from dataclasses import dataclass
from datetime import timedelta

from orders.clients.cart import Cart
from orders.clients.catalog import Catalog
from orders.delivery import CartDelivery
from orders.models import outbox
from orders.parties import Parties
from orders.running import Sagas
from orders.saga import CONSUME
from orders.settings import OrdersSettings
from orders.worker import Worker
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.failpoints import Failpoints
from shopkit.guests import GuestTokens
from shopkit.outbox import Relay
from shopkit.pagination import Cursors


@dataclass(frozen=True)
class Context:
    it: Parties
    sagas: Sagas
    worker: Worker
    relay: Relay
    guest_tokens: GuestTokens
    cursors: Cursors
    max_pending: int


def new_context(settings: OrdersSettings, cart: Cart, catalog: Catalog, clock: Clock) -> Context:
    database = open_database(settings.database_url, settings.database_pool)
    it = Parties(
        database,
        cart,
        catalog,
        clock,
        lease=timedelta(seconds=settings.lease_seconds),
        failpoints=Failpoints(settings.failpoints),
    )
    delivery = CartDelivery(it)
    relay = Relay(database, outbox, {CONSUME: delivery.deliver}, clock, settings.lease_seconds)
    sagas = Sagas(it, lambda order: delivery.hurry(order, relay.wake))
    secret = settings.secret_key.get_secret_value()
    return Context(
        it=it,
        sagas=sagas,
        worker=Worker(it, sagas),
        relay=relay,
        guest_tokens=GuestTokens(secret),
        cursors=Cursors(secret),
        max_pending=settings.max_pending_orders,
    )
