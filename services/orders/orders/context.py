"""What the use cases work with, put together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from orders.clients.cart import Cart
from orders.clients.catalog import Catalog
from orders.clients.measured import MeasuredProvider
from orders.clients.provider import Provider
from orders.debtors import Debtors
from orders.delivery import CartDelivery
from orders.domain import PAY_LATER
from orders.expiry import UnpaidExpiry
from orders.mails import OrderMails
from orders.models import outbox
from orders.parties import Parties
from orders.reconciler import Reconciler
from orders.refunding import REFUND, RefundDelivery
from orders.restocking import ReturnDelivery
from orders.returning import RESTOCK
from orders.running import Sagas
from orders.saga import CONSUME
from orders.settings import MAIL_TEMPLATES, OrdersSettings
from orders.worker import Worker
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.failpoints import Failpoints
from shopkit.guests import GuestTokens
from shopkit.outbox import Relay
from shopkit.pagination import Cursors
from shopkit.postman import mail_relay, open_postman
from shopkit.service import Closable


@dataclass(frozen=True)
class Context:
    it: Parties
    sagas: Sagas
    worker: Worker
    relay: Relay
    mail_relay: Relay
    guest_tokens: GuestTokens
    cursors: Cursors
    expiry: UnpaidExpiry
    reconciler: Reconciler
    debtors: Debtors
    methods: frozenset[str]
    """Of payment; those with a provider are in `it.providers` too."""
    ship_unpaid: bool
    most_addresses: int

    @property
    def background(self) -> list[Callable[[], Awaitable[None]]]:
        """What goes on beside requests."""
        works = (self.worker, self.relay, self.mail_relay, self.expiry, self.reconciler)
        return [self.worker.measure, *(work.run for work in works)]

    @property
    def closables(self) -> list[Closable]:
        return [self.reconciler, self.sagas, *self.it.providers.values()]


def new_context(
    settings: OrdersSettings,
    cart: Cart,
    catalog: Catalog,
    providers: Mapping[str, Provider],
    clock: Clock,
) -> Context:
    database = open_database(settings.database_url, settings.database_pool)
    it = Parties(
        database,
        cart,
        catalog,
        {name: MeasuredProvider(name, one) for name, one in providers.items()},
        settings.capture_at,
        clock,
        lease=timedelta(seconds=settings.lease_seconds),
        failpoints=Failpoints(settings.failpoints),
    )
    delivery = CartDelivery(it)
    relay = _relay(it, delivery, settings)
    sagas = Sagas(it, lambda order: delivery.hurry(order, partial(relay.wake, CONSUME)))
    secret = settings.secret_key.get_secret_value()
    return Context(
        it=it,
        sagas=sagas,
        worker=Worker(it, sagas),
        relay=relay,
        mail_relay=_mail_relay(settings, database, clock),
        guest_tokens=GuestTokens(secret),
        cursors=Cursors(secret),
        expiry=UnpaidExpiry(it, sagas, settings.unpaid_days),
        reconciler=Reconciler(it, sagas, relay.wake, settings.reconcile_seconds),
        debtors=Debtors(secret, settings.most_unpaid),
        methods=settings.methods & {PAY_LATER, *providers},
        ship_unpaid=settings.ship_unpaid,
        most_addresses=settings.most_addresses,
    )


def _relay(it: Parties, delivery: CartDelivery, settings: OrdersSettings) -> Relay:
    handlers = {
        CONSUME: delivery.deliver,
        REFUND: RefundDelivery(it).deliver,
        RESTOCK: ReturnDelivery(it).deliver,
    }
    return Relay(it.database, outbox, handlers, it.clock, settings.lease_seconds)


def _mail_relay(settings: OrdersSettings, database: Database, clock: Clock) -> Relay:
    mails = OrderMails(open_postman(settings, MAIL_TEMPLATES, clock), settings.link)
    return mail_relay(database, outbox, mails.deliver, clock)
