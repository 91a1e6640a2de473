"""Make products: some hundred in about the statements of one.

Whatever a new product brings with it (its stock, its place in the index, …) is done for all of
them at once: one step of `insert_products`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.models import audit_log
from catalog.prices import begin_histories
from catalog.product_forms import check_currencies, columns_of, document_of, words_of
from catalog.product_images import place_images
from catalog.product_places import Places
from catalog.product_values import check_defined
from catalog.repository import products as rows
from catalog.repository.search import index_products
from catalog.repository.slugs import free_slugs
from catalog.repository.stock import insert_stock, record_movements
from catalog.repository.values import add_values
from catalog.slugs import chosen_slugs
from shopkit.audit import By, record_made
from shopkit.ids import new_id


@dataclass(frozen=True)
class NewProduct:
    """One that may be made as far as can be told: only the database knows if SKU, slug and options
    are free. `wanted` is in the form of a ProductInput."""

    wanted: dict[str, Any]
    stock: int
    group: dict[str, Any] | None
    with_ancestors: set[str]
    document: list[str]


def new_product(
    wanted: dict[str, Any], stock: int, places: Places, document: list[str] | None = None
) -> NewProduct:
    """`document` where it is made already. Raises Invalid or GroupFull."""
    check_currencies(wanted)
    above = places.with_ancestors(wanted["category_ids"])
    check_defined(places.attributes, wanted["attributes"], above)
    group = places.of_new_variant(wanted["group_id"], wanted["options"])
    return NewProduct(wanted, stock, group, above, document or document_of(wanted))


def create_products(
    conn: Connection, made: Sequence[NewProduct], *, by: By, now: datetime, audited: bool = True
) -> list[str]:
    """Their ids: all are made, or none. Raises SkuTaken, SlugTaken or VariantTaken."""
    if not made:
        return []
    names = [(one.wanted["slug"], one.wanted["name"]) for one in made]
    slugs = chosen_slugs(conn, "product", names)
    wanted = {new_id(): {**one.wanted, "slug": slug} for one, slug in zip(made, slugs, strict=True)}
    stock = {id_: one.stock for id_, one in zip(wanted, made, strict=True)}
    _insert(conn, wanted, made, now)
    free_slugs(conn, kind="product", slugs=slugs)
    insert_stock(conn, stock)
    record_movements(conn, stock, kind="opening", now=now, actor=by.actor)
    if audited:
        written = {id_: {**one, "stock": stock[id_]} for id_, one in wanted.items()}
        record_made(conn, audit_log, by, "product.create", written, now=now)
    return list(wanted)


def _insert(
    conn: Connection,
    wanted: Mapping[str, dict[str, Any]],
    made: Sequence[NewProduct],
    now: datetime,
) -> None:
    """Their rows, filed and indexed."""
    values = [
        {"id": id_, "version": 1, **columns_of(what, one.group)}
        for (id_, what), one in zip(wanted.items(), made, strict=True)
    ]
    seqs = rows.insert_products(conn, values, created_at=now, updated_at=now)
    begin_histories(conn, {seqs[row["id"]]: row for row in values}, now=now)
    rows.file_products(
        conn,
        (
            {**row, "seq": seqs[row["id"]], "with_ancestors": one.with_ancestors}
            for row, one in zip(values, made, strict=True)
        ),
    )
    documents = zip(wanted, (one.document for one in made), strict=True)
    index_products(conn, {seqs[id_]: document for id_, document in documents})
    add_values(conn, {seqs[id_]: words_of(what)["attributes"] for id_, what in wanted.items()})
    for id_, what in wanted.items():
        place_images(conn, seq=seqs[id_], images=what["images"], was=None, now=now)
