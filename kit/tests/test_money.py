"""Amounts are split exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkit.money import MAX_AMOUNT, allocate, exponent

amounts = st.integers(0, 100 * 10_000 * MAX_AMOUNT)
weights = st.lists(st.integers(0, 10_000 * MAX_AMOUNT), min_size=1, max_size=100)


@given(amounts, weights)
def test_the_sum_of_the_shares_is_the_amount(amount: int, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    assert (len(shares), sum(shares)) == (len(weights), amount)
    assert min(shares) >= 0


@given(amounts, weights)
def test_a_share_is_off_by_less_than_one_minor_unit(amount: int, weights: list[int]) -> None:
    total = sum(weights)
    for share, weight in zip(allocate(amount, weights), weights, strict=True):
        if total:
            assert abs(share * total - amount * weight) < total
        else:
            assert abs(share * len(weights) - amount) < len(weights), "equal ones"


@given(amounts, weights)
def test_who_weighs_more_gets_no_less(amount: int, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    ordered = sorted(zip(weights, shares, strict=True))
    assert [share for _, share in ordered] == sorted(shares)


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (1, [0, 0], [1, 0]),
        (5, [0, 1], [0, 5]),
        (0, [3, 4], [0, 0]),
        (0, [], []),
        (2, [1, 1, 1], [1, 1, 0]),
        (10, [1, 2, 3], [2, 3, 5]),
    ],
)
def test_shares_of_some_amounts(amount: int, weights: list[int], shares: list[int]) -> None:
    assert allocate(amount, weights) == shares


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("KWD", 3)])
def test_currencies_have_0_to_3_decimals(currency: str, digits: int) -> None:
    assert exponent(currency) == digits
