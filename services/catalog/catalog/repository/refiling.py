"""Products follow a category that was moved: at once as far as that is quick, then in batches."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from catalog.domain import ancestors_of
from catalog.models import product_categories, products, refilings
from catalog.repository.categories import lock_tree, parents

m, r = product_categories.c, refilings.c
_FILED = (
    select(*products.c["seq", "price_amount", "name_key", "details"])
    .join(product_categories, m.product_seq == products.c.seq)
    .where(m.category_id == bindparam("category_id"), m.product_seq > bindparam("after_seq"))
    .order_by(m.product_seq)
    .limit(bindparam("limit"))
)
_CLEAR = delete(product_categories).where(m.product_seq == bindparam("filed"))
_NEXT = select(refilings).order_by(r.seq).limit(1)


def start_refiling(conn: Connection, *, category_id: str) -> dict[str, Any]:
    """Products of a category, whose place in the tree has changed, are to be filed anew."""
    job = {"category_id": category_id, "after_seq": 0}
    seq = conn.execute(insert(refilings).returning(r.seq), job).scalar_one()
    return {"seq": seq, **job}


def refile_next(conn: Connection, *, limit: int) -> int:
    """File some products of a moved category; `limit` while there may be more, else 0."""
    if conn.execute(_NEXT).first() is None:
        return 0
    lock_tree(conn, "change")
    if job := conn.execute(_NEXT).mappings().first():
        refile_some(conn, dict(job), limit=limit)
    return limit


def refile_some(conn: Connection, job: dict[str, Any], *, limit: int) -> None:
    """The tree is locked for a change, so nobody files the same products beside us."""
    place = {"category_id": job["category_id"], "after_seq": job["after_seq"]}
    rows = conn.execute(_FILED, {**place, "limit": limit}).all()
    _refile(conn, rows)
    here = r.seq == job["seq"]
    if len(rows) < limit:
        conn.execute(delete(refilings).where(here))
    else:
        conn.execute(update(refilings).where(here).values(after_seq=rows[-1].seq))


def _refile(conn: Connection, rows: Any) -> None:
    if not rows:
        return
    above = parents(conn)
    conn.execute(_CLEAR, [{"filed": row.seq} for row in rows])
    places = [
        {
            "category_id": id_,
            "product_seq": row.seq,
            "price_amount": row.price_amount,
            "name_key": row.name_key,
        }
        for row in rows
        for id_ in ancestors_of(above, set(json.loads(row.details)["category_ids"]))
    ]
    conn.execute(insert(product_categories), places)
