"""Prices as people write them, as exact integers of minor units. No float anywhere."""

import re
from decimal import Decimal

MAX_AMOUNT = 10**12
"""Largest amount that the API takes for one price."""

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
    GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
    KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN
    NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VES WST XCD YER ZAR ZMW ZWG
"""
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES = frozenset(f"{_NO_DECIMALS} {_TWO_DECIMALS} {_THREE_DECIMALS}".split())
"""Active ones of ISO 4217, as the shop has them."""
_PRICE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?|\.[0-9]{1,12}", re.ASCII)


def exponent(currency: str) -> int:
    """Digits after the decimal point by ISO 4217: JPY 0, USD 2, KWD 3."""
    if currency in _NO_DECIMALS.split():
        return 0
    return 3 if currency in _THREE_DECIMALS.split() else 2


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
