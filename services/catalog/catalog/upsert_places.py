"""Categories and groups that rows name in their own words, as ids; made where that is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from catalog import domain
from catalog.categories import make_category
from catalog.category_ways import CategoryWays, KnownWays, Way, folded
from catalog.errors import CategoryTooDeep, SlugTaken, TooManyCategories, invalid_field
from catalog.new_groups import create_groups
from catalog.repository.categories import lock_tree
from catalog.repository.groups import ids_by_slug
from catalog.schemas.categories import CategoryInput
from catalog.schemas.groups import GroupCreate
from catalog.upsert_rows import Row
from shopkit.audit import By
from shopkit.db import savepoint
from shopkit.errors import FieldError, Invalid, Problem
from shopkit.ids import is_id
from shopkit.responses import field_errors

MOST_MADE = 40
"""Categories that a transaction makes, but for those of its first row: they keep checkouts waiting
like products."""
TRIES = 3


@dataclass
class Named:
    """What names stand for. `made` are ids of categories and groups that were made, by kind."""

    categories: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[str, FieldError] = field(default_factory=dict)

    def category_ids(self, refs: Sequence[str]) -> list[str]:
        """Raises Invalid."""
        for index, ref in enumerate(refs):
            pointer = f"/categories/{index}"
            if refusal := self.refusals.get(ref):
                raise invalid_field(pointer, refusal.code, refusal.detail)
            if ref not in self.categories:
                raise invalid_field(pointer, "not_found", "No such category.")
        return list(dict.fromkeys(self.categories[ref] for ref in refs))

    def group_id(self, slug: str) -> str:
        """Raises Invalid."""
        if slug not in self.groups:
            raise invalid_field("/group/slug", "not_found", "There is no such product group.")
        return self.groups[slug]


def name_categories(
    conn: Connection,
    named: Named,
    refs: Iterable[str],
    *,
    known: KnownWays,
    create: bool,
    by: By,
    now: datetime,
) -> None:
    """Look the categories up and, with `create`, make those on ways that lead nowhere yet."""
    asked = dict.fromkeys(refs)
    named.categories |= {ref: ref for ref in asked if is_id(ref)}
    others = [ref for ref in asked if ref not in named.categories]
    if not others:
        return
    ways = known.current(conn)
    found = {ref: ways.find_named(ref) for ref in others}
    if create and not all(found.values()):
        lock_tree(conn, "change")
        ways = known.to_change(conn)
        for ref in others:
            try:
                found[ref] = _made(conn, named, ways, ref, by, now)
            except Problem as exc:
                error, *_ = exc.errors or [FieldError("", exc.code, exc.detail)]
                named.refusals[ref] = error
        known.grown(conn, ways)
    named.categories |= {ref: id_ for ref, id_ in found.items() if id_ is not None}


def _made(
    conn: Connection, named: Named, ways: CategoryWays, ref: str, by: By, now: datetime
) -> str | None:
    """The category at the end of a way, all of which is there afterwards, or nothing is made."""
    at = ways.find_named(ref)
    if at is not None:
        return at
    lacking = ways.lacking(ref)
    payloads = _payloads(ways, lacking)
    for way, payload in zip(lacking, payloads, strict=True):
        payload.parent_id = ways.find(way[:-1])
        category = make_category(conn, payload, by=by, now=now)
        at = str(category["id"])
        ways.add(at, payload.parent_id, payload.name, category["slug"])
        named.made.append(("category", at))
    return at


def _payloads(ways: CategoryWays, lacking: Sequence[Way]) -> list[CategoryInput]:
    """Raises what would be in the way of making any of them: to make some and take them back
    would cost more than all the rows."""
    if lacking and len(lacking[-1]) > domain.MAX_DEPTH:
        raise CategoryTooDeep(f"The tree may have {domain.MAX_DEPTH} levels.")
    if len(ways) + len(lacking) > domain.MAX_CATEGORIES:
        raise TooManyCategories(f"A shop may have {domain.MAX_CATEGORIES} categories.")
    try:
        return [CategoryInput(name=way[-1]) for way in lacking]
    except ValidationError as exc:
        raise Invalid("No category can have such a name.", errors=field_errors(exc)[:1]) from None


def fitting(rows: Sequence[Row], ways: CategoryWays) -> int:
    """How many of the rows are done in one transaction where categories are made: as many as make
    MOST_MADE of them, and one row at least."""
    room = domain.MAX_CATEGORIES - len(ways)
    made = set[Way]()
    for number, row in enumerate(rows):
        for ref in () if row.categories is None else row.categories:
            lacking = [] if is_id(ref) else ways.lacking(ref)
            if lacking and len(lacking) <= room and len(lacking[-1]) <= domain.MAX_DEPTH:
                made.update(folded(way) for way in lacking)
        if number and len(made) > MOST_MADE:
            return number
    return len(rows)


def name_groups(
    conn: Connection,
    named: Named,
    wanted: Iterable[tuple[dict[str, Any], str]],
    *,
    by: By,
    now: datetime,
) -> None:
    """Look groups up by slug and make those that are not there, each with the name of a product
    for want of one of its own."""
    asked = {group["slug"]: (group, name) for group, name in reversed(list(wanted))}
    if not asked:
        return
    for _ in range(TRIES):
        named.groups |= ids_by_slug(conn, asked)
        missing = [_whole(*asked[slug]) for slug in asked if slug not in named.groups]
        try:
            with savepoint(conn):
                made = create_groups(conn, missing, by=by, now=now) if missing else []
        except SlugTaken:
            continue  # somebody else has just made one
        named.groups |= {group["slug"]: group["id"] for group in made}
        named.made += [("group", group["id"]) for group in made]
        return


def _whole(group: dict[str, Any], name: str) -> GroupCreate:
    sent = {"name": name, "varies_by": list(group["options"]), **group}
    del sent["options"]
    return GroupCreate(**sent)
