"""Money in integer minor units of ISO 4217 currencies."""

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
