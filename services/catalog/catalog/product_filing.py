"""Where a product is found: in its categories, by its attributes, by its words."""

from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from catalog.product_forms import SEARCHED, words_of
from catalog.product_places import category_places
from catalog.repository import products as rows
from catalog.repository.categories import lock_tree
from catalog.repository.search import index_product
from catalog.repository.values import file_values

_FILED = ("price", "name")


def same(one: object, other: object) -> bool:
    """As a client sees them: `true` is not 1."""
    return to_json(one) == to_json(other)


def file_and_index(conn: Connection, seq: int, wanted: dict[str, Any], was: dict[str, Any]) -> None:
    """As it is `wanted`; what it `was` tells what is to be done again."""
    if was["category_ids"] != wanted["category_ids"]:
        places = category_places(conn, wanted["category_ids"])
        rows.set_categories(conn, seq=seq, with_ancestors=places)
    elif wanted["category_ids"] and any(was[name] != wanted[name] for name in _FILED):
        lock_tree(conn, "use")
        rows.refile(conn, seq=seq)
    words = words_of(wanted)
    if not all(same(was[name], wanted[name]) for name in ("attributes", "options")):
        file_values(conn, seq=seq, attributes=words["attributes"])
    if not all(same(was[name], wanted[name]) for name in (*SEARCHED, "options")):
        index_product(conn, seq=seq, **words)
