"""Text as the API takes it: NFC, no control or direction-changing characters, bounded."""

import re
import unicodedata

MAX_LINE = 200
MAX_DESCRIPTION = 10_000
MAX_ATTRIBUTE = 500
MAX_LIST = 50

_UNWANTED = {"Cc", "Cs", "Co", "Cn"}
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def cleaned(text: str) -> str:
    """Line breaks and tabs stay; what the API refuses goes."""
    if text.isascii() and text.isprintable():
        return text
    normal = _BIDI_CONTROLS.sub("", unicodedata.normalize("NFC", text))
    return "".join(
        char for char in normal if char in "\t\n\r" or unicodedata.category(char) not in _UNWANTED
    )


def one_line(text: str) -> str:
    return " ".join(cleaned(text).split())


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where one ends near."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > limit * 0.8 else cut).rstrip() + "…"
