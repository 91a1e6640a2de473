"""What feeds and sitemaps are made of, and the row that says when they were."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, bindparam, or_, select, update

from catalog.feed_xml import Links, address, offer
from catalog.models import categories, feeds, products, stock
from catalog.repository.products import FROM

p, f, c = products.c, feeds.c, categories.c
_ROW = f.name == "public"
_OFFERS = (
    select(
        *(p.seq, p.id, p.name, p.slug, p.description, p.details),
        *(p.price_amount, p.price_currency, p.compare_at_amount),
        (stock.c.on_hand - stock.c.reserved).label("available"),
    )
    .select_from(FROM)
    .where(p.status == "active", p.seq > bindparam("after"))
    .order_by(p.seq)
    .limit(bindparam("limit"))
)
_ADDRESSES = (
    select(p.seq, p.slug, p.updated_at)
    .where(p.status == "active", p.seq > bindparam("after"))
    .order_by(p.seq)
    .limit(bindparam("limit"))
)


def write_offers(
    conn: Connection, *, after: int, limit: int, links: Links, paths: Mapping[str, str]
) -> tuple[int | None, list[str], int]:
    """Items of the next products, how many were left out, and after which one to go on (None: that
    was all). Written where it is read, so that on SQLite it holds up nobody."""
    rows = conn.execute(_OFFERS, {"after": after, "limit": limit}).mappings().all()
    items = [offer({**row, "details": from_json(row["details"])}, links, paths) for row in rows]
    found = [item for item in items if item is not None]
    return _last(rows, limit), found, len(items) - len(found)


def write_addresses(
    conn: Connection, *, after: int, limit: int, links: Links
) -> tuple[int | None, list[str]]:
    """Entries of the next products, and after which one to go on."""
    rows = conn.execute(_ADDRESSES, {"after": after, "limit": limit}).mappings().all()
    found = [address(links.product(row["slug"]), row["updated_at"]) for row in rows]
    return _last(rows, limit), found


def _last(rows: Any, limit: int) -> int | None:
    return int(rows[-1]["seq"]) if len(rows) == limit else None


def find_feeds(conn: Connection) -> dict[str, Any]:
    return dict(conn.execute(select(feeds).where(_ROW)).mappings().one())


def ask_for_feeds(conn: Connection, *, now: datetime) -> dict[str, Any]:
    conn.execute(update(feeds).where(_ROW).values(asked_at=now))
    return find_feeds(conn)


def begin_feeds(
    conn: Connection, *, maker: str, now: datetime, until: datetime, every: timedelta
) -> bool:
    """Whether they are due and `maker` makes them now."""
    free = or_(f.maker_until.is_(None), f.maker_until <= now)
    due = or_(
        f.made_at.is_(None),
        f.made_at < f.begun_at,  # a maker died
        f.asked_at > f.begun_at,
        f.begun_at <= now - every,
    )
    begun = {"maker": maker, "maker_until": until, "begun_at": now}
    return conn.execute(update(feeds).where(_ROW, free, due).values(begun)).rowcount == 1


def hold_feeds(conn: Connection, *, maker: str, until: datetime) -> bool:
    """Whether `maker` still is the one."""
    mine = update(feeds).where(_ROW, f.maker == maker).values(maker_until=until)
    return conn.execute(mine).rowcount == 1


def finish_feeds(
    conn: Connection, *, maker: str, now: datetime, offers: int, left_out: int, addresses: int
) -> None:
    counts = {"offers": offers, "left_out": left_out, "addresses": addresses}
    done = {"made_at": now, "maker": None, "maker_until": None, **counts}
    conn.execute(update(feeds).where(_ROW, f.maker == maker).values(done))
