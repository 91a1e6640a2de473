"""Products by SKU: made where there is none with it, else changed. Many at once; a bad row stops no
other, and what cannot be done with the others is done alone, like by a request of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.category_ways import KnownWays
from catalog.domain import sku_key
from catalog.errors import SkuTaken, SlugTaken, invalid_field
from catalog.models import audit_log
from catalog.new_products import NewProduct, create_products, new_product
from catalog.product_changes import change_product
from catalog.product_filing import same
from catalog.product_forms import BARE, patched, wanted_of
from catalog.product_places import Places, find_places
from catalog.repository import products as rows
from catalog.repository.attributes import lock_definitions
from catalog.repository.groups import lock_group
from catalog.upsert_places import TRIES, Named, name_categories, name_groups
from catalog.upsert_rows import Applied, Result, Row, Status, Touched
from shopkit.audit import By, record
from shopkit.db import savepoint
from shopkit.errors import Conflict, FieldError, Invalid, Problem

_POINTERS = {"sku_taken": "/sku", "slug_taken": "/slug", "variant_taken": "/group/options"}
_LEFT_ALONE = FieldError(
    "/stock", "stock_left_alone", "The product is there already: its stock has calls of its own."
)


@dataclass(frozen=True)
class _Wanted:
    row: Row
    sent: dict[str, Any]  # as of a ProductPatch

    @property
    def key(self) -> str:
        return sku_key(self.sent["sku"])


class Upserter:
    """Does rows in one transaction. `audited`: with an entry for each product."""

    def __init__(
        self,
        conn: Connection,
        *,
        known: KnownWays,
        by: By,
        now: datetime,
        create_categories: bool = False,
        audited: bool = True,
    ) -> None:
        self._conn, self._by, self._now = conn, by, now
        self._create_categories, self._audited = create_categories, audited
        self._known, self._named = known, Named()
        self._results: dict[int, Result] = {}

    def apply(self, given: Sequence[Row]) -> Applied:
        lock_definitions(self._conn, "use")
        self._look_up(given)
        wanted = [one for row in given if (one := self._wanted(row)) is not None]
        present = rows.find_by_sku(self._conn, sku_keys={one.key for one in wanted})
        new: dict[str, _Wanted] = {}
        others: list[_Wanted] = []
        for one in wanted:
            if one.key in present or one.key in new:
                others.append(one)
            else:
                new[one.key] = one
        others += self._create(list(new.values()))
        for one in sorted(others, key=lambda other: other.row.number):
            row = None if one.key in new else present.pop(one.key, None)
            if row is None or not self._is_so(one, row):
                self._alone(one)
        first = given[0].number if given else 0
        made = [Touched(first, kind, id_, None, 0, 1) for kind, id_ in self._named.made]  # type: ignore[arg-type]
        return Applied([self._results[row.number] for row in given], made)

    def _look_up(self, given: Sequence[Row]) -> None:
        sent = [(row, row.sent) for row in given if row.sent is not None]
        refs = [ref for row, _ in sent for ref in row.categories or ()]
        how: dict[str, Any] = {"by": self._by, "now": self._now}
        name_categories(
            self._conn,
            self._named,
            refs,
            known=self._known,
            create=self._create_categories,
            **how,
        )
        groups = [(row.group, one.get("name") or one["sku"]) for row, one in sent if row.group]
        name_groups(self._conn, self._named, groups, **how)

    def _wanted(self, row: Row) -> _Wanted | None:
        if row.sent is None:
            self._failed(row, row.errors)
            return None
        sent = dict(row.sent)
        try:
            if row.categories is not None:
                sent["category_ids"] = self._named.category_ids(row.categories)
            if row.group is not None:
                sent["group_id"] = self._named.group_id(row.group["slug"])
        except Problem as exc:
            self._refused(row, exc)
            return None
        return _Wanted(row, sent)

    def _create(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """All that are new, together. Gives those back with which that is not possible."""
        places = find_places(
            self._conn,
            category_ids=(id_ for one in wanted for id_ in one.sent.get("category_ids") or ()),
            group_ids=(id_ for one in wanted if (id_ := one.sent.get("group_id"))),
            codes=(code for one in wanted for code in one.sent.get("attributes") or ()),
        )
        ready = list[tuple[_Wanted, NewProduct]]()
        for one in wanted:
            try:
                ready.append((one, _new(one, places)))
            except Problem as exc:
                self._refused(one.row, exc)
        return self._together(ready)

    def _together(self, ready: Sequence[tuple[_Wanted, NewProduct]]) -> list[_Wanted]:
        """Gives those back that cannot be made with the others: halves are tried again, so that
        one of them costs the others little."""
        new = [product for _, product in ready]
        try:
            with savepoint(self._conn):
                ids = create_products(
                    self._conn, new, by=self._by, now=self._now, audited=self._audited
                )
        except (Conflict, Invalid):  # a slug that is taken, an image that is not there, …
            half = len(ready) // 2
            if not half:
                return [one for one, _ in ready]
            return self._together(ready[:half]) + self._together(ready[half:])
        for (one, _), id_ in zip(ready, ids, strict=True):
            self._created(one, id_)
        return []

    def _alone(self, one: _Wanted) -> None:
        refusal: Problem | None = None
        for _ in range(TRIES):
            try:
                with savepoint(self._conn):
                    self._upsert(one)
                return
            except Problem as exc:
                refusal = exc
                given = isinstance(exc, SlugTaken) and one.sent.get("slug")
                if given or not isinstance(exc, SkuTaken | SlugTaken):
                    break  # else somebody was faster: look again
        if refusal is not None:
            self._refused(one.row, refusal)

    def _upsert(self, one: _Wanted) -> None:
        found = rows.find_by_sku(self._conn, sku_keys=[one.key]).get(one.key)
        group_id = one.sent.get("group_id")
        if found and group_id is None and "options" in one.sent:
            group_id = found["group_id"]
        if group_id is not None:
            lock_group(self._conn, id=group_id)
        row = found and rows.lock_product(self._conn, id=found["id"])
        if row is None or row["sku_key"] != one.key:
            return self._create_one(one)
        was = wanted_of(row)
        wanted = patched(was, one.sent)
        if not change_product(self._conn, row, wanted, now=self._now):
            return self._told(one, "unchanged", row["id"])
        if self._audited:
            record(
                self._conn,
                audit_log,
                self._by,
                "product.update",
                row["id"],
                before=was,
                after=wanted,
                now=self._now,
            )
        version = row["version"]
        touched = Touched(one.row.number, "product", row["id"], was, version, version + 1)
        return self._told(one, "updated", row["id"], touched)

    def _create_one(self, one: _Wanted) -> None:
        group_id = one.sent.get("group_id")
        places = find_places(
            self._conn,
            category_ids=one.sent.get("category_ids") or (),
            group_ids=(group_id,) if group_id else (),
            codes=one.sent.get("attributes") or (),
        )
        made = _new(one, places)
        how: dict[str, Any] = {"by": self._by, "now": self._now, "audited": self._audited}
        self._created(one, *create_products(self._conn, [made], **how))

    def _is_so(self, one: _Wanted, row: dict[str, Any]) -> bool:
        """Whether a product is as it should be, without anybody having to wait for it."""
        was = wanted_of(row)
        try:
            if not same(patched(was, one.sent), was):
                return False
        except Problem:
            return False
        self._told(one, "unchanged", row["id"])
        return True

    def _created(self, one: _Wanted, id: str) -> None:
        touched = Touched(one.row.number, "product", id, None, 0, 1)
        self._results[one.row.number] = Result(one.row, "created", id, touched=touched)

    def _told(self, one: _Wanted, status: Status, id: str, touched: Touched | None = None) -> None:
        warnings = [] if one.row.stock is None else [_LEFT_ALONE]
        result = Result(one.row, status, id, warnings=warnings, touched=touched)
        self._results[one.row.number] = result

    def _refused(self, row: Row, problem: Problem) -> None:
        pointer = _POINTERS.get(problem.code, "")
        self._failed(row, problem.errors or [FieldError(pointer, problem.code, problem.detail)])

    def _failed(self, row: Row, errors: list[FieldError]) -> None:
        self._results[row.number] = Result(row, "failed", errors=errors)


def _new(one: _Wanted, places: Places) -> NewProduct:
    """Raises Invalid or GroupFull."""
    for name in ("name", "price"):
        if one.sent.get(name) is None:
            raise invalid_field(f"/{name}", "missing", "A product that is made needs it.")
    later = {"status": "draft"} if one.sent.get("publish_at") else {}
    wanted = patched(BARE | later, one.sent)
    return new_product(wanted, one.row.stock or 0, places, one.row.document)
