"""Address books in the database."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from orders.models import addresses
from orders.repository.locks import one_at_a_time

DEFAULTS = ("default_shipping", "default_billing")
OWN = addresses.c.owner == bindparam("b_owner")
SELECT_ONE = select(addresses).where(OWN, addresses.c.id == bindparam("b_id"))
SELECT_FOR_CHECKOUT = select(addresses).where(
    OWN,
    or_(
        addresses.c.id.in_(bindparam("ids", expanding=True)),
        text("default_shipping"),
        text("default_billing"),
    ),
)
COUNT = select(func.count()).select_from(addresses).where(OWN)


def lock_book(conn: Connection, owner: str) -> None:
    """Whoever changes anything in it begins with this."""
    one_at_a_time(conn, f"addresses of {owner}")


def find_address(conn: Connection, *, owner: str, address_id: str) -> RowMapping | None:
    named = {"b_owner": owner, "b_id": address_id}
    return conn.execute(SELECT_ONE, named).mappings().one_or_none()


def list_for_checkout(conn: Connection, *, owner: str, ids: Iterable[str]) -> list[RowMapping]:
    """The owner's with these ids, and their defaults."""
    found = conn.execute(SELECT_FOR_CHECKOUT, {"b_owner": owner, "ids": list(ids)})
    return list(found.mappings())


def list_addresses(
    conn: Connection, *, owner: str, before: str | None, limit: int
) -> list[RowMapping]:
    """Newest first, those made before the id `before`."""
    page = select(addresses).where(addresses.c.owner == owner)
    if before is not None:
        page = page.where(addresses.c.id < before)
    return list(conn.execute(page.order_by(addresses.c.id.desc()).limit(limit)).mappings())


def count_addresses(conn: Connection, *, owner: str) -> int:
    return int(conn.execute(COUNT, {"b_owner": owner}).scalar_one())


def insert_address(conn: Connection, row: dict[str, Any]) -> None:
    conn.execute(insert(addresses), row)


def update_address(conn: Connection, *, address_id: str, values: dict[str, Any]) -> None:
    conn.execute(update(addresses).where(addresses.c.id == address_id).values(values))


def delete_address(conn: Connection, *, address_id: str) -> None:
    conn.execute(delete(addresses).where(addresses.c.id == address_id))


def end_default(conn: Connection, *, owner: str, default: str, but: str, now: datetime) -> None:
    """No address is it any more, but for the one with the id `but`."""
    other = (addresses.c.owner == owner) & addresses.c[default].is_(True) & (addresses.c.id != but)
    changed = {default: False, "version": addresses.c.version + 1, "updated_at": now}
    conn.execute(update(addresses).where(other).values(changed))
