"""The address book of a customer with an account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from orders.errors import TooManyAddresses
from orders.models import idempotency_keys
from orders.parties import Parties
from orders.repository import addresses as store
from orders.repository.addresses import DEFAULTS
from orders.repository.keys import find_key
from orders.schemas.addresses import AddressInput, AddressPatch, AddressReplacement
from orders.schemas.checkout import Address
from orders.views import render_address
from shopkit.conditional import check_if_match, etag
from shopkit.errors import IdempotencyKeyReused, NotFound
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id
from shopkit.pagination import Cursors

ROUTE = "POST /api/addresses"


async def list_book(
    it: Parties, cursors: Cursors, *, owner: str, limit: int, cursor: str | None, count: bool
) -> dict[str, Any]:
    """A page, newest first; with `total` when `count`."""
    query = f"addresses:{owner}"
    before = cursors.decode(query, cursor)[0] if cursor else None
    found, total = await it.database.read(
        _find_page, owner=owner, before=before, limit=limit + 1, count=count
    )
    page = {
        "items": [render_address(row) for row in found[:limit]],
        "next_cursor": (
            cursors.encode(query, [found[limit - 1]["id"]]) if len(found) > limit else None
        ),
    }
    return page | {"total": total} if count else page


def _find_page(
    conn: Connection, *, owner: str, before: str | None, limit: int, count: bool
) -> tuple[list[RowMapping], int | None]:
    found = store.list_addresses(conn, owner=owner, before=before, limit=limit)
    return found, store.count_addresses(conn, owner=owner) if count else None


def get_address(conn: Connection, *, owner: str, address_id: str) -> RowMapping:
    """Raises NotFound, also for somebody else's."""
    found = store.find_address(conn, owner=owner, address_id=address_id)
    if found is None:
        raise NotFound
    return found


def add_address(
    conn: Connection,
    *,
    owner: str,
    payload: AddressInput,
    key: str | None,
    most: int,
    now: datetime,
) -> Answer:
    """The first one becomes the default for whatever is not said. Raises TooManyAddresses and
    IdempotencyKeyReused."""
    if key and find_key(conn, owner, key):
        raise IdempotencyKeyReused  # of a checkout

    def effect() -> Answer:
        store.lock_book(conn, owner)
        there = store.count_addresses(conn, owner=owner)
        if there >= most:
            raise TooManyAddresses(most)
        row = _new_row(owner, payload, is_first=there == 0, now=now)
        _move_defaults(conn, row)
        store.insert_address(conn, row)
        headers = {"Location": f"/api/addresses/{row['id']}", "ETag": etag(1)}
        return Answer(201, render_address(row), headers)

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=owner,
        route=ROUTE,
        fingerprint=fingerprint(payload),
        now=now,
        effect=effect,
    )


def _new_row(owner: str, payload: AddressInput, *, is_first: bool, now: datetime) -> dict[str, Any]:
    sent = payload.model_dump(exclude_unset=True)
    return {
        "id": new_id(),
        "owner": owner,
        "address": _address(payload.model_dump()),
        **{default: sent.get(default, is_first) for default in DEFAULTS},
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def replace_address(
    conn: Connection,
    *,
    owner: str,
    address_id: str,
    payload: AddressReplacement,
    if_match: str | None,
    now: datetime,
) -> dict[str, Any]:
    """PUT. Raises NotFound and PreconditionFailed."""
    row = _locked(conn, owner, address_id, if_match)
    sent = payload.model_dump(exclude_unset=True)
    return _change(conn, row, _address(payload.model_dump()), sent, now)


def patch_address(
    conn: Connection,
    *,
    owner: str,
    address_id: str,
    payload: AddressPatch,
    if_match: str | None,
    now: datetime,
) -> dict[str, Any]:
    """PATCH: RFC 7396. Raises NotFound and PreconditionFailed."""
    row = _locked(conn, owner, address_id, if_match)
    sent = payload.model_dump(exclude_unset=True)
    return _change(conn, row, _address(row["address"] | sent), sent, now)


def delete_address(conn: Connection, *, owner: str, address_id: str, if_match: str | None) -> None:
    """Nothing takes its place as a default. Raises NotFound and PreconditionFailed."""
    _locked(conn, owner, address_id, if_match)
    store.delete_address(conn, address_id=address_id)


def _locked(conn: Connection, owner: str, address_id: str, if_match: str | None) -> RowMapping:
    store.lock_book(conn, owner)
    row = get_address(conn, owner=owner, address_id=address_id)
    check_if_match(if_match, row["version"])
    return row


def _change(
    conn: Connection,
    row: RowMapping,
    address: dict[str, Any],
    sent: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    values = {
        "address": address,
        **{default: sent[default] for default in DEFAULTS if default in sent},
        "version": row["version"] + 1,
        "updated_at": now,
    }
    changed = {**row, **values}
    _move_defaults(conn, changed)
    store.update_address(conn, address_id=row["id"], values=values)
    return changed


def _move_defaults(conn: Connection, row: Mapping[str, Any]) -> None:
    """Before it is written that this one is the default, no other is."""
    for default in DEFAULTS:
        if row[default]:
            owner, now = row["owner"], row["updated_at"]
            store.end_default(conn, owner=owner, default=default, but=row["id"], now=now)


def _address(values: Mapping[str, Any]) -> dict[str, Any]:
    """As orders keep it."""
    return {name: values[name] for name in Address.model_fields}
