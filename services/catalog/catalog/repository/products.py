"""Rows of products."""

import json
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Row, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from catalog.domain import stock_state
from catalog.errors import SkuTaken, SlugTaken, VariantTaken
from catalog.models import product_categories, products, stock
from shopkit.errors import Problem
from shopkit.money import money
from shopkit.tables import among, as_shown, insert_rows, violated

p, s = products.c, stock.c
PUBLIC_COLUMNS: tuple[ColumnElement[Any], ...] = (
    p.seq,
    p.id,
    p.sku,
    p.name,
    p.slug,
    p.description,
    p.price_amount,
    p.price_currency,
    p.compare_at_amount,
    p.status,
    p.details,
    p.version,
    as_shown(p.created_at),
    as_shown(p.updated_at),
    s.on_hand - s.reserved,
    p.name_key,
    s.backorder,
    s.low_stock_level,
    p.lowest_amount,
    p.publish_at,
    p.archive_at,
    p.group_id,
)
FROM = products.join(stock, s.product_id == p.id)
_LIVE = p.status != "deleted"
_PRODUCT = select(*PUBLIC_COLUMNS).select_from(FROM).where(_LIVE)
_BY_ID = _PRODUCT.where(p.id == bindparam("ref"))
_BY_SLUG = _PRODUCT.where(p.slug == bindparam("ref"))
_OF_GROUP = _PRODUCT.where(p.group_id == bindparam("group_id")).order_by(p.seq)
# With `key_share`: what refers to a product (a reservation) does not wait for who edits it.
_LOCK = select(products).where(p.id == bindparam("id"), _LIVE).with_for_update(key_share=True)
_BY_SKU = select(products).where(among(p.sku_key, "sku_keys"))
_COUNT_VARIANTS = (
    select(p.group_id, func.count()).where(among(p.group_id, "group_ids")).group_by(p.group_id)
)
_NEWEST = "SELECT coalesce(max(seq), 0) FROM products"
_NEXT = "SELECT nextval(pg_get_serial_sequence('products', 'seq')) FROM generate_series(1, $1)"
_LOOKUP_COLUMNS = (
    p.id, p.sku, p.name, p.slug, p.status, p.price_amount, p.price_currency, p.image,
)  # fmt: skip
_LOOKUP = (
    select(*_LOOKUP_COLUMNS, s.on_hand - s.reserved, s.backorder)
    .select_from(FROM)
    .where(p.id.in_(bindparam("ids", expanding=True)), _LIVE)
)
_CONSTRAINTS: dict[str, tuple[type[Problem], str]] = {
    "uq_products_sku_key": (SkuTaken, "Another product has this SKU."),
    "uq_products_slug": (SlugTaken, "Another product has this slug."),
    "uq_products_group_id_options_key": (
        VariantTaken,
        "Another variant of the group has the same options.",
    ),
}


def public_stock(available: int, level: int, backorder: bool) -> dict[str, Any]:
    """How much is owed is the shop's own business."""
    state = stock_state(available, level)
    return {"available": max(available, 0), "state": state, "backorder": backorder}


def product_of(row: Row[*tuple[Any, ...]], low_stock: int) -> dict[str, Any]:
    """The public form of a row of PUBLIC_COLUMNS."""
    (_, id_, sku, name, slug, description, amount, currency, compare_at, status, details,
     version, created_at, updated_at, available, _, backorder, level, lowest, publish_at,
     archive_at, _) = row  # fmt: skip
    return {
        "id": id_,
        "sku": sku,
        "name": name,
        "slug": slug,
        "description": description,
        "price": {"amount": amount, "currency": currency},
        "compare_at_price": None if compare_at is None else money(compare_at, currency),
        "lowest_price_30d": None if lowest is None else money(lowest, currency),
        "status": status,
        "publish_at": publish_at,
        "archive_at": archive_at,
        "stock": public_stock(available, low_stock if level is None else level, backorder),
        **from_json(details),
        "version": version,
        "created_at": created_at,
        "updated_at": updated_at,
    }


def details_text(
    *,
    category_ids: list[str],
    attributes: dict[str, Any],
    images: list[dict[str, Any]],
    group: dict[str, Any] | None,
) -> str:
    found = {
        "category_ids": category_ids,
        "attributes": attributes,
        "images": images,
        "group": group,
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def find_product(
    conn: Connection, *, ref: str, by_id: bool, low_stock: int
) -> dict[str, Any] | None:
    row = conn.execute(_BY_ID if by_id else _BY_SLUG, {"ref": ref}).first()
    return None if row is None else product_of(row, low_stock)


def list_variants(conn: Connection, *, group_id: str, low_stock: int) -> list[dict[str, Any]]:
    return [product_of(row, low_stock) for row in conn.execute(_OF_GROUP, {"group_id": group_id})]


def lock_product(conn: Connection, *, id: str) -> dict[str, Any] | None:
    row = conn.execute(_LOCK, {"id": id}).mappings().first()
    return None if row is None else dict(row)


def lock_variants(conn: Connection, *, group_id: str) -> list[dict[str, Any]]:
    some = select(products).where(p.group_id == group_id).order_by(p.seq)
    locked = conn.execute(some.with_for_update(key_share=True))
    return [dict(row) for row in locked.mappings()]


def find_by_sku(conn: Connection, *, sku_keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of products, by SKU key."""
    found = conn.execute(_BY_SKU, {"sku_keys": list(sku_keys)}).mappings().all()
    return {row["sku_key"]: dict(row) for row in found}


def insert_products(conn: Connection, values: list[dict[str, Any]], **same: Any) -> dict[str, int]:
    """The `seq` of each by its id, in the order of `values`; all have the `same` values too. Raises
    SkuTaken, SlugTaken or VariantTaken, and which of them it was is not known."""
    seqs = dict(zip((row["id"] for row in values), _next_seqs(conn, len(values)), strict=True))
    try:
        insert_rows(conn, products, [{"seq": seqs[row["id"]], **row} for row in values], same=same)
    except IntegrityError as exc:
        raise _refusal(exc) from None
    return seqs


def _next_seqs(conn: Connection, count: int) -> Iterable[int]:
    if conn.dialect.name == "sqlite":  # has one writer, and no product's row ever goes
        newest = int(conn.exec_driver_sql(_NEWEST).scalar_one())
        return range(newest + 1, newest + count + 1)
    return conn.exec_driver_sql(_NEXT, (count,)).scalars()


def update_product(conn: Connection, *, seq: int, values: dict[str, Any]) -> None:
    """Raises SkuTaken, SlugTaken or VariantTaken."""
    try:
        conn.execute(update(products).where(p.seq == seq).values(**values))
    except IntegrityError as exc:
        raise _refusal(exc) from None


def _refusal(exc: IntegrityError) -> Exception:
    known = _CONSTRAINTS.get(violated(exc))
    return exc if known is None else known[0](known[1])


def set_categories(conn: Connection, *, seq: int, with_ancestors: Iterable[str]) -> None:
    """File a product anew, when its categories, price or name have changed."""
    conn.execute(delete(product_categories).where(product_categories.c.product_seq == seq))
    key = conn.execute(select(p.price_amount, p.name_key).where(p.seq == seq)).mappings().one()
    file_products(conn, [{"seq": seq, "with_ancestors": with_ancestors, **key}])


def refile(conn: Connection, *, seq: int) -> None:
    """File a product anew in the categories that it is in, with its price and name of now."""
    names = ("price_amount", "name_key")
    values = {name: select(p[name]).where(p.seq == seq).scalar_subquery() for name in names}
    of_product = product_categories.c.product_seq == seq
    conn.execute(update(product_categories).where(of_product).values(values))


def file_products(conn: Connection, filed: Iterable[Mapping[str, Any]]) -> None:
    """File products that are nowhere yet: each has `seq`, `with_ancestors` and what sorts it."""
    places = [
        {
            "category_id": id_,
            "product_seq": one["seq"],
            "price_amount": one["price_amount"],
            "name_key": one["name_key"],
        }
        for one in filed
        for id_ in one["with_ancestors"]
    ]
    places.sort(key=itemgetter("category_id"))  # what comes to the same pages comes at once
    insert_rows(conn, product_categories, places)


def count_variants(conn: Connection, *, group_ids: Iterable[str]) -> dict[str, int]:
    """By group; those that have none are absent."""
    found = conn.execute(_COUNT_VARIANTS, {"group_ids": list(group_ids)})
    return {id_: int(number) for id_, number in found.all()}


def largest_group(conn: Connection) -> int:
    """How many variants the group has that has the most."""
    each = (
        select(func.count().label("variants")).where(p.group_id.is_not(None)).group_by(p.group_id)
    )
    most = select(func.coalesce(func.max(each.subquery().c.variants), 0))
    return int(conn.execute(most).scalar_one())


def lookup_products(conn: Connection, *, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What carts and reservations need of products that exist, by id."""
    found: dict[str, dict[str, Any]] = {}
    for id_, sku, name, slug, status, amount, currency, image, available, backorder in conn.execute(
        _LOOKUP, {"ids": ids}
    ):
        found[id_] = {
            "id": id_,
            "sku": sku,
            "name": name,
            "slug": slug,
            "status": status,
            "price": money(amount, currency),
            "available": available,
            "backorder": backorder,
            "image": image,
        }
    return found


def group_of_product(conn: Connection, *, product_id: str) -> str | None:
    return conn.execute(select(p.group_id).where(p.id == product_id)).scalar()
