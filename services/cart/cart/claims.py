"""Claims: checkout takes a cart, then consumes it, or gives it back for good.

All three can be repeated; release is absorbing: it works in every state and leaves a tombstone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cart.claim_rows import (
    Claim,
    find_claim,
    insert_claim,
    insert_tombstone,
    lock_claim,
    set_claim_state,
)
from cart.context import Context, Lifetimes
from cart.domain import Cart, CartState, ClaimState, after
from cart.errors import (
    CartAlreadyCheckedOut,
    CartEmpty,
    ClaimGone,
    ClaimMismatch,
    Moved,
    QuantityLimit,
)
from cart.pricing import snapshot
from cart.repository import (
    claim_cart_row,
    find_cart,
    find_newest,
    settle_cart_row,
)
from shopkit.errors import NotFound


@dataclass(frozen=True)
class _Found:
    claim: Claim | None
    cart: Cart | None
    taken_by: str | None
    """The order that has claimed or converted the owner's newest cart."""


async def claim_cart(context: Context, *, order_id: str, owner: str) -> dict[str, Any]:
    """The snapshot of the owner's cart, which belongs to the order from now on.

    Raises CartEmpty, CartAlreadyCheckedOut, QuantityLimit, ProductUnavailable, ClaimGone,
    ClaimMismatch.
    """

    async def attempt() -> dict[str, Any]:
        now = context.clock.now()
        found = await context.database.read(_find, order_id=order_id, owner=owner, now=now)
        if found.claim:
            return _stored(found.claim, owner)
        cart = _claimable(found, order_id, context.most_per_line)
        offers = await context.catalog_once.find_offers(cart.lines)
        agreed = snapshot(cart, offers, order_id)
        await context.database.run(
            _claim, order_id=order_id, owner=owner, cart=cart, agreed=agreed, now=now
        )
        return agreed

    return await context.lanes.run(attempt, owner)


def _find(conn: Connection, *, order_id: str, owner: str, now: datetime) -> _Found:
    claim = find_claim(conn, order_id=order_id)
    cart = None if claim else find_cart(conn, owner=owner, now=now)
    newest = None if claim else cart or find_newest(conn, owner=owner, now=now)
    return _Found(claim, cart, newest.order_id if newest else None)


def _stored(claim: Claim, owner: str) -> dict[str, Any]:
    if claim.state == ClaimState.RELEASED:
        raise ClaimGone
    if claim.owner != owner:
        raise ClaimMismatch
    stored: dict[str, Any] = claim.snapshot
    return stored


def _claimable(found: _Found, order_id: str, most: int) -> Cart:
    """Without an open cart, the cart that the owner's last order was made of is what is meant."""
    if found.taken_by == order_id:
        raise Moved  # the same claim, made since we looked for it
    if found.taken_by:
        raise CartAlreadyCheckedOut(found.taken_by)
    if found.cart is None or not found.cart.lines:
        raise CartEmpty
    if any(line.quantity > most for line in found.cart.lines.values()):
        raise QuantityLimit(most)  # it was filled under another limit
    return found.cart


def _claim(
    conn: Connection,
    *,
    order_id: str,
    owner: str,
    cart: Cart,
    agreed: dict[str, Any],
    now: datetime,
) -> None:
    inserted = insert_claim(
        conn, order_id=order_id, owner=owner, cart_id=str(cart.id), snapshot=agreed, now=now
    )
    if not inserted:
        raise Moved
    claim_cart_row(conn, cart=cart, order_id=order_id)


async def consume_claim(context: Context, *, order_id: str) -> ClaimState:
    """claimed → converted. Raises NotFound, or ClaimGone once it was released."""
    return await context.database.run(
        _consume, order_id=order_id, lifetimes=context.lifetimes, now=context.clock.now()
    )


def _consume(conn: Connection, *, order_id: str, lifetimes: Lifetimes, now: datetime) -> ClaimState:
    claim = lock_claim(conn, order_id=order_id)
    if claim is None:
        raise NotFound("This order has no claim.")
    state = after(ClaimState(claim.state), "consume")
    if state != claim.state:
        set_claim_state(conn, order_id=order_id, state=state, now=now)
        settle_cart_row(
            conn,
            cart_id=claim.cart_id,
            state=CartState.CONVERTED,
            expires_at=now + lifetimes.settled,
        )
    return state


async def release_claim(context: Context, *, order_id: str) -> ClaimState:
    """Give the cart back, or see to it that the order never gets one. A converted cart stays so."""
    return await context.database.run(
        _release, order_id=order_id, lifetimes=context.lifetimes, now=context.clock.now()
    )


def _release(conn: Connection, *, order_id: str, lifetimes: Lifetimes, now: datetime) -> ClaimState:
    claim = None
    if not insert_tombstone(conn, order_id=order_id, now=now):
        claim = lock_claim(conn, order_id=order_id)
    if claim is None:
        return ClaimState.RELEASED
    state = after(ClaimState(claim.state), "release")
    if state != claim.state:
        set_claim_state(conn, order_id=order_id, state=state, now=now)
        until = lifetimes.end(claim.owner, empty=False, now=now)
        settle_cart_row(conn, cart_id=claim.cart_id, state=CartState.OPEN, expires_at=until)
    return state


async def get_claim(context: Context, *, order_id: str) -> ClaimState:
    """Raises NotFound."""
    claim = await context.database.read(find_claim, order_id=order_id)
    if claim is None:
        raise NotFound("This order has no claim.")
    return ClaimState(claim.state)
