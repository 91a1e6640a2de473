"""Cart and catalog in memory, keeping the same promises; and what may go wrong on the way there."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orders.clients import catalog
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
    RestockRefused,
)
from shopkit.errors import Unavailable
from shopkit.ids import LOWEST_ID, new_id
from shopkit.money import money

PAGE = 100


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

    async def called(self, call: str, times: int) -> None:
        """Until it was called so often."""
        async with asyncio.timeout(10):
            while self.calls.count(call) < times:
                await asyncio.sleep(0)

    @asynccontextmanager
    async def around(self, call: str) -> AsyncIterator[None]:
        self.calls.append(call)
        gate = self.gates.get(call)  # before others run: once a call is counted, it is held
        await asyncio.sleep(0)
        if gate:
            await gate.wait()
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
    backorder: bool = False
    active: bool = True
    id: str = field(default_factory=new_id)

    def line(self, quantity: int) -> Line:
        total = quantity * self.price
        return Line(self.id, f"SKU-{self.id[-4:]}", "A thing", quantity, self.price, total)


@dataclass
class Reservation:
    lines: tuple[Line, ...]
    state: str = "held"
    returns: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ("released", "expired")

    def quantities(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for line in self.lines:
            found[line.product_id] += line.quantity
        return dict(found)

    def left(self) -> dict[str, int]:
        """What has not come back."""
        found = self.quantities()
        for returned in self.returns.values():
            for id, quantity in returned.items():
                found[id] -= quantity
        return found


class FakeCatalog:
    def __init__(self) -> None:
        self.faults = Faults()
        self.products: dict[str, Product] = {}
        self.reservations: dict[str, Reservation] = {}

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
            elif known.ended:
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
            if quantity > self._available(id) and not self._owed(id)
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

    def _owed(self, id: str) -> bool:
        product = self.products.get(id)
        return product is not None and product.active and product.backorder

    def _available(self, id: str) -> int:
        product = self.products.get(id)
        return product.on_hand - product.reserved if product and product.active else 0

    def _move(self, lines: Sequence[Line], *, reserved: int = 0, on_hand: int = 0) -> None:
        for line in lines:
            product = self.products[line.product_id]
            product.reserved += reserved * line.quantity
            product.on_hand += on_hand * line.quantity
            assert product.reserved >= 0
            assert product.backorder or product.reserved <= product.on_hand

    async def commit(self, order_id: str) -> None:
        async with self.faults.around("commit"):
            found = self.reservations.get(order_id)
            if found is None or found.ended:
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
                self._put_back(found.left())
            found.state = "expired" if found.state == "expired" else "released"

    def _put_back(self, quantities: Mapping[str, int]) -> None:
        for id, quantity in quantities.items():
            self.products[id].on_hand += quantity

    async def restock(self, return_id: str, order_id: str, quantities: Mapping[str, int]) -> None:
        async with self.faults.around("restock"):
            for id, one in self.reservations.items():
                if return_id in one.returns:
                    if (id, one.returns[return_id]) != (order_id, quantities):
                        raise RestockRefused("another body")
                    return
            found = self.reservations.get(order_id)
            left = found.left() if found and found.state == "committed" else {}
            short = [
                {"product_id": id, "requested": quantity, "returnable": left.get(id, 0)}
                for id, quantity in quantities.items()
                if quantity > left.get(id, 0)
            ]
            if short or found is None:
                raise RestockRefused("short", items=short)
            found.returns[return_id] = dict(quantities)
            self._put_back(quantities)

    async def list_reservations(self, after: str = LOWEST_ID) -> list[catalog.Reservation]:
        async with self.faults.around("list_reservations"):
            return [
                catalog.Reservation(id, one.state, one.quantities())
                for id, one in sorted(self.reservations.items())
                if id > after and not one.ended
            ][:PAGE]

    async def find_reservations(self, order_ids: Sequence[str]) -> dict[str, str]:
        async with self.faults.around("find_reservations"):
            known = set(order_ids) & self.reservations.keys()
            return {id: self.reservations[id].state for id in known}

    def expire(self, order_id: str) -> None:
        self._move(self.reservations[order_id].lines, reserved=-1)
        self.reservations[order_id].state = "expired"


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

    async def list_claims(self, after: str = LOWEST_ID) -> dict[str, str]:
        async with self.faults.around("list_claims"):
            found = sorted((id, claim.state) for id, claim in self.claims.items())
            return dict([one for one in found if one[0] > after and one[1] != "released"][:PAGE])

    async def find_claims(self, order_ids: Sequence[str]) -> dict[str, str]:
        async with self.faults.around("find_claims"):
            return {id: self.claims[id].state for id in set(order_ids) & self.claims.keys()}


def _snapshot(cart: FakeCartRow) -> Claim:
    subtotal = sum(line.line_total for line in cart.lines)
    costs = cart.discount, cart.shipping, cart.tax
    total = subtotal - cart.discount + cart.shipping + cart.tax
    return Claim(cart.id, cart.version, cart.currency, cart.lines, subtotal, *costs, total)
