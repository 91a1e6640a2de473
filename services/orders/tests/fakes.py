"""Cart and catalog in memory, keeping the same promises; and what may go wrong on the way there."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orders.clients.cart import Claim
from orders.domain import Line
from orders.errors import (
    CartAlreadyCheckedOut,
    CartEmpty,
    CheckoutExpired,
    CheckoutRefused,
    InsufficientStock,
    PriceChanged,
    ProductUnavailable,
)
from shopkit.errors import Unavailable
from shopkit.ids import new_id
from shopkit.money import money


@dataclass
class Faults:
    """What happens to the next calls: `down` never arrives, the answer of `lost` is dropped."""

    plan: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    def then(self, call: str, *faults: str) -> None:
        self.plan[call].extend(faults)

    def hold(self, call: str) -> asyncio.Event:
        """Calls wait there until the event is set."""
        self.gates[call] = asyncio.Event()
        return self.gates[call]

    @asynccontextmanager
    async def around(self, call: str) -> AsyncIterator[None]:
        self.calls.append(call)
        await asyncio.sleep(0)
        if call in self.gates:
            await self.gates[call].wait()
        if call in self.before:
            self.before[call]()
        fault = self.plan[call].pop(0) if self.plan[call] else ""
        if fault == "down":
            raise Unavailable(f"{call} is down")
        yield
        if fault == "lost":
            raise Unavailable(f"the answer of {call} got lost")


@dataclass
class Product:
    price: int
    on_hand: int
    reserved: int = 0
    active: bool = True
    id: str = field(default_factory=new_id)

    def line(self, quantity: int) -> Line:
        total = quantity * self.price
        return Line(self.id, f"SKU-{self.id[-4:]}", "A thing", quantity, self.price, total)


@dataclass
class Reservation:
    lines: tuple[Line, ...]
    state: str = "held"


class FakeCatalog:
    def __init__(self) -> None:
        self.faults = Faults()
        self.products: dict[str, Product] = {}
        self.reservations: dict[str, Reservation] = {}
        self.returns: dict[str, tuple[str, dict[str, int]]] = {}

    def add(self, *, price: int = 1000, stock: int = 10) -> Product:
        product = Product(price, stock)
        self.products[product.id] = product
        return product

    async def reserve(self, order_id: str, lines: Sequence[Line], currency: str) -> None:
        async with self.faults.around("reserve"):
            known = self.reservations.get(order_id)
            if known is None:
                self._check(lines, currency)
                self._move(lines, reserved=+1)
                self.reservations[order_id] = Reservation(tuple(lines))
            elif known.state == "released":
                raise CheckoutExpired("gone")
            elif known.lines != tuple(lines):
                raise CheckoutRefused("another body")

    def _check(self, lines: Sequence[Line], currency: str) -> None:
        wanted: dict[str, int] = defaultdict(int)
        for line in lines:
            wanted[line.product_id] += line.quantity
        short = [
            {"product_id": id, "requested": quantity, "available": self._available(id)}
            for id, quantity in wanted.items()
            if quantity > self._available(id)
        ]
        if short:
            raise InsufficientStock("short", items=short)
        other = [
            {
                "product_id": line.product_id,
                "old": money(line.unit_price, currency),
                "new": money(self.products[line.product_id].price, currency),
            }
            for line in lines
            if line.unit_price != self.products[line.product_id].price
        ]
        if other:
            raise PriceChanged("other price", items=other)

    def _available(self, id: str) -> int:
        product = self.products.get(id)
        return product.on_hand - product.reserved if product and product.active else 0

    def _move(self, lines: Sequence[Line], *, reserved: int = 0, on_hand: int = 0) -> None:
        for line in lines:
            product = self.products[line.product_id]
            product.reserved += reserved * line.quantity
            product.on_hand += on_hand * line.quantity
            assert 0 <= product.reserved <= product.on_hand

    async def commit(self, order_id: str) -> None:
        async with self.faults.around("commit"):
            found = self.reservations.get(order_id)
            if found is None or found.state == "released":
                raise CheckoutExpired("gone")
            if found.state == "held":
                self._move(found.lines, reserved=-1, on_hand=-1)
                found.state = "committed"

    async def release(self, order_id: str) -> None:
        async with self.faults.around("release_stock"):
            found = self.reservations.setdefault(order_id, Reservation((), "released"))
            if found.state == "held":
                self._move(found.lines, reserved=-1)
            if found.state == "committed":
                self._move(found.lines, on_hand=+1)
            found.state = "released"

    async def restock(self, return_id: str, order_id: str, quantities: Mapping[str, int]) -> None:
        async with self.faults.around("restock"):
            asked = (order_id, dict(quantities))
            if self.returns.setdefault(return_id, asked) is not asked:
                assert self.returns[return_id] == asked, "the same return with another body"
                return
            if not self._came_back(order_id):
                del self.returns[return_id]
                raise Unavailable("More comes back than was sold.")
            for product_id, count in quantities.items():
                self.products[product_id].on_hand += count

    def _came_back(self, order_id: str) -> bool:
        """Whether all that has come back was sold before."""
        found = self.reservations.get(order_id)
        sold = Counter[str]()
        if found is not None and found.state == "committed":
            sold.update({line.product_id: line.quantity for line in found.lines})
        for of_order, quantities in self.returns.values():
            if of_order == order_id:
                sold.subtract(quantities)
        return min(sold.values(), default=-1) >= 0

    def expire(self, order_id: str) -> None:
        self._move(self.reservations[order_id].lines, reserved=-1)
        self.reservations[order_id].state = "released"


@dataclass
class FakeCartRow:
    lines: tuple[Line, ...]
    version: int = 1
    currency: str = "USD"
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    claimed_by: str | None = None
    converted: bool = False
    id: str = field(default_factory=new_id)


@dataclass
class FakeClaim:
    cart: FakeCartRow | None
    snapshot: Claim | None
    state: str


class FakeCart:
    def __init__(self) -> None:
        self.faults = Faults()
        self.carts: dict[str, FakeCartRow] = {}
        self.claims: dict[str, FakeClaim] = {}
        self.unavailable: set[str] = set()

    def fill(self, owner: str, *lines: Line, **costs: Any) -> FakeCartRow:
        """A new cart for a user id or a guest's token; `costs` may be a currency, a discount, the
        shipping and a tax."""
        self.carts[owner] = FakeCartRow(tuple(lines), **costs)
        return self.carts[owner]

    async def claim(self, order_id: str, *, user_id: str | None, cart_token: str | None) -> Claim:
        async with self.faults.around("claim"):
            known = self.claims.get(order_id)
            if known is not None:
                if known.snapshot is None or known.state == "released":
                    raise CheckoutExpired("gone")
                return known.snapshot
            assert (user_id is None) != (cart_token is None)
            cart = self._claimable(str(user_id or cart_token))
            cart.claimed_by = order_id
            snapshot = _snapshot(cart)
            self.claims[order_id] = FakeClaim(cart, snapshot, "claimed")
            return snapshot

    def _claimable(self, owner: str) -> FakeCartRow:
        cart = self.carts.get(owner)
        if cart is not None and cart.claimed_by is not None:
            raise CartAlreadyCheckedOut("taken", order_id=cart.claimed_by)
        if cart is None or not cart.lines:
            raise CartEmpty("empty")
        gone = [
            {"product_id": i.product_id} for i in cart.lines if i.product_id in self.unavailable
        ]
        if gone:
            raise ProductUnavailable("gone", items=gone)
        return cart

    async def consume(self, order_id: str) -> None:
        async with self.faults.around("consume"):
            claim = self.claims[order_id]
            assert claim.state in ("claimed", "converted")
            assert claim.cart is not None
            claim.state, claim.cart.converted = "converted", True

    async def release(self, order_id: str) -> None:
        async with self.faults.around("release_cart"):
            claim = self.claims.setdefault(order_id, FakeClaim(None, None, "released"))
            if claim.state == "claimed":
                assert claim.cart is not None
                claim.cart.claimed_by = None
                claim.cart.version += 1
                claim.state = "released"


def _snapshot(cart: FakeCartRow) -> Claim:
    subtotal = sum(line.line_total for line in cart.lines)
    costs = cart.discount, cart.shipping, cart.tax
    total = subtotal - cart.discount + cart.shipping + cart.tax
    return Claim(cart.id, cart.version, cart.currency, cart.lines, subtotal, *costs, total)
