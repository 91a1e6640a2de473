"""Where a search was found in the texts of a product, as HTML that is safe to show."""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any

from catalog.search_text import fold, without_tags, words
from catalog.slots import BEGINNING, Slots

SNIPPET = 200
"""Characters of a description that are shown, about."""
_BEFORE = 60  # of these before the first hit
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f\u0591-\u05c7\u064b-\u065f]*)+")


def highlight(products: list[dict[str, Any]], slots: Slots) -> None:
    """Add `highlights` to each."""
    highlighter = Highlighter(slots)
    for product in products:
        product["highlights"] = highlighter.highlights(
            name=product["name"], description=product["description"]
        )


class Highlighter:
    """Marks whole words: those that were typed, their forms, corrections and synonyms."""

    def __init__(self, slots: Slots) -> None:
        forms = {
            form for slot in slots for alternative in slot for one in alternative for form in one
        }
        self._words = {form for form in forms if not form.endswith(BEGINNING)}
        self._beginnings = tuple(form[:-1] for form in forms if form.endswith(BEGINNING))

    def highlights(self, *, name: str, description: str) -> dict[str, str]:
        text = " ".join(unescape(without_tags(description)).split())
        first, _ = next(self._hits(text), (0, 0))
        start, end = _window(text, first)
        part = self._marked(text[start:end])
        return {
            "name": self._marked(name),
            "description": f"{'… ' * (start > 0)}{part}{' …' * (end < len(text))}",
        }

    def _marked(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for start, end in self._hits(text):
            parts += [escape(text[at:start]), f"<mark>{escape(text[start:end])}</mark>"]
            at = end
        return "".join([*parts, escape(text[at:])])

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        folded = fold(text)
        places = [folded.find(word) for word in (*self._words, *self._beginnings)]
        earliest = min((place for place in places if place >= 0), default=None)
        if earliest is None:
            return
        begin = folded.rfind(" ", 0, earliest) + 1 if text.isascii() else 0
        for one in _WORD.finditer(text, begin):
            if self._is_hit(one.group()):
                yield one.span()

    def _is_hit(self, written: str) -> bool:
        return any(
            word in self._words or word.startswith(self._beginnings) for word in words(written)
        )


def _window(text: str, first: int) -> tuple[int, int]:
    """From one space to another, around the first hit."""
    if len(text) <= SNIPPET:
        return 0, len(text)
    start = max(0, min(first - _BEFORE, len(text) - SNIPPET))
    if start > 0:
        space = text.find(" ", start, first)
        start = start if space < 0 else space + 1
    end = min(len(text), start + SNIPPET)
    if end < len(text):
        space = text.rfind(" ", max(start + _BEFORE, first), end)
        end = end if space < 0 else space
    return start, end
