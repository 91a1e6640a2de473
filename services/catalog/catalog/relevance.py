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
from catalog.slots import Slots, phrases, tier_of

Position = list[Any]
"""The tier and the `seq` that a page goes on behind."""
Found = list[tuple[Any, Position]]
_PASS_NEARLY_ALL = {"status", "any_status"}


def ranked(
    conn: Connection,
    shape: Shape,
    values: dict[str, Any],
    slots: Slots,
    limit: int,
    position: Position | None,
) -> Found:
    """Rows, one more than `limit` when there are more, and the position of each."""
    page = _Page(conn, replace(shape, after=True), values, slots, limit)
    return page.first() if position is None else page.after(*position)


class _Page:
    def __init__(
        self,
        conn: Connection,
        shape: Shape,
        values: dict[str, Any],
        slots: Slots,
        limit: int,
    ) -> None:
        self._conn, self._shape, self._slots = conn, shape, slots
        self._values = {**values, "limit": limit + 1}
        self._limit = limit
        self._wordings = phrases(slots)
        self._tiers = search.tiers(conn, slots)
        if not shape.few and (shape.attributes or not shape.filters <= _PASS_NEARLY_ALL):
            self._look_at_the_newest()

    def _look_at_the_newest(self) -> None:
        """Filters may let few of very many matches pass: those that are old are left out."""
        oldest = search.oldest_looked_at(self._conn, self._tiers[-1].text)
        if oldest is not None:
            self._shape = replace(self._shape, filters=self._shape.filters | {"oldest"})
            self._values |= {"oldest": oldest}

    def first(self) -> Found:
        """The best tier that does not fit on a page, after those that do, put in order here.

        Each tier finds what those before it find, and most searches for several words find
        little: the last tier is asked, the one above it, and then the middle of what is left.
        """
        last = len(self._tiers) - 1
        full, fitting = last + 1, -1
        below: list[Any] = []
        best: list[Any] = []
        while full - fitting > 1:
            tier = full - 1 if full >= last else (full + fitting) // 2
            rows = self._rows(self._tiers[tier], FIRST)
            if len(rows) > self._limit:
                full, below = tier, rows
            else:
                fitting, best = tier, rows
        if self._shape.cards and any(row.group_id for row in best):
            return self.after(0, FIRST)  # a better variant than the newest may stand for a group
        shown = {row.seq for row in best}
        return [
            *((row, [full, FIRST]) for row in self._in_order(best)),
            *((row, [full, row.seq]) for row in below if row.seq not in shown),
        ]

    def after(self, tier: int, seq: int) -> Found:
        found: Found = []
        for number in range(tier, len(self._tiers)):
            found += [(row, [number, row.seq]) for row in self._tier_alone(number, seq)]
            if len(found) > self._limit:
                break
            seq = FIRST
        return found[: self._limit + 1]

    def _tier_alone(self, number: int, seq: int) -> list[Any]:
        """What this tier finds and none above it; of cards, what stands for its group."""
        match = self._tiers[number]
        if number == 0:
            return self._rows(match, seq)
        above = self._tiers[number - 1]
        alone = search.but(self._shape.dialect, match, above)
        return self._rows(alone, seq, above)

    def _rows(self, match: search.Match, seq: int, above: search.Match | None = None) -> list[Any]:
        values = {**self._values, "match": match.text, "seq": seq}
        shape = replace(self._shape, fields=match.fields)
        if above and shape.cards:
            shape = replace(shape, above=True)
            values["above"] = above.text
        return list_page(self._conn, shape=shape, values=values)

    def _in_order(self, rows: list[Any]) -> list[Any]:
        """As `after` would find them; `rows` are the newest first."""
        return sorted(rows, key=self._tier) if len(rows) > 1 else rows

    def _tier(self, row: Any) -> int:
        details = from_json(row.details)
        options = details["group"]["options"] if details["group"] else {}
        attributes = {**details["attributes"], **options}
        last = len(self._tiers) - 1
        return tier_of(
            self._slots,
            self._wordings,
            name=row.name,
            sku=row.sku,
            attributes=attributes,
            last=last,
        )
