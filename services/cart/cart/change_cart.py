"""Every change of one cart: read, ask catalog once, then decide and write in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cart.context import Context
from cart.domain import Cart, CartState, Change, Offers
from cart.errors import CartLocked
from cart.etags import cart_etag, check_if_match
from cart.models import idempotency_keys
from cart.pricing import price
from cart.repository import find_cart, find_newest, save_cart
from shopkit.guests import HEADER, is_guest
from shopkit.idempotency import Answer, replayable


@dataclass(frozen=True)
class Terms:
    """What the client says about its request beside the change itself."""

    status: int = 200
    if_match: str | None = None
    key: str | None = None
    route: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class _Seen:
    """The cart as it was read; `new_token` is for a guest without one that opens a cart."""

    owner: str
    cart: Cart
    new_token: str | None = None


async def change_cart(
    context: Context, *, owner: str | None, change: Change, terms: Terms
) -> Answer:
    """Answers the whole cart. Raises what the change raises, CartLocked, PreconditionFailed."""

    async def attempt() -> Answer:
        now = context.clock.now()
        seen = await _read(context, owner, now)
        offers = await context.catalog.find_offers(change.needs(seen.cart))
        return await context.database.run(
            _write, context=context, seen=seen, change=change, offers=offers, terms=terms, now=now
        )

    return await context.lanes.run(attempt, *filter(None, [owner]))


async def _read(context: Context, owner: str | None, now: datetime) -> _Seen:
    if owner:
        known: Cart | None = await context.database.read(_find, owner=owner, now=now)
        if known:
            return _Seen(owner, known)
    token = context.guest_tokens.new()
    return _Seen(context.guest_tokens.owner(token), Cart(), token)


def _find(conn: Connection, *, owner: str, now: datetime) -> Cart | None:
    """The cart to change: none when a guest's token opens nothing (any more)."""
    cart = find_cart(conn, owner=owner, now=now)
    if cart is None and is_guest(owner):
        newest = find_newest(conn, owner=owner, now=now)
        return None if newest is None or newest.state == CartState.MERGED else Cart()
    return cart or Cart()


def _write(
    conn: Connection,
    *,
    context: Context,
    seen: _Seen,
    change: Change,
    offers: Offers,
    terms: Terms,
    now: datetime,
) -> Answer:
    def effect() -> Answer:
        require_open(seen.cart)
        check_if_match(terms.if_match, seen.cart)
        cart = change.apply(seen.cart, offers)
        headers = {HEADER: seen.new_token} if seen.new_token and cart.lines else {}
        if cart.lines != seen.cart.lines:
            cart = save_cart(
                conn,
                owner=seen.owner,
                before=seen.cart,
                after=cart,
                now=now,
                expires_at=context.lifetimes.end(seen.owner, empty=not cart.lines, now=now),
            )
        view = price(cart, offers, context.currency)
        return Answer(terms.status, view, {"ETag": cart_etag(view), **headers})

    return replayable(
        conn,
        table=idempotency_keys,
        # A guest's first request has no identity that a second one could prove, and its answer
        # carries the token, so it is never stored: repeated, it makes another cart.
        key=None if seen.new_token else terms.key,
        caller=seen.owner,
        route=terms.route,
        fingerprint=terms.fingerprint,
        now=now,
        effect=effect,
    )


def require_open(cart: Cart) -> None:
    if cart.state is CartState.CLAIMED:
        raise CartLocked(cart.order_id)
