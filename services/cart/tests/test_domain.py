"""Pure rules: totals, merging and the digits of amounts."""

from hypothesis import given
from hypothesis import strategies as st

from cart.domain import Cart, Line, Offer
from cart.merging import merge
from cart.pricing import amount_text, price
from shopkit.money import MAX_AMOUNT

IDS = [f"p{number}" for number in range(6)]
amounts = st.integers(0, MAX_AMOUNT)
quantities = st.integers(1, 9999)


@st.composite
def a_cart(draw: st.DrawFn, currency: str = "USD") -> Cart:
    chosen = draw(st.lists(st.sampled_from(IDS), unique=True))
    lines = {
        id: Line(id, id.upper(), id, draw(quantities), draw(amounts), position)
        for position, id in enumerate(chosen)
    }
    return Cart("c", 1, currency=currency if lines else None, lines=lines)


@st.composite
def some_offers(draw: st.DrawFn) -> dict[str, Offer]:
    chosen = draw(st.lists(st.sampled_from(IDS), unique=True))
    return {
        id: Offer(
            product_id=id,
            sku=id,
            name=id,
            amount=draw(amounts),
            currency=draw(st.sampled_from(["USD", "EUR"])),
            available=draw(st.integers(-5, 12_000)),
            backorder=draw(st.booleans()),
            active=draw(st.booleans()),
        )
        for id in chosen
    }


@given(a_cart(), some_offers())
def test_totals_add_up(cart: Cart, offers: dict[str, Offer]) -> None:
    view = price(cart, offers, "USD")
    amount = {name: view[name]["amount"] for name in ("subtotal", "discount", "shipping", "tax")}
    assert view["total"]["amount"] == (
        amount["subtotal"] - amount["discount"] + amount["shipping"] + amount["tax"]
    )
    assert amount["subtotal"] == sum(item["line_total"]["amount"] for item in view["items"])
    unavailable = {w["product_id"] for w in view["warnings"] if w["code"] == "unavailable"}
    for item in view["items"]:
        expected = item["unit_price"]["amount"] * item["quantity"]
        sold = item["product_id"] not in unavailable
        assert item["line_total"]["amount"] == (expected if sold else 0)
        assert item["unit_price"]["currency"] == view["currency"] == "USD"


@given(a_cart(), a_cart(), some_offers())
def test_a_merge_invents_nothing_and_takes_nothing_away(
    mine: Cart, guest: Cart, offers: dict[str, Offer]
) -> None:
    merged, report = merge(mine, guest, offers, 9999)
    assert [entry["product_id"] for entry in report] == list(guest.lines)
    assert set(merged.lines) <= set(mine.lines) | set(guest.lines)
    for id, line in mine.lines.items():
        assert merged.lines[id].quantity >= line.quantity
        assert merged.lines[id].added_amount == line.added_amount
    for entry in report:
        id, own = entry["product_id"], mine.lines.get(entry["product_id"])
        before, now = own.quantity if own else 0, merged.lines.get(id)
        assert entry["quantity"] == (now.quantity if now else 0)
        assert entry["quantity"] <= before + entry["guest_quantity"]
        offer = offers.get(id)
        there = 9999 if offer and offer.backorder else offer.available if offer else 0
        assert entry["quantity"] <= max(before, min(9999, there))
        grown = entry["quantity"] == before + entry["guest_quantity"]
        assert grown == (entry["outcome"] in ("moved", "summed"))
        assert (entry["reason"] is None) == grown


def test_amounts_have_the_digits_of_their_currency() -> None:
    assert amount_text(5, "USD") == "0.05 USD"
    assert amount_text(199900, "EUR") == "1999.00 EUR"
    assert amount_text(1999, "JPY") == "1999 JPY"
    assert amount_text(1999, "KWD") == "1.999 KWD"
