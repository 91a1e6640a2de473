"""Lists of products: filters, search, sort and pages that survive inserts and deletes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from catalog.attribute_filters import filters_of
from catalog.cards import tell_groups
from catalog.domain import sku_key
from catalog.highlights import highlight
from catalog.lexicon import Lexicon
from catalog.relevance import Position, ranked
from catalog.repository import listing as rows
from catalog.repository import search
from catalog.repository.attribute_filters import find_few
from catalog.repository.products import product_of
from catalog.repository.shapes import PRICES, Shape
from catalog.schemas.product_query import ProductQuery
from catalog.search_text import query_words
from catalog.slots import Slots
from shopkit.errors import FieldError, Invalid
from shopkit.pagination import Cursors

EVERY_VARIANT = "expand"
AHEAD = 2_000
"""So many products of a list's order are looked at before the indexes of its filters are asked."""
FEW = 2_000
"""Where attributes let so many products through, or fewer, all are looked at and put in order;
where more, the list is gone through in its order until a page is full."""
SMALL_GROUP = 25
Read = Callable[..., list[Any]]
_ALONG_AN_INDEX = {"status", "category", "category_slug", "group", "group_slug", "sku_key"}
_SORT_COLUMN = {"price": 6, "-price": 6, "name": 15, "-name": 15}  # of PUBLIC_COLUMNS


@dataclass(frozen=True)
class Wanted:
    """A query, ready for the database."""

    shape: Shape
    values: dict[str, Any]
    words: list[str]
    attributes: dict[str, str]
    name: str
    """Tells queries apart, so that a cursor fits only its own."""
    limit: int
    count: bool
    highlight: bool
    slots: Slots = ()
    """What its words may stand for; see `with_slots`."""

    @property
    def passes_over_rows(self) -> bool:
        """Whether all rows of a catalog may have to be looked at to find a page of them."""
        slow = self.count or self.highlight or self.attributes
        return bool(slow) or not self.shape.filters <= _ALONG_AN_INDEX


class GroupSize:
    """How many variants the largest group has: a page of cards must hold up nobody, and reads all
    variants of each."""

    def __init__(self) -> None:
        self.largest: int | None = None

    @property
    def is_large(self) -> bool:
        return self.largest is None or self.largest > SMALL_GROUP


def wanted_of(query: ProductQuery, dialect: str) -> Wanted:
    """Raises Invalid when relevance is asked for without words."""
    searching = bool(query.q and query.q.strip())
    sort = query.sort or ("relevance" if searching else "newest")
    if sort == "relevance" and not searching:
        error = FieldError("?sort", "relevance_without_q", "Sort by relevance needs `q`.")
        raise Invalid("The query string is not valid.", errors=[error])
    words = query_words(query.q or "") if searching else []
    filters = _filters(query)
    values = rows.filter_values(filters)
    cards = query.group is None and query.sku is None
    shape = Shape(dialect, sort, frozenset(values), searching, after=False, cards=cards)
    name = f"products {sort} {cards} {sorted(filters.items())} {words if searching else None}"
    if query.attr:
        name += f" {sorted(query.attr.items())}"
    rest = (query.limit, query.count, query.highlight)
    return Wanted(shape, values, words, query.attr, name, *rest)


def with_attributes(conn: Connection, wanted: Wanted) -> Wanted:
    """With what its attributes mean for the database. Raises Invalid, AttributeNotReady."""
    if not wanted.attributes:
        return wanted
    filters = filters_of(conn, wanted.attributes)
    shape = replace(wanted.shape, attributes=filters.kinds)
    return replace(wanted, shape=shape, values={**wanted.values, **filters.values})


def with_few(conn: Connection, wanted: Wanted) -> Wanted:
    """With all that attributes and category let through together, where that is little."""
    shape = wanted.shape
    if not shape.attributes:
        return wanted
    seqs = find_few(conn, shape.attributes, shape.filters, wanted.values, most=FEW)
    if seqs is None:
        return wanted
    values = {**wanted.values, "seqs": seqs}
    return replace(wanted, shape=replace(shape, few=True), values=values)


def in_order(
    conn: Connection, wanted: Wanted, read: Read, *, ahead: int, always: bool = False
) -> list[Any]:
    """What `read` finds, at most `limit` of the values.

    First among the next so many of the list's order: mostly enough of them pass. If not, what the
    filters let through is asked of their own indexes. `always`: even if filters are such that
    nearly all pass, since a database may put all of them in order first.
    """
    shape, values = wanted.shape, wanted.values
    priced = bool(shape.filters & PRICES) and not shape.by_price
    if rows.has_order(shape) and (shape.attributes or priced or always):
        place = rows.find_place(conn, shape=shape, values=values, ahead=ahead)
        if place is None:
            return read(conn, shape=shape, values=values)
        found = read(conn, shape=replace(shape, upto=True), values={**values, **place})
        if len(found) == values["limit"]:
            return found
    wanted = with_few(conn, wanted)
    shape = replace(wanted.shape, by_prices=priced and not shape.attributes)
    return read(conn, shape=shape, values=wanted.values)


def with_slots(conn: Connection, wanted: Wanted, lexicon: Lexicon) -> Wanted:
    """With what its words may stand for."""
    return replace(wanted, slots=lexicon.slots(conn, wanted.words)) if wanted.words else wanted


def _filters(query: ProductQuery) -> dict[str, Any]:
    """Raises Invalid for prices that none can be between."""
    least, most = query.min_price, query.max_price
    if least is not None and most is not None and least > most:
        error = FieldError("?max_price", "out_of_range", "It must not be below `min_price`.")
        raise Invalid("The query string is not valid.", errors=[error])
    found: dict[str, Any] = {
        "category": query.category,
        "group": None if query.group == EVERY_VARIANT else query.group,
        "min_price": query.min_price,
        "max_price": query.max_price,
        "sku_key": None if query.sku is None else sku_key(query.sku),
        "status": query.status or "active",
    }
    if query.status == "any":
        found["any_status"] = found.pop("status")
    if query.in_stock is not None:
        found["in_stock" if query.in_stock else "out_of_stock"] = True
    return {name: value for name, value in found.items() if value is not None}


def list_products(
    conn: Connection,
    *,
    wanted: Wanted,
    cursor: str | None,
    cursors: Cursors,
    low_stock: int,
    lexicon: Lexicon,
) -> bytes:
    """A page, as JSON. Raises InvalidCursor, Invalid, AttributeNotReady."""
    wanted = with_slots(conn, with_attributes(conn, wanted), lexicon)
    position = cursors.decode(wanted.name, cursor) if cursor is not None else None
    nothing = wanted.shape.search and not wanted.words
    found, position_of = ([], _nowhere) if nothing else _found(conn, wanted, position)
    limit, more = wanted.limit, len(found) > wanted.limit
    page: dict[str, Any] = {
        "items": [product_of(row, low_stock) for row in found[:limit]],
        "next_cursor": cursors.encode(wanted.name, position_of(limit - 1)) if more else None,
    }
    if wanted.shape.cards:
        tell_groups(conn, page["items"], only_active=wanted.values.get("status") == "active")
    if wanted.highlight:
        highlight(page["items"], wanted.slots)
    if wanted.count:
        page["total"] = 0 if nothing else _count(conn, with_few(conn, wanted))
    return to_json(page)


def _found(
    conn: Connection, wanted: Wanted, position: Position | None
) -> tuple[list[Any], Callable[[int], Position]]:
    """Rows, one more than the limit when there are more, and what tells the position of each."""
    if wanted.shape.sort == "relevance":
        few = with_few(conn, wanted)
        pairs = ranked(conn, few.shape, few.values, few.slots, few.limit, position)
        return [row for row, _ in pairs], lambda at: pairs[at][1]
    found, column = _sorted(conn, wanted, position), _SORT_COLUMN.get(wanted.shape.sort)
    return found, lambda at: [*([] if column is None else [found[at][column]]), found[at].seq]


def _nowhere(at: int) -> Position:
    raise IndexError(at)


def _sorted(conn: Connection, wanted: Wanted, position: Position | None) -> list[Any]:
    values = {**wanted.values, "limit": wanted.limit + 1, **match_of(conn, wanted)}
    shape = wanted.shape
    if position is not None:
        shape = replace(shape, after=True)
        values |= {"key": position[0], "seq": position[-1]}
    wanted = replace(wanted, shape=shape, values=values)
    return in_order(conn, wanted, rows.list_page, ahead=AHEAD)


def _count(conn: Connection, wanted: Wanted) -> int:
    return rows.count_page(
        conn, shape=wanted.shape, values={**wanted.values, **match_of(conn, wanted)}
    )


def match_of(conn: Connection, wanted: Wanted) -> dict[str, str]:
    """The parameter of a search, for all words anywhere."""
    if not wanted.words:
        return {}
    return {"match": search.anywhere(conn, wanted.slots)}
