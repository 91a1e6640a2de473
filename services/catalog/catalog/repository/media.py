"""Rows of uploaded images, of what products show of them, and of files that are to go."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, select, update

from catalog.models import media, media_leftovers, product_media

m, p, left = media.c, product_media.c, media_leftovers.c
_SHOWN = exists().where(p.media_id == m.id)


def insert_leftover(conn: Connection, *, name: str, suffix: str, due_at: datetime) -> None:
    values = {"name": name, "suffix": suffix, "due_at": due_at, "doomed": False}
    conn.execute(insert(media_leftovers), values)


def take_leftover(conn: Connection, *, name: str) -> bool:
    """Whether its files are still there to be kept, and now are."""
    mine = and_(left.name == name, left.doomed.is_(False))
    return conn.execute(delete(media_leftovers).where(mine)).rowcount == 1


def insert_media(conn: Connection, values: dict[str, Any]) -> None:
    conn.execute(insert(media), values)


def lock_media(conn: Connection, *, names: Collection[str]) -> dict[str, Any]:
    """`id` and `suffix` of those that there are, by name."""
    statement = select(m.name, m.id, m.suffix).where(m.name.in_(names)).order_by(m.id)
    return {row.name: row for row in conn.execute(statement.with_for_update())}


def names_shown(conn: Connection, *, seq: int) -> set[str]:
    """The images that a product shows."""
    statement = select(m.name).join(product_media, p.media_id == m.id).where(p.product_seq == seq)
    return set(conn.execute(statement).scalars())


def show(conn: Connection, *, seq: int, ids: Collection[str]) -> None:
    conn.execute(insert(product_media), [{"product_seq": seq, "media_id": id_} for id_ in ids])
    conn.execute(update(media).where(m.id.in_(ids)).values(unused_since=None))


def show_no_more(conn: Connection, *, seq: int, ids: Collection[str], now: datetime) -> None:
    """Of those that are locked."""
    conn.execute(delete(product_media).where(p.product_seq == seq, p.media_id.in_(ids)))
    conn.execute(update(media).where(m.id.in_(ids), ~_SHOWN).values(unused_since=now))


def drop_unused(conn: Connection, *, before: datetime, now: datetime, limit: int) -> int:
    """Images that no product has shown since then become leftovers; how many.

    They are locked before it is asked who shows them: whoever is about to waits, and then finds
    them gone.
    """
    unused = select(m.id).where(m.unused_since <= before).order_by(m.id).limit(limit)
    ids = list(conn.execute(unused.with_for_update(skip_locked=True)).scalars())
    if not ids:
        return 0
    rows = conn.execute(
        delete(media).where(m.id.in_(ids), ~_SHOWN).returning(m.name, m.suffix)
    ).all()
    if rows:
        gone = [
            {"name": name, "suffix": suffix, "due_at": now, "doomed": True} for name, suffix in rows
        ]
        conn.execute(insert(media_leftovers), gone)
    return len(rows)


def doom_leftovers(conn: Connection, *, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Name and suffix of what is due, and can be kept by nobody from now on."""
    due = select(left.name, left.suffix).where(left.due_at <= now).order_by(left.due_at)
    rows = [(name, suffix) for name, suffix in conn.execute(due.limit(limit).with_for_update())]
    names = [name for name, _ in rows]
    if names:
        conn.execute(update(media_leftovers).where(left.name.in_(names)).values(doomed=True))
    return rows


def forget_leftovers(conn: Connection, *, names: Collection[str]) -> None:
    conn.execute(delete(media_leftovers).where(left.name.in_(names)))
