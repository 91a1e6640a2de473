"""The index of lists' filters: which product has which value of an attribute."""

import json
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from catalog.domain import Value, values_of
from catalog.models import attribute_values, attributes, product_values, products
from catalog.repository.attributes import lock_definitions
from shopkit.background import delete_batch
from shopkit.tables import among, insert_rows

a, v, pv = attributes.c, attribute_values.c, product_values.c
_FILTERABLE = select(a.seq, a.code, a.type).where(a.filterable, a.code.is_not(None))
_CLEAR = delete(product_values).where(pv.product_seq == bindparam("product"))
_CLEAR_ONE = delete(product_values).where(
    pv.product_seq == bindparam("product"), pv.attribute_seq == bindparam("attribute")
)
_SEQS = select(v.key, v.seq).where(v.attribute_seq == bindparam("attribute"), among(v.key, "keys"))
_NEXT = (
    select(a.seq, a.code, a.type, a.indexed, a.after_seq)
    .where(a.indexed.in_(("filling", "clearing")))
    .order_by(a.seq)
    .limit(1)
)
_PRODUCTS = (
    select(products.c.seq, products.c.details)
    .where(products.c.seq > bindparam("after_seq"), products.c.status != "deleted")
    .order_by(products.c.seq)
    .limit(bindparam("limit"))
)


def file_values(conn: Connection, *, seq: int, attributes: dict[str, Any]) -> None:
    """Put a product into the index with its attributes and options, or put it there anew.
    Definitions are locked for use."""
    found = [tuple(row) for row in conn.execute(_FILTERABLE)]
    if not found:
        return
    conn.execute(_CLEAR, {"product": seq})
    _file(conn, {seq: attributes}, found)


def add_values(conn: Connection, attributes: Mapping[int, Mapping[str, Any]]) -> None:
    """Put products into the index that are not in it, by `seq`. Definitions are locked for use."""
    if found := [tuple(row) for row in conn.execute(_FILTERABLE)]:
        _file(conn, attributes, found)


def unfile_values(conn: Connection, *, seq: int) -> None:
    conn.execute(_CLEAR, {"product": seq})


def _file(
    conn: Connection,
    attributes: Mapping[int, Mapping[str, Any]],
    definitions: Iterable[tuple[Any, ...]],
) -> None:
    rows = []
    for attribute_seq, code, type_ in definitions:
        values = {
            seq: values_of(type_, of_one[code])
            for seq, of_one in attributes.items()
            if code in of_one
        }
        known = _value_seqs(conn, attribute_seq, {one for some in values.values() for one in some})
        rows += [
            {"product_seq": seq, "attribute_seq": attribute_seq, "value_seq": known[one.key]}
            for seq, some in values.items()
            for one in some
        ]
    rows.sort(key=itemgetter("value_seq"))  # what comes to the same pages comes at once
    insert_rows(conn, product_values, rows)


def _value_seqs(conn: Connection, attribute_seq: int, values: set[Value]) -> dict[str, int]:
    """By key; those that nobody had before are made."""
    if not values:
        return {}
    known = _known(conn, attribute_seq, values)
    new = [one for one in sorted(values) if one.key not in known]
    if not new:
        return known
    rows = [{"attribute_seq": attribute_seq, **one._asdict()} for one in new]
    insert_rows(conn, attribute_values, rows, or_ignore=True)
    return known | _known(conn, attribute_seq, new)


def _known(conn: Connection, attribute_seq: int, values: Iterable[Value]) -> dict[str, int]:
    asked = {"attribute": attribute_seq, "keys": sorted(one.key for one in values)}
    return dict(conn.execute(_SEQS, asked).all())


def index_next(conn: Connection, *, limit: int) -> int:
    """Fill or clear the index by some products; `limit` while there is more to do, else 0."""
    if conn.execute(_NEXT).first() is None:
        return 0
    lock_definitions(conn, "change")
    job = conn.execute(_NEXT).mappings().first()
    if job is not None:
        (_clear_some if job["indexed"] == "clearing" else fill_some)(conn, dict(job), limit=limit)
    return limit


def fill_some(conn: Connection, job: dict[str, Any], *, limit: int) -> None:
    """Definitions are locked for a change, so nobody files the same products beside us."""
    place = {"after_seq": job["after_seq"], "limit": limit}
    rows = conn.execute(_PRODUCTS, place).all()
    if rows:
        conn.execute(_CLEAR_ONE, [{"product": seq, "attribute": job["seq"]} for seq, _ in rows])
        said = {seq: _said(json.loads(text)) for seq, text in rows}
        _file(conn, said, [(job["seq"], job["code"], job["type"])])
    done = len(rows) < limit
    changed = {"indexed": "ready"} if done else {"after_seq": rows[-1].seq}
    conn.execute(update(attributes).where(a.seq == job["seq"]).values(changed))


def _said(details: dict[str, Any]) -> dict[str, Any]:
    """What a product says of itself, as an attribute or as an option."""
    return {**details["attributes"], **(details["group"]["options"] if details["group"] else {})}


def _clear_some(conn: Connection, job: dict[str, Any], *, limit: int) -> None:
    its_values = select(v.seq).where(v.attribute_seq == job["seq"])
    if delete_batch(conn, product_values, pv.value_seq.in_(its_values), limit=limit):
        return
    if delete_batch(conn, attribute_values, v.attribute_seq == job["seq"], limit=limit):
        return
    here = a.seq == job["seq"]
    if job["code"] is None:
        conn.execute(delete(attributes).where(here))
    else:
        conn.execute(update(attributes).where(here).values(indexed="none"))
