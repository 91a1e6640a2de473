"""How many products of a list have which value, price, place, and whether they are there."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from catalog.lexicon import Lexicon
from catalog.listing import Wanted, in_order, match_of, with_attributes, with_slots
from catalog.repository import facets as rows
from catalog.repository import listing
from catalog.repository.attributes import list_attributes
from catalog.repository.search import oldest_looked_at

MOST = 2_000
MOST_VALUES = 50
BANDS = 5
_PRICES = frozenset({"min_price", "max_price"})
_STOCK = frozenset({"in_stock", "out_of_stock"})


def _newest(conn: Connection, wanted: Wanted) -> list[Any]:
    return in_order(conn, wanted, listing.list_matches, ahead=MOST + MOST // 4, always=True)


class _Matches:
    """The newest products that a list has, each on its card."""

    def __init__(self, conn: Connection, wanted: Wanted) -> None:
        wanted = with_attributes(conn, wanted)
        values = {**wanted.values, **match_of(conn, wanted), "limit": MOST}
        nothing = wanted.shape.search and not wanted.words
        asked = replace(wanted, values=values)
        found = [] if nothing else _newest(conn, asked)
        self.filters, self.values = wanted.shape.filters, values
        unseen = "match" in values and oldest_looked_at(conn, values["match"]) is not None
        self.exact = len(found) < MOST and not unseen
        self.rows = found
        numbers: dict[str, int] = {}
        self.cards = {
            seq: seq
            if group_id is None or not wanted.shape.cards
            else -numbers.setdefault(group_id, len(numbers) + 1)
            for seq, group_id, _, _ in found
        }

    @property
    def total(self) -> int:
        return len(set(self.cards.values()))

    def cards_with(self, what: Iterable[tuple[int, Any]]) -> Counter[Any]:
        """How many cards there are of each of `what` products are (seq and that)."""
        return Counter(one for _, one in {(self.cards[seq], one) for seq, one in what})


def count_facets(conn: Connection, *, wanted: Wanted, lexicon: Lexicon) -> bytes:
    """As JSON. Raises Invalid, AttributeNotReady."""
    wanted = with_slots(conn, wanted, lexicon)
    every = _Matches(conn, wanted)
    priced = _without(conn, wanted, every, _PRICES)
    stocked = _without(conn, wanted, every, _STOCK)
    values = rows.count_values(conn, every.cards)
    passes = [every, priced, stocked]
    definitions = [one for one in list_attributes(conn) if one["indexed"] == "ready"]
    for one in definitions:
        if one["code"] in wanted.attributes:
            others = {code: is_ for code, is_ in wanted.attributes.items() if code != one["code"]}
            passes.append(_Matches(conn, replace(wanted, attributes=others)))
            values = [value for value in values if value[0] != one["seq"]]
            values += rows.count_values(conn, passes[-1].cards, one["seq"])
    found = {
        "total": every.total,
        "exact": all(one.exact for one in passes),
        "categories": _categories(conn, every),
        "attributes": _attributes(conn, definitions, values),
        "prices": _bands(priced),
        "availability": _availability(stocked),
    }
    return to_json(found)


def _without(conn: Connection, wanted: Wanted, every: _Matches, names: frozenset[str]) -> _Matches:
    if not wanted.shape.filters & names:
        return every
    shape = replace(wanted.shape, filters=wanted.shape.filters - names)
    values = {name: value for name, value in wanted.values.items() if name not in names}
    return _Matches(conn, replace(wanted, shape=shape, values=values))


def _categories(conn: Connection, every: _Matches) -> list[dict[str, Any]]:
    children = rows.list_children(conn, every.filters, every.values)
    counts = rows.count_places(conn, every.cards, [one["id"] for one in children])
    return [{**one, "count": counts[one["id"]]} for one in children if one["id"] in counts]


def _attributes(
    conn: Connection, definitions: list[dict[str, Any]], values: list[tuple[int, int, int]]
) -> list[dict[str, Any]]:
    of: dict[int, list[tuple[int, int]]] = {one["seq"]: [] for one in definitions}
    for attribute, value, count in values:
        if attribute in of:
            of[attribute].append((count, value))
    numeric = {one["seq"] for one in definitions if one["type"] == "number"}
    top = {seq: sorted(found, reverse=True)[:MOST_VALUES] for seq, found in of.items()}
    asked = {value for seq in of for _, value in (of if seq in numeric else top)[seq]}
    known = rows.find_values(conn, sorted(asked)) if asked else {}
    return [
        {
            **{name: one[name] for name in ("code", "name", "type", "unit")},
            "values": [
                {"value": known[value][0], "count": count} for count, value in top[one["seq"]]
            ],
            "range": _range(known[value][1] for _, value in of[one["seq"]])
            if one["seq"] in numeric
            else None,
        }
        for one in definitions
        if of[one["seq"]]
    ]


def _range(numbers: Iterable[float | None]) -> dict[str, float]:
    found = [number for number in numbers if number is not None]
    return {"min": min(found), "max": max(found)}


def _bands(matches: _Matches) -> list[dict[str, Any]]:
    """At most BANDS of about as many products each, from and to round prices."""
    prices = sorted(row[2] for row in matches.rows)
    places = [len(prices) * part // BANDS for part in range(1, BANDS)]
    starts = sorted({_rounded(prices[at]) for at in places} if prices else set())
    starts = [0, *(start for start in starts if prices[0] < start <= prices[-1])]

    counts = matches.cards_with((row[0], bisect_right(starts, row[2]) - 1) for row in matches.rows)
    return [
        {
            "min_price": starts[at] or None,
            "max_price": starts[at + 1] - 1 if at + 1 < len(starts) else None,
            "count": counts[at],
        }
        for at in sorted(counts)
    ]


def _rounded(amount: int) -> int:
    """To one figure and a half: 1,999 becomes 2,000, 1,234 becomes 1,000, 13,900 15,000."""
    step = max(int("1" + "0" * (len(str(amount)) - 1)) // 2, 1)
    return (amount + step // 2) // step * step


def _availability(matches: _Matches) -> dict[str, int]:
    counts = matches.cards_with((row[0], bool(row[3])) for row in matches.rows)
    return {"in_stock": counts[True], "out_of_stock": counts[False]}
