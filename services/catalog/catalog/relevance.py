"""Best match first: tiers of relevance, each with its newest first.

A product's place depends on nothing but the product, so pages fit together whatever comes and
goes in between.
"""

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection

from catalog.repository import search
from catalog.repository.listing import FIRST, list_page, list_rows
from catalog.repository.ranked import groups_found_before
from catalog.repository.shapes import Shape
from catalog.search_text import FIELDS
from catalog.slots import Slots, phrases, tier_of

Position = list[Any]
"""The tier and the `seq` that a page goes on behind."""
Found = list[tuple[Any, Position]]
VARIANTS = 2
"""So many products are read for each card that is to be shown; more, where groups are larger."""
MOST_AT_ONCE = 2_000
COMMON = 2_000
"""Words that so many products have are asked for in names next: a page full has them there."""
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
    page = _Page(conn, shape, values, slots, limit)
    return page.first() if position is None else page.after(*position)


class _Page:
    """Of a group the first that is found is shown: found on this page, or on one before it."""

    def __init__(
        self,
        conn: Connection,
        shape: Shape,
        values: dict[str, Any],
        slots: Slots,
        limit: int,
    ) -> None:
        self._conn, self._slots, self._limit = conn, slots, limit
        self._cards, self._shape = shape.cards, replace(shape, after=True, cards=False)
        self._many = (limit + 1) * (VARIANTS if shape.cards else 1)
        self._wordings = phrases(slots)
        self._tiers = search.tiers(conn, slots)
        self._values = {**values, "words": self._tiers[-1].text}
        self._groups: set[str] = set()
        self._found: Found = []
        self._index_alone = not shape.attributes and shape.filters <= _PASS_NEARLY_ALL
        if not self._index_alone and not shape.few:
            self._look_at_the_newest()

    def _look_at_the_newest(self) -> None:
        """Filters may let few of very many matches pass: those that are old are left out."""
        oldest = search.oldest_looked_at(self._conn, self._tiers[-1].text)
        if oldest is not None:
            self._shape = replace(self._shape, filters=self._shape.filters | {"oldest"})
            self._values = {**self._values, "oldest": oldest}

    def first(self) -> Found:
        """The best tier of which there is more than is read at once, after those that are known
        as a whole, put in order here.

        Each tier finds what those before it find.
        """
        full, fitting = len(self._tiers), -1
        below: list[Any] = []
        best: list[Any] = []
        while full - fitting > 1:
            tier = self._likeliest(fitting, full, below)
            found = self._search(self._tiers[tier], FIRST)
            if len(found) == self._many:
                full, below = tier, found
            else:
                fitting, best = tier, found
        known = {one.seq for one in best}
        rest = [one for one in below if one.seq not in known]
        some = rest[: max(self._limit + 1 - len(best), 0)] if self._index_alone else rest
        rows = self._read([*best, *some])
        self._add(self._in_order([row for row in rows if row.seq in known]))
        self._add((row, [full, row.seq]) for row in rows if row.seq not in known)
        return self._fill_up(full, rest, len(some)) if below else self._page()

    def _fill_up(self, tier: int, found: list[Any], read: int) -> Found:
        """A whole page, where groups have left too few of what was read; with more of what was
        found in a tier, and then of what comes behind."""
        while read < len(found) and (missing := self._limit + 1 - len(self._found)) > 0:
            some = found[read : read + missing * VARIANTS]
            self._add((row, [tier, row.seq]) for row in self._read(some))
            read += len(some)
        return self._whole(tier, found[-1].seq if found else FIRST)

    def _likeliest(self, fitting: int, full: int, below: list[Any]) -> int:
        """Which tier between two to ask. Most searches find little, or little but in descriptions;
        of words that many products have, names have many. PostgreSQL is asked for names first: a
        question more costs there what it saves."""
        last, in_name = len(self._tiers) - 1, len(self._tiers) - len(FIELDS)
        common = bool(below) and _in_all(below) > COMMON
        likely = (last, in_name) if common else (last, last - 1, in_name)
        if self._shape.dialect == "postgresql":
            likely = (in_name, last, last - 1)
        between = range(fitting + 1, full)
        return next((tier for tier in likely if tier in between), (fitting + full) // 2)

    def after(self, tier: int, seq: int) -> Found:
        return self._whole(tier, seq, since=(tier, seq))

    def _whole(self, tier: int, seq: int, *, since: tuple[int, int] | None = None) -> Found:
        """A whole page, with what comes behind a place; `since` tells what pages before have."""
        while tier < len(self._tiers) and len(self._found) <= self._limit:
            found = self._tier_alone(tier, seq)
            rows = self._read(found)
            if self._cards and since:
                self._groups |= self._shown_before(rows, *since)
            self._add((row, [tier, row.seq]) for row in rows)
            more = len(found) == self._many
            tier, seq = (tier, found[-1].seq) if more else (tier + 1, FIRST)
            if self._index_alone:  # the newest may all be drafts
                self._many = max(self._many, min(2 * self._many, MOST_AT_ONCE))
        return self._page()

    def _page(self) -> Found:
        return self._found[: self._limit + 1]

    def _add(self, found: Iterable[tuple[Any, Position]]) -> None:
        """Of each group only the first."""
        for row, position in found:
            if self._cards and row.group_id is not None:
                if row.group_id in self._groups:
                    continue
                self._groups.add(row.group_id)
            self._found.append((row, position))

    def _shown_before(self, rows: list[Any], tier: int, seq: int) -> set[str]:
        """Of which groups a variant is found before a place."""
        groups = {row.group_id for row in rows if row.group_id} - self._groups
        if not groups:
            return set()
        values = {**self._values, "group_ids": sorted(groups), "seq": seq}
        values["match"] = self._tiers[tier].text
        if tier > 0:
            values["above"] = self._tiers[tier - 1].text
        return groups_found_before(self._conn, shape=self._shape, values=values)

    def _tier_alone(self, number: int, seq: int) -> list[Any]:
        """What this tier finds and none above it."""
        match = self._tiers[number]
        if number > 0:
            match = search.but(self._shape.dialect, match, self._tiers[number - 1])
        return self._search(match, seq)

    def _search(self, match: search.Match, seq: int) -> list[Any]:
        """Of the index alone, where filters let nearly all through, else of what they let through;
        the newest first, `_many` unless these are all."""
        values = {**self._values, "match": match.text, "seq": seq, "limit": self._many}
        if self._index_alone:
            return search.list_found(self._conn, match=match, values=values)
        shape = replace(self._shape, fields=match.fields)
        return list_page(self._conn, shape=shape, values=values)

    def _read(self, found: list[Any]) -> list[Any]:
        """The rows of what was found and is let through, the newest first."""
        if not self._index_alone or not found:
            return found
        seqs = [one.seq for one in found]
        rows = list_rows(self._conn, shape=self._shape, values={**self._values, "seqs": seqs})
        return sorted(rows, key=attrgetter("seq"), reverse=True)

    def _in_order(self, rows: list[Any]) -> Found:
        """As `after` would find them."""
        found = [(row, [self._tier(row), row.seq]) for row in rows]
        return sorted(found, key=lambda one: one[1][0])

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


def _in_all(newest: list[Any]) -> float:
    """How many are found in all, as far as the newest tell."""
    return float(len(newest) * newest[0].seq / (newest[0].seq - newest[-1].seq + 1))
