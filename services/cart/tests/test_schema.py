"""Migrations, the database's own guards, settings and the published document."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import Connection, insert, inspect
from sqlalchemy.exc import IntegrityError

from cart.main import build
from cart.models import cart_lines, carts, claims, metadata
from cart.settings import CartSettings
from services.cart.tests.conftest import Shop
from shopkit.audit_checks import writes
from shopkit.ids import new_id
from shopkit.openapi import document
from shopkit.testing import TokenFactory

CONTRACT = Path(__file__).parents[3] / "contracts/openapi/cart.json"


async def test_the_migrated_schema_is_the_models_schema(shop: Shop) -> None:
    def differences(conn: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(conn), metadata)

    def constraints(conn: Connection) -> set[str | None]:
        inspector = inspect(conn)
        return {
            found["name"]
            for table in inspector.get_table_names()
            for found in (
                *inspector.get_check_constraints(table),
                *inspector.get_foreign_keys(table),
                inspector.get_pk_constraint(table),
            )
        }

    assert await shop.database.read(differences) == []
    wanted = {
        constraint.name for table in metadata.tables.values() for constraint in table.constraints
    }
    assert wanted <= await shop.database.read(constraints)


def cart_row(shop: Shop, **values: Any) -> dict[str, Any]:
    now = shop.clock.now()
    row = {"id": new_id(), "owner": "user:a", "state": "open", "version": 1}
    return {**row, "created_at": now, "expires_at": now, **values}


async def test_the_database_refuses_impossible_carts(shop: Shop) -> None:
    def break_it(conn: Connection, values: dict[str, Any]) -> None:
        conn.execute(insert(carts).values(cart_row(shop)))
        conn.execute(insert(carts).values(cart_row(shop, **values)))

    impossible: list[dict[str, Any]] = [
        {"owner": "user:b", "state": "lost"},
        {"owner": "user:b", "state": "claimed"},
        {"owner": "user:b", "order_id": new_id()},
        {"owner": "user:b", "version": 0},
        {"owner": "user:a"},
        {"owner": "user:a", "state": "claimed", "order_id": new_id()},
    ]
    for values in impossible:
        with pytest.raises(IntegrityError):
            await shop.database.run(break_it, values)


async def test_an_owner_may_have_many_carts_that_are_done(shop: Shop) -> None:
    def fill(conn: Connection) -> None:
        for state in ("open", "merged", "merged", "converted", "converted"):
            order = new_id() if state == "converted" else None
            conn.execute(insert(carts).values(cart_row(shop, state=state, order_id=order)))

    await shop.database.run(fill)


async def test_the_database_refuses_impossible_lines(shop: Shop) -> None:
    def break_it(conn: Connection, quantity: int) -> None:
        cart = cart_row(shop)
        conn.execute(insert(carts).values(cart))
        line = {"cart_id": cart["id"], "product_id": new_id(), "position": 1, "sku": "s"}
        more = {"name": "n", "quantity": quantity, "added_amount": 0}
        conn.execute(insert(cart_lines).values(**line, **more))

    for quantity in (0, -1, 10_000):
        with pytest.raises(IntegrityError):
            await shop.database.run(break_it, quantity)


async def test_the_database_refuses_a_tombstone_with_a_cart(shop: Shop) -> None:
    def break_it(conn: Connection) -> None:
        cart = cart_row(shop)
        conn.execute(insert(carts).values(cart))
        values = {"order_id": new_id(), "state": "released", "cart_id": cart["id"]}
        conn.execute(insert(claims).values(**values, changed_at=shop.clock.now()))

    with pytest.raises(IntegrityError):
        await shop.database.run(break_it)


@pytest.mark.parametrize(
    "values",
    [{"environment": "production"}, {"currency": "XXX"}, {"currency": "usd"}, {"user_days": 0}],
)
def test_a18_unsafe_settings_are_refused(settings: CartSettings, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CartSettings(**{**settings.model_dump(), **values})


def test_the_published_document_is_the_service_s_own(settings: CartSettings) -> None:
    assert json.loads(CONTRACT.read_text()) == document(build(settings).public)


async def test_it_is_ready_once_it_has_database_and_keys(shop: Shop) -> None:
    for client in (shop.http, shop.internal):
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
    assert (await shop.internal.get("/metrics")).status_code == 200
    assert (await shop.http.get("/metrics")).status_code == 404


def test_staff_write_nothing_here(database_url: str, tokens: TokenFactory) -> None:
    """Where they do, the service has an audit log of its own, as the others (shopkit.audit)."""
    settings = CartSettings(database_url=database_url, jwks_cache=tokens.jwks_cache)
    assert writes(build(settings).public, "staff") == set()
