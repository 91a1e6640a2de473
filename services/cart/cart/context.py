"""What the use cases work with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cart.clients.catalog import Catalog
from cart.lanes import Lanes
from cart.settings import CartSettings
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.guests import GuestTokens, is_guest


@dataclass(frozen=True)
class Lifetimes:
    user: timedelta
    guest: timedelta
    empty_guest: timedelta
    settled: timedelta
    """How long converted carts and the tombstones of claims are kept."""

    def end(self, owner: str, *, empty: bool, now: datetime) -> datetime:
        """When a cart that changes now expires, unless it changes again."""
        if not is_guest(owner):
            return now + self.user
        return now + (self.empty_guest if empty else self.guest)


@dataclass(frozen=True)
class Context:
    database: Database
    catalog: Catalog
    catalog_once: Catalog
    """For claims: orders asks again, so that one question of theirs is one of ours."""
    clock: Clock
    guest_tokens: GuestTokens
    lifetimes: Lifetimes
    currency: str
    most_per_line: int
    lanes: Lanes = field(default_factory=Lanes)


def new_context(
    settings: CartSettings, catalog: Catalog, catalog_once: Catalog, clock: Clock
) -> Context:
    return Context(
        database=open_database(settings.database_url, settings.database_pool),
        catalog=catalog,
        catalog_once=catalog_once,
        clock=clock,
        guest_tokens=GuestTokens(settings.secret_key.get_secret_value()),
        lifetimes=Lifetimes(
            user=timedelta(days=settings.user_days),
            guest=timedelta(days=settings.guest_days),
            empty_guest=timedelta(hours=settings.empty_guest_hours),
            settled=timedelta(days=settings.settled_days),
        ),
        currency=settings.currency,
        most_per_line=settings.most_per_line,
    )
