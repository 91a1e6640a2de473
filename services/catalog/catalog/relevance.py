"""Best match first: tiers of relevance, each with its newest first.

A product's place depends on nothing but the product, so pages fit together whatever comes and
goes in between.
"""

from dataclasses import replace
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection

from catalog.repository import search
from catalog.repository.listing import FIRST, Shape, list_page
from catalog.search_text import tier_of

Position = list[Any]
"""The tier and the `seq` that a page goes on behind."""
Found = list[tuple[Any, Position]]


def ranked(
    conn: Connection,
    shape: Shape,
    values: dict[str, Any],
    words: list[str],
    limit: int,
    position: Position | None,
) -> Found:
    """Rows, one more than `limit` when there are more, and the position of each."""
    page = _Page(conn, replace(shape, after=True), values, words, limit)
    return page.first() if position is None else page.after(*position)


class _Page:
    def __init__(
        self,
        conn: Connection,
        shape: Shape,
        values: dict[str, Any],
        words: list[str],
        limit: int,
    ) -> None:
        self._conn, self._shape, self._words = conn, shape, words
        self._values = {**values, "limit": limit + 1}
        self._limit = limit
        self._tiers = search.tiers(conn, words)

    def first(self) -> Found:
        """From the last tier up, until one is small enough to be put in order here.

        Each tier finds what those before it find, and most searches for several words find
        little: that takes one question instead of five.
        """
        below: list[Any] = []
        for tier in reversed(range(len(self._tiers))):
            rows = self._rows(self._tiers[tier], FIRST)
            if len(rows) <= self._limit:
                shown = {row.seq for row in rows}
                rest = [row for row in below if row.seq not in shown]
                return [
                    *((row, [tier + 1, FIRST]) for row in self._in_order(rows)),
                    *((row, [tier + 1, row.seq]) for row in rest),
                ]
            below = rows
        return [(row, [0, row.seq]) for row in below]

    def after(self, tier: int, seq: int) -> Found:
        found: Found = []
        for number in range(tier, len(self._tiers)):
            match = self._tiers[number]
            if number > 0:
                match = search.but(self._shape.dialect, match, self._tiers[number - 1])
            found += [(row, [number, row.seq]) for row in self._rows(match, seq)]
            if len(found) > self._limit:
                break
            seq = FIRST
        return found[: self._limit + 1]

    def _rows(self, match: str, seq: int) -> list[Any]:
        values = {**self._values, "match": match, "seq": seq}
        return list_page(self._conn, shape=self._shape, values=values)

    def _in_order(self, rows: list[Any]) -> list[Any]:
        """As `after` would find them; `rows` are the newest first."""
        return sorted(rows, key=self._tier) if len(rows) > 1 else rows

    def _tier(self, row: Any) -> int:
        details = from_json(row.details)
        options = details["group"]["options"] if details["group"] else {}
        attributes = {**details["attributes"], **options}
        last = len(self._tiers) - 1
        return tier_of(self._words, name=row.name, sku=row.sku, attributes=attributes, last=last)
