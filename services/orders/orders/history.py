"""Lists of orders, newest first, and one order for who may see it."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from orders.domain import CUSTOMER, Actor, Order
from orders.models import orders
from orders.parties import Parties
from orders.repository.orders import COLUMNS, find_order, with_parts
from orders.states import Status
from orders.views import render
from shopkit.auth import Principal
from shopkit.errors import InsufficientScope, NotAuthenticated, NotFound
from shopkit.guests import user_owner
from shopkit.logs import request_id
from shopkit.pagination import Cursors

PLACED = (Status.PENDING, Status.CONFIRMED, Status.COMPLETED, Status.CANCELLED)
"""What a list shows unless it is asked for others: a failed checkout is no order to a customer."""


@dataclass(frozen=True)
class Visitor:
    """Who asks: the owners that they are (account, and the cart token they hold), their scopes."""

    owners: frozenset[str]
    scopes: frozenset[str]
    user_id: str | None

    def owns(self, order: Order) -> bool:
        return order.owner in self.owners

    @property
    def is_staff(self) -> bool:
        return "orders:read" in self.scopes

    def acts_as(self, order: Order) -> Actor:
        return CUSTOMER if self.owns(order) else acting(self.user_id)

    def named(self, order: Order) -> str:
        """Whose idempotency keys these are: one visitor may be an account and a guest at once."""
        return order.owner if self.owns(order) else min(self.owners)


def acting(staff_id: str | None) -> Actor:
    """One of the staff, in the request that is being answered."""
    return Actor("staff", staff_id, request_id.get() or None)


def visitor_of(user: Principal | None, guest: str | None) -> Visitor:
    owners = {user_owner(user.id)} if user else set()
    return Visitor(
        owners=frozenset(owners | ({guest} if guest else set())),
        scopes=user.scopes if user else frozenset(),
        user_id=user.id if user else None,
    )


async def get_visible(it: Parties, order_id: str, visitor: Visitor, scope: str) -> Order:
    """The order, for its owner or who has `scope`. NotFound for others, as if there were none."""
    order = await it.database.read(find_order, order_id)
    if order is not None and (visitor.owns(order) or scope in visitor.scopes):
        return order
    if order is not None and "orders:read" in visitor.scopes:
        raise InsufficientScope(scope)
    if not visitor.owners:
        raise NotAuthenticated("Log in, or send the `X-Cart-Token` it was placed with.")
    raise NotFound


async def get_order(it: Parties, order_id: str) -> Order:
    """For staff. Raises NotFound."""
    order = await it.database.read(find_order, order_id)
    if order is None:
        raise NotFound
    return order


@dataclass(frozen=True)
class OrderQuery:
    """Which orders: of one owner, or of all; in one status, or in any that counts as placed; or
    the one with this number, in any at all."""

    owner: str | None
    status: str | None
    number: str | None = None

    @property
    def name(self) -> str:
        return f"orders:{self.owner}:{self.status}:{self.number}"

    @property
    def statuses(self) -> list[str]:
        return [self.status] if self.status else list(Status if self.number else PLACED)


async def list_orders(
    it: Parties, cursors: Cursors, query: OrderQuery, *, limit: int, cursor: str | None, count: bool
) -> dict[str, Any]:
    """A page, newest first; with `total` when `count`."""
    before = cursors.decode(query.name, cursor)[0] if cursor else None
    found, total = await it.database.read(
        find_page, query=query, limit=limit, before=before, count=count
    )
    page = {
        "items": [render(order, for_staff=query.owner is None) for order in found[:limit]],
        "next_cursor": (
            cursors.encode(query.name, [found[limit - 1].id]) if len(found) > limit else None
        ),
    }
    return page | {"total": total} if count else page


def find_page(
    conn: Connection, *, query: OrderQuery, limit: int, before: str | None, count: bool
) -> tuple[list[Order], int | None]:
    """One order more than `limit`, if there is one."""
    sought = {"b_owner": query.owner, "b_number": query.number, "statuses": query.statuses}
    shape = (query.owner is not None, query.number is not None)
    page = {"before": before, "at_most": limit + 1}
    rows = conn.execute(_page(*shape, before is not None), sought | page).all()
    total = conn.execute(_count(*shape), sought).scalar_one() if count else None
    return with_parts(conn, rows) if rows else [], total


@cache
def _page(of_owner: bool, by_number: bool, has_before: bool) -> Select[Any]:
    every = select(*(orders.c[name] for name in COLUMNS))
    statement = _filtered(every, of_owner, by_number)
    if has_before:
        statement = statement.where(orders.c.id < bindparam("before"))
    return statement.order_by(orders.c.id.desc()).limit(bindparam("at_most"))


@cache
def _count(of_owner: bool, by_number: bool) -> Select[Any]:
    return _filtered(select(func.count()).select_from(orders), of_owner, by_number)


def _filtered(statement: Select[Any], of_owner: bool, by_number: bool) -> Select[Any]:
    if of_owner:
        statement = statement.where(orders.c.owner == bindparam("b_owner"))
    if by_number:
        statement = statement.where(orders.c.number == bindparam("b_number"))
    return statement.where(orders.c.status.in_(bindparam("statuses", expanding=True)))
