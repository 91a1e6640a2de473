"""What a cart costs today. Everything is in integer minor units of the cart's one currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cart.domain import Cart, Line, Offer, Offers, sellable
from cart.errors import ProductUnavailable, are
from shopkit.money import exponent, money

View = dict[str, Any]
"""The public form of a cart: the members of `schemas.CartOut`."""


@dataclass(frozen=True)
class Totals:
    subtotal: int
    discount: int
    shipping: int
    tax: int

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + self.shipping + self.tax

    def public(self, currency: str) -> dict[str, Any]:
        amounts = {
            "subtotal": self.subtotal,
            "discount": self.discount,
            "shipping": self.shipping,
            "tax": self.tax,
            "total": self.total,
        }
        return {name: money(amount, currency) for name, amount in amounts.items()}


def total_up(line_totals: Iterable[int]) -> Totals:
    """No promotions, shipping rates or taxes can be configured yet, so these three are 0."""
    return Totals(subtotal=sum(line_totals), discount=0, shipping=0, tax=0)


def price(cart: Cart, offers: Offers, default_currency: str) -> View:
    """The cart at today's prices. What cannot be bought stays, costs nothing and has a warning."""
    currency = cart.currency or default_currency
    items: list[dict[str, Any]] = []
    warnings: list[dict[str, str]] = []
    for line in cart.lines.values():
        offer = sellable(offers.get(line.product_id), currency)
        items.append(_item(line, offer, currency))
        warnings.extend(_warnings(line, offer, currency))
    totals = total_up(item["line_total"]["amount"] for item in items)
    return {
        "id": cart.id,
        "version": cart.version,
        "currency": currency,
        "items": items,
        "item_count": sum(line.quantity for line in cart.lines.values()),
        **totals.public(currency),
        "warnings": warnings,
    }


def _item(line: Line, offer: Offer | None, currency: str) -> dict[str, Any]:
    unit = offer.amount if offer else line.added_amount
    return {
        "product_id": line.product_id,
        "sku": offer.sku if offer else line.sku,
        "name": offer.name if offer else line.name,
        "quantity": line.quantity,
        "unit_price": money(unit, currency),
        "line_total": money(unit * line.quantity if offer else 0, currency),
        "added_price": money(line.added_amount, currency),
        "available": max(0, offer.available) if offer else 0,
        "backorder": offer is not None and offer.backorder,
    }


def _warnings(line: Line, offer: Offer | None, currency: str) -> Iterable[dict[str, str]]:
    if offer is None:
        yield _warning("unavailable", line, "It is no longer sold and does not count.")
        return
    if offer.amount != line.added_amount:
        old, new = amount_text(line.added_amount, currency), amount_text(offer.amount, currency)
        yield _warning("price_changed", line, f"It cost {old} when it was added and is now {new}.")
    if not offer.covers(line.quantity):
        left = f"Only {are(offer.available)}" if offer.available > 0 else "None is"
        yield _warning("insufficient_stock", line, f"{left} available.")


def _warning(code: str, line: Line, detail: str) -> dict[str, str]:
    return {"code": code, "product_id": line.product_id, "detail": detail}


def amount_text(amount: int, currency: str) -> str:
    """`1999` in USD is "19.99 USD"; in JPY it is "1999 JPY"."""
    digits = exponent(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}} {currency}" if digits else f"{whole} {currency}"


def snapshot(cart: Cart, offers: Offers, order_id: str) -> dict[str, Any]:
    """What checkout agrees on. Raises ProductUnavailable when a line cannot be bought at all."""
    currency = str(cart.currency)
    lines = cart.lines.values()
    chosen = [(line, sellable(offers.get(line.product_id), currency)) for line in lines]
    gone = [line for line, offer in chosen if offer is None]
    if gone:
        raise ProductUnavailable(
            [{"product_id": line.product_id, "sku": line.sku, "name": line.name} for line in gone]
        )
    kept = ("product_id", "sku", "name", "quantity", "unit_price", "line_total")
    items = [_item(line, offer, currency) for line, offer in chosen]
    totals = total_up(item["line_total"]["amount"] for item in items)
    return {
        "order_id": order_id,
        "cart_id": cart.id,
        "version": cart.version,
        "currency": currency,
        "items": [{name: item[name] for name in kept} for item in items],
        **totals.public(currency),
    }
