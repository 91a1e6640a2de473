"""Amounts as Stripe counts them (docs.stripe.com/currencies), which is not always ISO 4217's way.

Ours are minor units of ISO 4217. Most currencies are the same; the others are below.
"""

from shopkit.money import exponent

_WHOLE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
ZERO_DECIMAL = frozenset(_WHOLE.split())
"""Stripe counts whole units. For ISO 4217 that is so too, but for MGA, which has two digits.

UGX is not here: the page has it in this list, and says below that 5 are sent as `500`. A wrong
guess charges a hundred times too much or too little, so it is not charged at all.
"""
SENT_AS_HUNDREDTHS = frozenset({"ISK"})
"""Whole units for ISO 4217 and for Stripe, which yet wants `500` for 5, as it always did."""
LAST_DIGIT_ZERO = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Three digits, of which the last must be 0."""


class NotRepresentable(ValueError):
    """This amount, or any of this currency, cannot be charged exactly through Stripe."""


def to_stripe(amount: int, currency: str) -> int:
    """Raises NotRepresentable."""
    numerator, denominator = _ratio(currency)
    if currency in LAST_DIGIT_ZERO and amount % 10:
        raise NotRepresentable(f"Stripe takes amounts of {currency} that end in 0.")
    if amount * numerator % denominator:
        raise NotRepresentable(f"Stripe takes whole {currency} only.")
    return amount * numerator // denominator


def from_stripe(amount: int, currency: str) -> int:
    """Raises NotRepresentable."""
    numerator, denominator = _ratio(currency)
    if amount * denominator % numerator:
        raise NotRepresentable(f"{amount} is no amount of {currency}.")
    return amount * denominator // numerator


def _ratio(currency: str) -> tuple[int, int]:
    """What one of our minor units is at Stripe."""
    try:
        digits = exponent(currency)
    except KeyError:
        raise NotRepresentable(f"{currency} is no currency of ISO 4217.") from None
    if currency in ZERO_DECIMAL:
        return 1, 10**digits
    if currency in SENT_AS_HUNDREDTHS:
        return 100, 1
    if digits != 2 and currency not in LAST_DIGIT_ZERO:
        raise NotRepresentable(f"The shop cannot charge {currency} through Stripe.")
    return 1, 1
