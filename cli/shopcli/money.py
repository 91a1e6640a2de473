"""Prices as people write them, as exact integers of minor units. No float anywhere."""

import re
from decimal import Decimal

MAX_AMOUNT = 10**12
"""Largest amount that the API takes for one price."""

# The shop's own list, of which this program knows nothing but its API: a test holds them together.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
    GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
    KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN
    NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VES WST XCD YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
"""Digits after the decimal point of the active currencies of ISO 4217."""
_PRICE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?|\.[0-9]{1,12}", re.ASCII)


def exponent(currency: str) -> int:
    """JPY 0, USD 2, KWD 3; 2 for what is none."""
    return EXPONENTS.get(currency, 2)


def minor_units(text: str, currency: str) -> int:
    """`19.99` USD is 1999. Raises ValueError with the reason; never rounds."""
    if not _PRICE.fullmatch(text):
        raise ValueError(f"{_quote(text)} is not a price; write it like 1234.50")
    scaled = Decimal(text).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} has more decimals than {currency} has ({exponent(currency)})")
    if scaled > MAX_AMOUNT:
        raise ValueError(f"{text} is more than a price can be")
    return int(scaled)


def written(amount: int, currency: str) -> str:
    """1999 USD is `19.99 USD`."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):,f} {currency}"


def _quote(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:29] + "…")
