"""The sum of the parts is the whole, however an order is refunded piece by piece."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.domain import Line, Order
from orders.records import Refund
from orders.shares import capped, line_shares, pieces, shipping_left, shipping_share, worth
from orders.states import FulfillmentStatus, PaymentStatus, Status, Step
from shopkit.ids import new_id
from shopkit.money import exponent

CURRENCIES = ["JPY", "USD", "KWD"]
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_the_currencies_have_0_2_and_3_decimals() -> None:
    assert [exponent(currency) for currency in CURRENCIES] == [0, 2, 3]


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order with any lines, discount, shipping and tax that its table allows."""
    currency = draw(st.sampled_from(CURRENCIES))
    prices = st.integers(0, 10**4 * 10 ** exponent(currency))
    lines = tuple(
        Line(str(n), f"SKU-{n}", "A thing", quantity, price, quantity * price)
        for n, (quantity, price) in enumerate(
            draw(st.lists(st.tuples(st.integers(1, 9), prices), min_size=1, max_size=6))
        )
    )
    subtotal = sum(line.line_total for line in lines)
    shipping, tax = draw(prices), draw(prices)
    discount = draw(st.integers(0, subtotal + shipping + tax))
    return Order(
        id=new_id(),
        number="7KQ2M9XD",
        owner="user:ada",
        email="ada@example.com",
        step=Step.CONFIRMED,
        status=Status.CONFIRMED,
        payment_status=PaymentStatus.PAID,
        fulfillment_status=FulfillmentStatus.UNFULFILLED,
        fence=1,
        lease_until=None,
        has_key=False,
        cart_token=None,
        note=None,
        shipping_address=None,
        billing_address=None,
        shipping_method="standard",
        payment_method="manual",
        expected_total=None,
        currency=currency,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        tax=tax,
        total=subtotal - discount + shipping + tax,
        timeline=[],
        placed_at=NOW,
        lines=lines,
    )


def refunded(order: Order, found: list[dict[str, Any]], *, succeeds: bool = True) -> Order:
    """The order after a refund of these pieces, as it is stored."""
    refund = Refund(
        id=new_id(),
        order_id=order.id,
        payment_id=new_id(),
        status="succeeded" if succeeds else "failed",
        amount=worth(found),
        shipping=0,
        items=found,
        reason=None,
        created_at=NOW,
    )
    counts = {one["product_id"]: one["quantity"] for one in found if succeeds}
    lines = tuple(
        replace(line, refunded=line.refunded + counts.get(line.product_id, 0))
        for line in order.lines
    )
    return replace(order, lines=lines, refunds=(*order.refunds, refund))


def failed(order: Order, n: int) -> Order:
    """The order once its n-th refund turns out to have failed."""
    refund = order.refunds[n]
    counts = {one["product_id"]: one["quantity"] for one in refund.items}
    lines = tuple(
        replace(line, refunded=line.refunded - counts.get(line.product_id, 0))
        for line in order.lines
    )
    changed = (*order.refunds[:n], replace(refund, status="failed"), *order.refunds[n + 1 :])
    return replace(order, lines=lines, refunds=changed)


def all_left(order: Order) -> dict[str, int]:
    left = {line.product_id: line.quantity - line.refunded for line in order.lines}
    return {product_id: count for product_id, count in left.items() if count}


@given(orders())
def test_shares_and_shipping_sum_up_to_the_total(order: Order) -> None:
    shares = line_shares(order)
    assert sum(shares) + shipping_share(order) == order.total
    assert min(*shares, 0, shipping_share(order)) == 0


@given(orders(), st.data())
def test_lines_refunded_piece_by_piece_come_to_their_shares(order: Order, data: Any) -> None:
    given_back = [0] * len(order.lines)
    while left := all_left(order):
        product_id = data.draw(st.sampled_from(sorted(left)))
        count = data.draw(st.integers(1, left[product_id]))
        found = pieces(order, {product_id: count})
        assert all(piece["amount"] >= 0 for piece in found)
        given_back[int(product_id)] += worth(found)
        order = refunded(order, found)
    assert given_back == line_shares(order)
    assert shipping_left(order) == shipping_share(order)


@given(orders())
def test_the_pieces_of_a_line_differ_by_one_minor_unit(order: Order) -> None:
    for line in order.lines:
        amounts = []
        for _ in range(line.quantity):
            found = pieces(order, {line.product_id: 1})
            amounts.append(worth(found))
            order = refunded(order, found)
        assert max(amounts) - min(amounts) <= 1


@given(orders(), st.data())
def test_whichever_refunds_fail_all_of_it_can_still_go_back_and_no_more(
    order: Order, data: Any
) -> None:
    for _ in range(data.draw(st.integers(1, 8))):
        left = all_left(order)
        if left and data.draw(st.booleans()):
            product_id = data.draw(st.sampled_from(sorted(left)))
            count = data.draw(st.integers(1, left[product_id]))
            order = refunded(order, pieces(order, {product_id: count}))
        elif valid := [n for n, one in enumerate(order.refunds) if one.status != "failed"]:
            order = failed(order, data.draw(st.sampled_from(valid)))
        given_back = sum(one.amount for one in order.refunds if one.status != "failed")
        assert given_back <= sum(line_shares(order))
    order = refunded(order, pieces(order, all_left(order)))
    given_back = sum(one.amount for one in order.refunds if one.status != "failed")
    assert given_back == sum(line_shares(order))


@given(orders(), st.integers(0, 10**6))
def test_capped_pieces_are_worth_what_is_left(order: Order, most: int) -> None:
    found = pieces(order, all_left(order))
    less = capped(found, most)
    assert worth(less) == min(most, worth(found))
    assert all(a["amount"] <= b["amount"] for a, b in zip(less, found, strict=True))
