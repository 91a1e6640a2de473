"""Rules of the catalog that need no database."""

import json
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from catalog.search_text import fold, words

StockState = Literal["in_stock", "low_stock", "out_of_stock"]

MAX_DEPTH = 12
"""Levels of the category tree."""
MAX_CATEGORIES = 5_000
MAX_DEFINITIONS = 500
"""Definitions of attributes."""
MAX_VARIANTS = 250
"""Variants of one product group."""
MAX_ATTRIBUTES = 50
MAX_ON_HAND = 1_000_000_000
_NAME_KEY = 48  # a cursor carries it
_SLUG = 80
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def stock_state(available: int, low_stock: int) -> StockState:
    if available <= 0:
        return "out_of_stock"
    return "low_stock" if available <= low_stock else "in_stock"


def slug_of(name: str) -> str:
    """`Café Crème, 3er-Pack` becomes `cafe-creme-3er-pack`; at most 80 characters, never empty."""
    slug = _NOT_IN_SLUG.sub("-", fold(name)).strip("-")[:_SLUG].strip("-")
    return slug or "item"


def free_slug(base: str, taken: set[str]) -> str:
    """`base`, or the first of base-2, base-3, … that nobody has."""
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def sku_key(sku: str) -> str:
    """What must be unique: SKUs that differ in case only are the same."""
    return sku.casefold()


def name_key(name: str) -> str:
    """What sorting by name compares: folded words, so that `Élan` stands beside `elan`."""
    return " ".join(words(name))[:_NAME_KEY]


def options_key(options: dict[str, str]) -> str:
    """Equal for combinations of option values that nobody could tell apart."""
    pairs = sorted((key, value_key(value)) for key, value in options.items())
    return json.dumps(pairs, ensure_ascii=False)


def value_key(text: str) -> str:
    """Equal for values that nobody could tell apart."""
    return " ".join(text.casefold().split())


class Value(NamedTuple):
    """A value of an attribute, as lists filter by it."""

    key: str
    label: str
    number: float | None = None


def values_of(type_: str, given: Any) -> list[Value]:
    """The values that a product has of an attribute, each once; none when they do not fit."""
    if type_ == "boolean":
        return [Value(str(given).lower(), str(given).lower())] if isinstance(given, bool) else []
    if type_ == "number":
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        return [Value(number_text(given), number_text(given), float(given))] if is_number else []
    texts = given if isinstance(given, list) else [given]
    found = {value_key(text): text for text in reversed(texts) if isinstance(text, str)}
    return [Value(key, " ".join(text.split())) for key, text in found.items() if key]


def misfit(definition: dict[str, Any], given: Any) -> str | None:
    """What is wrong with a value, in a sentence; None when it is as the attribute is defined."""
    type_, choices = definition["type"], definition["choices"]
    texts = given if isinstance(given, list) else [given]
    if type_ == "boolean":
        return None if isinstance(given, bool) else "Say true or false."
    if type_ == "number":
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        return None if is_number else f"Give a number{_in(definition['unit'])}."
    if not all(isinstance(text, str) for text in texts):
        return "Give a text, or a list of texts."
    if type_ == "choice" and not set(texts) <= set(choices):
        return f"Choose from: {', '.join(choices)}."
    return None


def _in(unit: str | None) -> str:
    return f" (in {unit})" if unit else ""


def number_text(number: float) -> str:
    """Shortest form: `2` for 2 and 2.0."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def merged(current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396 for one level: null removes a member, others are set."""
    result = {**current, **patch}
    return {key: value for key, value in result.items() if value is not None}


def has_cycle(parents: dict[str, str | None], start: str) -> bool:
    """Whether the way up from `start` comes back to it."""
    above = parents.get(start)
    for _ in range(len(parents)):
        if above is None or above == start:
            break
        above = parents.get(above)
    return above == start


def depth_of(parents: dict[str, str | None], start: str) -> int:
    """1 for what has no parent."""
    depth, above = 1, parents.get(start)
    while above is not None and depth <= len(parents):  # a cycle must not hang the process
        depth, above = depth + 1, parents.get(above)
    return depth


def ancestors_of(parents: dict[str, str | None], ids: set[str]) -> set[str]:
    """`ids` and all that is above them."""
    found: set[str] = set()
    for start in ids:
        at: str | None = start
        while at is not None and at not in found:
            found.add(at)
            at = parents.get(at)
    return found


def subtree_of(parents: dict[str, str | None], root: str) -> set[str]:
    """`root` and all that is below it."""
    children: dict[str | None, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    found, left = set(), [root]
    while left:
        at = left.pop()
        found.add(at)
        left += [child for child in children.get(at, []) if child not in found]
    return found


def sum_quantities(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Lines (product, quantity) summed per product, in the order of locking."""
    found: dict[str, int] = {}
    for product_id, quantity in sorted(lines):
        found[product_id] = found.get(product_id, 0) + quantity
    return found


def sum_lines(
    lines: list[tuple[str, int, int, str]],
) -> dict[str, tuple[int, set[tuple[int, str]]]]:
    """Lines (product, quantity, amount, currency) summed per product, in the order of locking.

    Gives the quantity and every price that was expected.
    """
    found: dict[str, tuple[int, set[tuple[int, str]]]] = {}
    for product_id, quantity, amount, currency in sorted(lines):
        summed, prices = found.get(product_id, (0, set()))
        found[product_id] = (summed + quantity, prices | {(amount, currency)})
    return found
