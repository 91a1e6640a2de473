"""Prices: exact, never rounded, by the currency's own exponent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopcli import money
from shopcli.money import MAX_AMOUNT, exponent, minor_units, written
from shopkit.currencies import EXPONENTS

SOME = st.sampled_from(["USD", "EUR", "JPY", "KWD"])


@given(amount=st.integers(0, MAX_AMOUNT), currency=SOME)
def test_every_amount_survives_being_written_and_read(amount: int, currency: str) -> None:
    text = written(amount, currency).removesuffix(f" {currency}").replace(",", "")
    assert minor_units(text, currency) == amount


@given(whole=st.integers(0, 10**8), decimals=st.text("0123456789", max_size=6), currency=SOME)
def test_a_price_is_exact_or_refused(whole: int, decimals: str, currency: str) -> None:
    text = f"{whole}.{decimals}" if decimals else str(whole)
    try:
        amount = minor_units(text, currency)
    except ValueError:
        assert len(decimals.rstrip("0")) > exponent(currency)
    else:
        assert Decimal(amount).scaleb(-exponent(currency)) == Decimal(text)


@given(text=st.text(max_size=12))
def test_any_other_text_is_refused_with_a_reason(text: str) -> None:
    try:
        assert 0 <= minor_units(text, "USD") <= MAX_AMOUNT
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.99", "USD", 1999),
        ("50", "USD", 5000),
        ("29.9", "EUR", 2990),
        (".5", "USD", 50),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("4.350", "USD", 435),
        ("0", "USD", 0),
    ],
)
def test_prices_in_minor_units(text: str, currency: str, amount: int) -> None:
    assert minor_units(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12,50", "USD"),
        ("1,234.50", "USD"),
        ("$5", "USD"),
        ("-1", "USD"),
        ("1e3", "USD"),
        ("NaN", "USD"),
        ("١٢", "USD"),
        ("", "USD"),
        ("1.005", "USD"),
        ("0.5", "JPY"),
        ("99999999999999", "USD"),
    ],
)
def test_what_is_no_price_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"is not a price|more"):
        minor_units(text, currency)


def test_its_currencies_are_those_of_the_shop() -> None:
    assert money.EXPONENTS == EXPONENTS


def test_amounts_as_people_read_them() -> None:
    assert written(123456789, "USD") == "1,234,567.89 USD"
    assert written(500, "JPY") == "500 JPY"
    assert written(5, "KWD") == "0.005 KWD"
