"""What is wrong with a field, for those who send JSON: no types of Python, no patterns."""

from typing import Any

from shopkit.guests import TOKEN_PATTERN
from shopkit.ids import UUID_PATTERN

_BEGINNINGS = {
    "Field required": "It is required.",
    "Extra inputs are not permitted": "There is no such member.",
    "Input should be a valid dictionary": "Send an object.",
    "Input should be a valid list": "Send a list.",
}
"""Of what pydantic says; errors of our own have texts of their own, whatever their type."""
_SLUG = "Send lower-case letters, digits and single hyphens between them, like ocean-blue-shirt."
_CODE = "Send a letter and then letters, digits and underscores, all in lower case"
PATTERNS = {
    UUID_PATTERN: "Send an id as the shop answers it, like 0190f3a2-5b6c-7d8e-9f01-23456789abcd;"
    " a name, a number or an e-mail address is none.",
    TOKEN_PATTERN: "Send one token, as the cart answered it.",
    "^[A-Z]{2}$": "Send the two capital letters of a country, like DE.",
    "^[A-Z]{3}$": "Send the three capital letters of a currency, like EUR.",
    "^[A-Za-z0-9._:-]{1,64}$": "Send an id or a name as the shop answers it: up to 64 letters,"
    " digits and . _ : - (a user is named by id, not by e-mail address).",
    "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$": "Send a language, like pt-BR.",
    "^[a-z0-9]+(-[a-z0-9]+)*$": _SLUG,
    "^[a-z0-9-]+$": _SLUG,
    "^[a-z0-9-]{1,120}$": _SLUG,
    "^[a-z0-9][a-z0-9_-]{0,63}$": "Send a code: lower-case letters, digits, _ and -,"
    " beginning with a letter or digit.",
    "^[a-z][a-z0-9_]{0,39}$": f"{_CODE} (40 at most), like manual.",
    "^[a-z][a-z0-9_]{0,63}$": f"{_CODE} (64 at most), like warehouse.",
    r"^\+?[0-9 ()./-]{3,30}$": "Send a phone number: 3 to 30 digits, spaces and ( ) . / -,"
    " after a + if you like.",
    "^https?://[!-~]+$": "Send an address that begins with http:// or https://, without spaces.",
    r"""^(https?://[^\s<>\"'\\]+|/media/[0-9a-f]{32}\.(jpg|png|webp))$""": "Send an address"
    " that begins with https:// or http://, or the /media/ address of an uploaded image.",
    "^[0123456789ABCDEFGHJKMNPQRSTVWXYZ]{8}$": "Send the number of an order: 8 letters and digits,"
    " without I, L, O and U.",
}
"""All that the contracts have; tests/contract looks whether one is missing."""


def field_text(error: dict[str, Any]) -> str:
    """Of one error of pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], str(error["msg"]))
    if kind == "too_short":
        return f"Send at least {context['min_length']}."
    if kind == "too_long":
        return f"Send at most {context['max_length']}."
    said = str(error["msg"])
    plain = next((text for begin, text in _BEGINNINGS.items() if said.startswith(begin)), said)
    return plain.removeprefix("Value error, ")
