"""Reading a cart at today's prices."""

from cart.context import Context
from cart.domain import Cart
from cart.pricing import View, price
from cart.repository import find_cart


async def get_cart(context: Context, *, owner: str | None) -> View:
    """The owner's cart; one that is empty, or not there, costs no call and leaves no row."""
    found: Cart | None = None
    if owner:
        found = await context.database.read(find_cart, owner=owner, now=context.clock.now())
    cart = found or Cart()
    offers = await context.catalog.find_offers(cart.lines)
    return price(cart, offers, context.currency)
