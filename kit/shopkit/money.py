"""Money in integer minor units of ISO 4217 currencies."""

from collections.abc import Sequence

from shopkit.currencies import EXPONENTS

MAX_AMOUNT = 10**12
"""Largest amount of one price. 100 lines of 10,000 such pieces still fit in 64 bits."""


def exponent(currency: str) -> int:
    """Digits after the decimal point (JPY 0, USD 2, KWD 3). Raises KeyError for other codes."""
    return EXPONENTS[currency]


def is_currency(code: str) -> bool:
    return code in EXPONENTS


def money(amount: int, currency: str) -> dict[str, object]:
    """The public form of an amount in minor units."""
    return {"amount": amount, "currency": currency}


def written(amount: int, currency: str) -> str:
    """For people anywhere: `1234.50 USD`, `1234 JPY`. Not negative."""
    digits = exponent(currency)
    if not digits:
        return f"{amount} {currency}"
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}} {currency}"


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of `amount` as the weights have it, in whole minor units, whose sum is `amount`.

    By the largest remainder; among equal ones the first gets more. Equal shares where all weights
    are 0. Nothing is negative.
    """
    weights = weights if any(weights) else [1] * len(weights)
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: -(amount * weights[n] % total))
    for n in by_remainder[: amount - sum(shares)]:
        shares[n] += 1
    return shares
