"""Carts as values: what may be in one, the changes that can be asked for, and its states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Protocol

from cart.errors import (
    CartFull,
    ClaimGone,
    CurrencyMismatch,
    InsufficientStock,
    NotInCart,
    ProductNotFound,
    QuantityLimit,
)

MAX_LINES = 100


class CartState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    CONVERTED = "converted"
    MERGED = "merged"


class ClaimState(StrEnum):
    CLAIMED = "claimed"
    CONVERTED = "converted"
    RELEASED = "released"


_AFTER = {
    (ClaimState.CLAIMED, "consume"): ClaimState.CONVERTED,
    (ClaimState.CONVERTED, "consume"): ClaimState.CONVERTED,
    (ClaimState.CLAIMED, "release"): ClaimState.RELEASED,
    (ClaimState.RELEASED, "release"): ClaimState.RELEASED,
    (ClaimState.CONVERTED, "release"): ClaimState.CONVERTED,
}


def after(state: ClaimState, action: Literal["consume", "release"]) -> ClaimState:
    """Where an action takes a claim. Raises ClaimGone where it may not go."""
    try:
        return _AFTER[state, action]
    except KeyError:
        raise ClaimGone from None


@dataclass(frozen=True, slots=True)
class Offer:
    """What catalog says of a product now; `amount` in minor units."""

    product_id: str
    sku: str
    name: str
    amount: int
    currency: str
    available: int
    backorder: bool
    active: bool

    def covers(self, quantity: int) -> bool:
        """Whether so many can be bought: with backorder, also more than there are."""
        return self.backorder or quantity <= self.available


Offers = Mapping[str, Offer]


@dataclass(frozen=True, slots=True)
class Line:
    """`sku`, `name` and `added_amount` (minor units) are as they were when it was added."""

    product_id: str
    sku: str
    name: str
    quantity: int
    added_amount: int
    position: int


@dataclass(frozen=True, slots=True)
class Cart:
    """One owner's cart; one that was never written has no id and version 0."""

    id: str | None = None
    version: int = 0
    state: CartState = CartState.OPEN
    order_id: str | None = None
    currency: str | None = None
    lines: Mapping[str, Line] = field(default_factory=dict)

    def with_line(self, line: Line) -> "Cart":
        return replace(self, lines={**self.lines, line.product_id: line})

    def without(self, product_id: str) -> "Cart":
        rest = {key: line for key, line in self.lines.items() if key != product_id}
        return replace(self, lines=rest, currency=self.currency if rest else None)

    def next_position(self) -> int:
        return max((line.position for line in self.lines.values()), default=0) + 1


class Change(Protocol):
    def needs(self, cart: Cart) -> Iterable[str]:
        """Ids of the products whose offers are needed to make the change and price the outcome."""

    def apply(self, cart: Cart, offers: Offers) -> Cart: ...


@dataclass(frozen=True)
class AddProduct:
    """`most` is how many pieces one line may hold."""

    product_id: str
    quantity: int
    most: int

    def needs(self, cart: Cart) -> Iterable[str]:
        return {*cart.lines, self.product_id}

    def apply(self, cart: Cart, offers: Offers) -> Cart:
        offer = offers.get(self.product_id)
        if offer is None or not offer.active:
            raise ProductNotFound
        if cart.currency not in (None, offer.currency):
            raise CurrencyMismatch(str(cart.currency), offer.currency)
        line = cart.lines.get(self.product_id) or new_line(cart, offer)
        quantity = line.quantity + self.quantity
        check_quantity(offer, quantity, self.most)
        changed = replace(line, sku=offer.sku, name=offer.name, quantity=quantity)
        return replace(cart, currency=offer.currency).with_line(changed)


@dataclass(frozen=True)
class SetQuantity:
    product_id: str
    quantity: int
    most: int

    def needs(self, cart: Cart) -> Iterable[str]:
        return cart.lines.keys() if self.product_id in cart.lines else ()

    def apply(self, cart: Cart, offers: Offers) -> Cart:
        line = cart.lines.get(self.product_id)
        if line is None:
            raise NotInCart
        offer = sellable(offers.get(self.product_id), cart.currency)
        if offer is None:
            raise InsufficientStock(self.product_id, self.quantity, 0)
        check_quantity(offer, self.quantity, self.most)
        return cart.with_line(replace(line, quantity=self.quantity))


@dataclass(frozen=True)
class RemoveProduct:
    product_id: str

    def needs(self, cart: Cart) -> Iterable[str]:
        return cart.lines.keys() - {self.product_id} if self.product_id in cart.lines else ()

    def apply(self, cart: Cart, offers: Offers) -> Cart:
        if self.product_id not in cart.lines:
            raise NotInCart
        return cart.without(self.product_id)


@dataclass(frozen=True)
class Clear:
    def needs(self, cart: Cart) -> Iterable[str]:
        return ()

    def apply(self, cart: Cart, offers: Offers) -> Cart:
        return replace(cart, lines={}, currency=None)


def new_line(cart: Cart, offer: Offer) -> Line:
    """A line without pieces yet. Raises CartFull."""
    if len(cart.lines) >= MAX_LINES:
        raise CartFull(MAX_LINES)
    position = cart.next_position()
    return Line(offer.product_id, offer.sku, offer.name, 0, offer.amount, position)


def check_quantity(offer: Offer, quantity: int, most: int) -> None:
    """Raises InsufficientStock or QuantityLimit when a line may not hold that many."""
    if not offer.covers(quantity):
        raise InsufficientStock(offer.product_id, quantity, max(0, offer.available))
    if quantity > most:
        raise QuantityLimit(most)


def sellable(offer: Offer | None, currency: str | None) -> Offer | None:
    """The offer, when a cart in this currency may hold it today."""
    if offer is None or not offer.active or currency not in (None, offer.currency):
        return None
    return offer
