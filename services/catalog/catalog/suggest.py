"""Completions of what somebody types: words, categories and products."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from catalog.lexicon import Lexicon
from catalog.repository.suggest import Named, newest_named
from catalog.slots import Forms, Slots, fills_all, has_phrase, is_form, phrases

MOST_WORDS = MOST_CATEGORIES = 3


def suggest(conn: Connection, *, typed: list[str], lexicon: Lexicon, limit: int) -> bytes:
    """As JSON; at most `limit`: words first, then categories, then products.

    The words are those of the names of the newest products that are found, so nothing is suggested
    that is not to be seen in the shop.
    """
    items = _found(conn, typed, lexicon, limit) if typed else []
    return to_json({"items": items, "next_cursor": None})


def _found(
    conn: Connection, typed: list[str], lexicon: Lexicon, limit: int
) -> list[dict[str, Any]]:
    slots = lexicon.slots(conn, typed)
    found, in_names = newest_named(conn, slots)
    completions = _completions(typed, slots, found)[:limit]
    items: list[dict[str, Any]] = [_item("word", text) for text in completions]
    for category in lexicon.categories.find(slots, min(MOST_CATEGORIES, limit - len(items))):
        shown = _item("category", category.path[-1], category.id, category.slug)
        items.append(shown | {"path": list(category.path)})
    for product in _distinct(_in_order(found, slots) if in_names else found)[: limit - len(items)]:
        items.append(_item("product", product.name, product.id, product.slug))
    return items


def _item(kind: str, text: str, id: str | None = None, slug: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "text": text, "id": id, "slug": slug, "path": None}


def _completions(typed: list[str], slots: Slots, found: list[Named]) -> list[str]:
    """The search with its last word completed, the most frequent in the names first."""
    *before, last = zip(typed, (forms for slot in slots for forms in slot[0]), strict=True)
    every = {word for one in found for word in one.words if len(word) > 1}
    completes = {word for word in every if any(is_form(word, form) for form in last[1])}
    counted = Counter(text for one in found for text in _completed(before, completes, one.words))
    return [text for text, _ in counted.most_common(MOST_WORDS)]


def _completed(
    before: list[tuple[str, Forms]], completes: set[str], name: list[str]
) -> Iterator[str]:
    """With the words of one name, but for those before the last that were typed without an error:
    what others were meant to be may be known from products that nobody is to see."""
    meant = [
        word if word in forms else next((one for one in name if one in forms), None)
        for word, forms in before
    ]
    if all(meant):
        for word in dict.fromkeys(name):
            if word in completes:
                yield " ".join([*filter(None, meant), word])


def _in_order(found: list[Named], slots: Slots) -> list[Named]:
    """Names that begin as was typed, then those with it as a phrase, then the others. All of it is
    in each name."""
    if len(slots) == 1:
        begin = {first for first in {one.words[0] for one in found} if fills_all([first], slots)}
        return sorted(found, key=lambda product: product.words[0] not in begin)
    wordings = phrases(slots)

    def place(product: Named) -> int:
        if not has_phrase(product.words, wordings):
            return 2
        return 0 if has_phrase(product.words[: len(slots)], wordings) else 1

    return sorted(found, key=place)


def _distinct(found: list[Named]) -> list[Named]:
    """One of each group, and one of each name."""
    groups: set[str] = set()
    names: set[str] = set()
    distinct: list[Named] = []
    for product in found:
        if product.group_id in groups or product.name in names:
            continue
        names.add(product.name)
        groups |= {product.group_id} if product.group_id else set()
        distinct.append(product)
    return distinct
