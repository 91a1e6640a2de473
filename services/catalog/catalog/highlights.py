"""Where a search was found in the texts of a product, as HTML that is safe to show."""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any

from catalog.search_text import fold, without_tags, words
from catalog.slots import BEGINNING, Alternative, Slots, is_form

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
    """Marks whole words: those that were typed, their forms, corrections and synonyms; of a
    synonym of several words only where there are all."""

    def __init__(self, slots: Slots) -> None:
        typed = [(forms,) for slot in slots for forms in slot[0]]
        self._alternatives: list[Alternative] = [
            *typed,
            *(one for slot in slots for one in slot[1:]),
        ]

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
        forms = {
            form
            for alternative in self._alternatives
            if all(any(_letters(form) in folded for form in one) for one in alternative)
            for one in alternative
            for form in one
            if _letters(form) in folded
        }
        if not forms:
            return
        first = min(folded.index(_letters(form)) for form in forms)
        begin = folded.rfind(" ", 0, first) + 1 if text.isascii() else 0
        for one in _WORD.finditer(text, begin):
            if any(is_form(word, form) for word in words(one.group()) for form in forms):
                yield one.span()


def _letters(form: str) -> str:
    return form.removesuffix(BEGINNING)


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
