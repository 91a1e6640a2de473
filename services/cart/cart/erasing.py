"""What becomes of a deleted user's carts: they are gone, but for those that orders have."""

from datetime import datetime

from sqlalchemy import Connection, Text, cast, delete, exists, literal, null, select, update

from cart.domain import CartState
from cart.models import cart_merges, carts, claims, idempotency_keys
from shopkit.erasure import BATCH, Left


def erase(conn: Connection, owner: str, _: datetime) -> Left:
    """A cart in checkout keeps its owner until the order has come to an end. One that became an
    order stays as long as others do, as nobody's, since orders compares its carts with ours."""
    conn.execute(delete(carts).where(carts.c.owner == owner, carts.c.state == CartState.OPEN))
    conn.execute(delete(cart_merges).where(cart_merges.c.merged_by == owner))
    conn.execute(delete(idempotency_keys).where(idempotency_keys.c.caller == owner))
    converted = _find_converted(conn, owner)
    if converted:
        conn.execute(update(claims).where(claims.c.cart_id.in_(converted)).values(owner=null()))
        nobody = literal("erased:") + cast(carts.c.id, Text)
        conn.execute(update(carts).where(carts.c.id.in_(converted)).values(owner=nobody))
    if len(converted) == BATCH:
        return Left.MORE
    others = exists().where(carts.c.owner == owner)
    return Left.NEEDED if conn.execute(select(others)).scalar_one() else Left.NOTHING


def _find_converted(conn: Connection, owner: str) -> list[str]:
    mine = (carts.c.owner == owner) & (carts.c.state == CartState.CONVERTED)
    return list(conn.execute(select(carts.c.id).where(mine).limit(BATCH)).scalars())
