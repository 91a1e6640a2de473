"""A shop that is too simple to be wrong: what real services are compared with, step by step.

Products, customers and orders are numbers; amounts are minor units; time is in seconds.
"""

from collections import Counter
from dataclasses import dataclass, field

Said = tuple[int, str]
"""The status of an answer, and the code of its error."""
OK, MADE, WAITS = (200, ""), (201, ""), (202, "")
LATER = "manual"
HELD_FOR, PAY_WITHIN, LOOK_EVERY = 900.0, 870.0, 10.0
UNPAID_FOR = 14 * 86_400.0
ACTING = ("tok_action_required", "tok_lost_webhook")
DECLINED = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}
INVALID_STATE = (409, "invalid_state")
INVALID = (422, "validation_error")
Items = dict[int, int]


@dataclass
class Attempt:
    """At the provider: created, requires_action, authorized, captured or cancelled."""

    token: str
    state: str = "created"


@dataclass
class Parcel:
    items: Items
    delivered: bool = False


@dataclass
class Returned:
    items: Items
    state: str = "requested"


@dataclass
class Order:
    customer: int
    lines: Items
    prices: dict[int, int]
    placed_at: float
    by_hand: bool = False
    step: str = "placed"
    """waiting, placed, cancelled or failed."""
    attempts: list[Attempt] = field(default_factory=list)
    captured: int = 0
    refunded: int = 0
    authorized: bool = False
    voided: bool = False
    refused: bool = False
    """Cancelled because nothing could be captured."""
    given_up: bool = False
    held: bool = False
    next_look: float = 0
    sent: Counter[int] = field(default_factory=Counter)
    back: Counter[int] = field(default_factory=Counter)
    money_back: Counter[int] = field(default_factory=Counter)
    parcels: list[Parcel] = field(default_factory=list)
    returns: list[Returned] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(count * self.prices[product] for product, count in self.lines.items())

    @property
    def refundable(self) -> int:
        return self.captured - self.refunded

    @property
    def payment(self) -> str:
        if self.captured:
            part = "partially_refunded" if self.refunded else "paid"
            return "refunded" if self.refunded == self.captured else part
        if self.total == 0:
            return "paid"
        return "authorized" if self.authorized else "voided" if self.voided else "unpaid"

    @property
    def fulfillment(self) -> str:
        if self.back == self.lines:
            return "returned"
        if self.sent == self.lines:
            return "delivered" if all(one.delivered for one in self.parcels) else "fulfilled"
        return "partially_fulfilled" if self.sent else "unfulfilled"

    @property
    def status(self) -> str:
        if self.step != "placed":
            return {"waiting": "pending"}.get(self.step, self.step)
        sent = self.fulfillment in ("fulfilled", "delivered", "returned")
        paid = self.payment in ("paid", "partially_refunded", "refunded")
        return "completed" if sent and paid else "confirmed"

    def left(self, of: Counter[int], less: Counter[int]) -> Items:
        return {product: of[product] - less[product] for product in self.lines}


@dataclass
class Cart:
    lines: Items | None = None
    """None: there is none, or it has become an order."""
    ordered: bool = False
    claimed: bool = False


@dataclass
class Shop:
    prices: list[int]
    on_hand: list[int]
    carts: list[Cart]
    capture_at: str
    orders: list[Order] = field(default_factory=list)
    now: float = 0

    def reserved(self, product: int) -> int:
        return sum(order.lines.get(product, 0) for order in self.orders if order.held)

    def available(self, product: int) -> int:
        return self.on_hand[product] - self.reserved(product)

    def adjust(self, product: int, delta: int) -> Said:
        if self.available(product) + delta < 0:
            return 409, "stock_below_reserved"
        self.on_hand[product] += delta
        return OK

    # The cart

    def add(self, customer: int, product: int, count: int) -> Said:
        cart = self.carts[customer]
        lines = dict(cart.lines or {})
        lines[product] = lines.get(product, 0) + count
        return self._changed(cart, lines, product, MADE)

    def set(self, customer: int, product: int, count: int) -> Said:
        cart = self.carts[customer]
        if not cart.claimed and product not in (cart.lines or {}):
            return 404, "not_found"
        lines = {**(cart.lines or {}), product: count}
        if count == 0:
            del lines[product]
        return self._changed(cart, lines, product, OK)

    def clear(self, customer: int) -> Said:
        cart = self.carts[customer]
        if cart.claimed:
            return 409, "cart_locked"
        cart.lines = None if cart.lines is None else {}
        return OK

    def _changed(self, cart: Cart, lines: Items, product: int, done: Said) -> Said:
        if cart.claimed:
            return 409, "cart_locked"
        if lines.get(product, 0) > self.available(product):
            return 409, "insufficient_stock"
        cart.lines = lines
        return done

    def cost(self, customer: int) -> int:
        lines = self.carts[customer].lines or {}
        return sum(count * self.prices[product] for product, count in lines.items())

    # Checkout and payment

    def order(self, customer: int, token: str, shown: int | None) -> Said:
        """A new order is the last one of `orders`."""
        cart = self.carts[customer]
        if cart.claimed or (cart.lines is None and cart.ordered):
            return 409, "cart_already_checked_out"
        if not cart.lines:
            return 409, "cart_empty"
        if any(count > self.available(product) for product, count in cart.lines.items()):
            return 409, "insufficient_stock"
        if shown not in (None, self.cost(customer)):
            return 409, "price_changed"
        prices = {product: self.prices[product] for product in cart.lines}
        order = Order(customer, dict(cart.lines), prices, self.now, by_hand=token == LATER)
        if token == LATER or order.total == 0:
            self.orders.append(order)
            return self._placed(order)
        return self._paying_first(order, token)

    def _paying_first(self, order: Order, token: str) -> Said:
        if token in DECLINED:
            return 402, "payment_declined"
        order.step, order.held = "waiting", True
        self.carts[order.customer].claimed = True
        said = self._tried(order, token)
        if order.step != "failed":
            self.orders.append(order)
        return MADE if said == OK else said

    def _tried(self, order: Order, token: str) -> Said:
        """One more attempt: those before it are voided."""
        for earlier in order.attempts:
            earlier.state = "cancelled"
        attempt = Attempt(token)
        order.attempts.append(attempt)
        order.next_look = min(self.now + LOOK_EVERY, max(order.placed_at + PAY_WITHIN, self.now))
        if token in DECLINED:
            return 402, "payment_declined"
        attempt.state = "requires_action" if token in ACTING else "authorized"
        return WAITS if token in ACTING else self._authorized(order)

    def _authorized(self, order: Order) -> Said:
        if not order.held:
            return self._fail(order, (409, "checkout_expired"))
        order.authorized = True
        if self.capture_at == "order":
            if order.attempts[-1].token == "tok_lapses":
                return self._fail(order, (402, "capture_refused"))
            self._capture(order)
        self._placed(order)
        return OK

    def _capture(self, order: Order) -> None:
        order.attempts[-1].state = "captured"
        order.captured = order.total

    def _placed(self, order: Order) -> Said:
        order.step, order.held = "placed", False
        self.carts[order.customer] = Cart(ordered=True)
        for product, count in order.lines.items():
            self.on_hand[product] -= count
        return MADE

    def _fail(self, order: Order, said: Said) -> Said:
        order.step, order.held, order.authorized, order.voided = "failed", False, False, True
        self.carts[order.customer].claimed = False
        for attempt in order.attempts:
            attempt.state = "cancelled"
        return said

    def pay(self, order: Order, token: str) -> Said:
        if order.step != "waiting" or order.placed_at + PAY_WITHIN <= self.now:
            return INVALID_STATE
        return INVALID_STATE if len(order.attempts) >= 10 else self._tried(order, token)

    def act(self, attempt: Attempt, *, confirm: bool) -> None:
        if attempt.state == "requires_action":
            attempt.state = "authorized" if confirm else "created"

    def look(self, order: Order) -> None:
        """The saga of a waiting order asks the provider."""
        if order.attempts[-1].state == "authorized":
            self._authorized(order)
        elif order.placed_at + PAY_WITHIN <= self.now:
            self._fail(order, (402, "payment_expired"))
        else:
            until = max(order.placed_at + PAY_WITHIN, self.now)
            order.next_look = min(self.now + LOOK_EVERY, until)

    def wait(self, seconds: float, *, stock_first: bool) -> None:
        """Catalog's sweeper and orders' worker come to it in either order."""
        self.now += seconds
        works = [self._expire_stock, self._look_around]
        for work in works if stock_first else works[::-1]:
            work()
        for order in self.orders:
            old = order.placed_at + UNPAID_FOR < self.now
            if order.step == "placed" and order.payment == "unpaid" and not order.sent and old:
                self.cancel(order, restock=True)

    def _expire_stock(self) -> None:
        for order in self.orders:
            if order.placed_at + HELD_FOR <= self.now:
                order.held = False

    def _look_around(self) -> None:
        for order in self.orders:
            if order.step == "waiting" and order.next_look <= self.now:
                self.look(order)

    # The life of an order

    def cancel(self, order: Order, *, restock: bool) -> Said:
        if order.step == "waiting":
            self._fail(order, OK)
            order.given_up = True
        if order.step == "cancelled" or order.given_up:
            return OK
        if order.step == "failed" or order.sent:
            return INVALID_STATE
        order.step = "cancelled"
        if order.authorized and not order.captured:
            order.authorized, order.voided = False, True
        for attempt in order.attempts:
            attempt.state = attempt.state if attempt.state == "captured" else "cancelled"
        order.refunded = order.captured
        if restock:
            self._restock(order.lines)
        return OK

    def _restock(self, items: Items) -> None:
        for product, count in items.items():
            self.on_hand[product] += count

    def mark_paid(self, order: Order) -> Said:
        if order.step != "placed" or order.payment != "unpaid":
            return INVALID_STATE
        order.captured = order.total
        return MADE

    def fulfil(self, order: Order, items: Items | None) -> Said:
        """None: all that is left and was not refunded."""
        left = order.left(Counter(order.lines), order.sent)
        wrong = not _within(items, left)
        if order.step == "placed" and order.payment == "authorized":
            if wrong:
                return INVALID
            self._capture_or_cancel(order)
        if order.refused:
            return 402, "capture_refused"
        if order.step != "placed":
            return INVALID_STATE
        if order.payment not in ("paid", "partially_refunded") and not (
            self.capture_at == "shipment" and order.by_hand and order.payment == "unpaid"
        ):
            return 409, "not_paid"
        if wrong:
            return INVALID
        going = _chosen(items, order.left(Counter(order.lines), order.sent + order.money_back))
        if not going:
            return INVALID_STATE
        order.sent.update(going)
        order.parcels.append(Parcel(going))
        return MADE

    def _capture_or_cancel(self, order: Order) -> None:
        if order.attempts[-1].token == "tok_lapses":
            self.cancel(order, restock=True)
            order.refused = True
        else:
            self._capture(order)

    def refund(self, order: Order, items: Items, amount: int) -> Said:
        if not _within(items, order.left(Counter(order.lines), order.money_back)):
            return INVALID
        amount += sum(count * order.prices[product] for product, count in items.items())
        if amount == 0:
            return INVALID
        if order.refundable == 0:
            return 409, "nothing_to_refund"
        if amount > order.refundable:
            return 409, "refund_exceeds_payment"
        order.refunded += amount
        order.money_back.update(items)
        return MADE

    def ask_return(self, order: Order, items: Items | None) -> Said:
        asked = Counter(order.back)
        for one in order.returns:
            asked.update(one.items if one.state == "requested" else {})
        left = order.left(order.sent, asked)
        if not _within(items, left):
            return INVALID
        coming = _chosen(items, left)
        if not coming:
            return INVALID_STATE
        order.returns.append(Returned(coming))
        return MADE

    def receive(self, order: Order, number: int, *, restock: bool, refund: bool) -> Said:
        returned = order.returns[number]
        if returned.state != "requested":
            return INVALID_STATE
        returned.state = "received"
        order.back.update(returned.items)
        if restock:
            self._restock(returned.items)
        if refund:
            unpaid_back = order.left(Counter(order.lines), order.money_back)
            items = {p: min(count, unpaid_back[p]) for p, count in returned.items.items()}
            worth = sum(count * order.prices[product] for product, count in items.items())
            amount = min(worth, order.refundable)
            if amount:
                order.refunded += amount
                order.money_back.update(items)
        return MADE

    def reject(self, order: Order, number: int) -> Said:
        if order.returns[number].state != "requested":
            return INVALID_STATE
        order.returns[number].state = "rejected"
        return OK


def _within(items: Items | None, left: Items) -> bool:
    return all(count <= left.get(product, 0) for product, count in (items or {}).items())


def _chosen(items: Items | None, left: Items) -> Items:
    found = left if items is None else items
    return {product: count for product, count in found.items() if count > 0}
