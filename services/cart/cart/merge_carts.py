"""A guest logs in: the guest's cart goes into the user's, in one transaction, once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cart.change_cart import Terms, require_open
from cart.context import Context
from cart.domain import Cart, Offers
from cart.etags import cart_etag
from cart.merging import Report, merge
from cart.models import idempotency_keys
from cart.pricing import price
from cart.repository import find_cart, find_merge_report, save_cart, spend_guest_cart
from shopkit.idempotency import Answer, replayable


@dataclass(frozen=True)
class _Both:
    mine: Cart
    guest: Cart | None
    earlier: Report
    """The report of the merge that spent the guest's cart before."""


async def merge_carts(context: Context, *, owner: str, guest: str, terms: Terms) -> Answer:
    """Answers the user's cart with `report`. A token that opens nothing merges nothing.

    Raises CartLocked while one of the two is being checked out.
    """

    async def attempt() -> Answer:
        now = context.clock.now()
        both = await context.database.read(_find_both, owner=owner, guest=guest, now=now)
        ids = {*both.mine.lines, *(both.guest.lines if both.guest else ())}
        offers = await context.catalog.find_offers(ids)
        return await context.database.run(
            _write, context=context, owner=owner, both=both, offers=offers, terms=terms, now=now
        )

    return await context.lanes.run(attempt, owner, guest)


def _find_both(conn: Connection, *, owner: str, guest: str, now: datetime) -> _Both:
    mine = find_cart(conn, owner=owner, now=now) or Cart()
    found = find_cart(conn, owner=guest, now=now)
    earlier = [] if found else find_merge_report(conn, guest=guest, merged_by=owner)
    return _Both(mine, found, earlier or [])


def _write(
    conn: Connection,
    *,
    context: Context,
    owner: str,
    both: _Both,
    offers: Offers,
    terms: Terms,
    now: datetime,
) -> Answer:
    def effect() -> Answer:
        cart, report = both.mine, both.earlier
        if both.guest:
            cart, report = _merge(conn, context, owner, both.mine, both.guest, offers, now)
        view = price(cart, offers, context.currency)
        headers = {"ETag": cart_etag(view)}
        return Answer(terms.status, {**view, "report": report}, headers)

    return replayable(
        conn,
        table=idempotency_keys,
        key=terms.key,
        caller=owner,
        route=terms.route,
        fingerprint=terms.fingerprint,
        now=now,
        effect=effect,
    )


def _merge(
    conn: Connection,
    context: Context,
    owner: str,
    mine: Cart,
    guest: Cart,
    offers: Offers,
    now: datetime,
) -> tuple[Cart, Report]:
    require_open(mine)
    require_open(guest)
    cart, report = merge(mine, guest, offers, context.most_per_line)
    lifetimes = context.lifetimes
    # Guests first and users second, everywhere: two merges never wait for each other.
    spend_guest_cart(
        conn, cart=guest, merged_by=owner, report=report, expires_at=now + lifetimes.guest
    )
    if cart.lines != mine.lines:
        expires_at = lifetimes.end(owner, empty=False, now=now)
        cart = save_cart(conn, owner=owner, before=mine, after=cart, now=now, expires_at=expires_at)
    return cart, report
