"""All products as a file: page by page, each read on its own, so that nothing stays open."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from catalog.category_ways import CategoryWays
from catalog.repository import exports as rows
from catalog.repository.categories import names_of_tree
from catalog.shopify_rows import COLUMNS, rows_of
from shopkit.db import Database

PAGE = 250
HEADS = 50
_SAME = ("sku", "name", "slug", "status", "price", "compare_at_price", "description")


async def ndjson(database: Database) -> AsyncIterator[bytes]:
    """A ProductUpsert in each line."""
    after = 0
    while page := await database.read_slow(_lines, after=after):
        after, text = page
        yield text


def _lines(conn: Connection, *, after: int) -> tuple[int, bytes] | None:
    """The `seq` of the last product, and the lines; None: there are no more."""
    found = rows.list_products(conn, after=after, limit=PAGE)
    if not found:
        return None
    ways = CategoryWays(names_of_tree(conn))
    lines = (to_json(upsert_of(product, ways)) + b"\n" for product in found)
    return found[-1]["seq"], b"".join(lines)


def upsert_of(product: dict[str, Any], ways: CategoryWays) -> dict[str, Any]:
    """What makes the product in a shop that has none of it."""
    group = product["group"]
    named = ("slug", "name", "varies_by", "options")
    told = (ways.told(id_) for id_ in product["category_ids"])
    return {
        **{name: product[name] for name in _SAME},
        "categories": [ref for ref in told if ref],
        "attributes": product["attributes"],
        "images": product["images"],
        "group": group and {name: group[name] for name in named},
        "stock": max(product["stock"]["available"], 0),
    }


async def shopify_csv(database: Database) -> AsyncIterator[bytes]:
    """Shopify's columns; the variants of a group together."""
    yield _written([list(COLUMNS)])
    after = 0
    while page := await database.read_slow(_csv_rows, after=after):
        after, text = page
        yield text


def _csv_rows(conn: Connection, *, after: int) -> tuple[int, bytes] | None:
    heads = rows.list_heads(conn, after=after, limit=HEADS)
    if not heads:
        return None
    ways = CategoryWays(names_of_tree(conn))
    text = bytearray()
    for head in heads:
        group = head["group"]
        variants = rows.list_variants(conn, group_id=group["id"]) if group else [head]
        text += _written(rows_of(variants, ways))
    return heads[-1]["seq"], bytes(text)


def _written(table: list[list[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(table)
    return file.getvalue().encode()
