"""Categories and groups that rows name in their own words, as ids; made where that is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.categories import make_category
from catalog.category_ways import CategoryWays, KnownWays, way_of
from catalog.errors import SlugTaken, invalid_field
from catalog.new_groups import create_groups
from catalog.repository.categories import lock_tree
from catalog.repository.groups import ids_by_slug
from catalog.schemas.categories import CategoryInput
from catalog.schemas.groups import GroupCreate
from shopkit.audit import By
from shopkit.db import savepoint
from shopkit.errors import Problem
from shopkit.ids import is_id

MOST_NAME = 200
TRIES = 3


@dataclass
class Named:
    """What names stand for. `made` are ids of categories and groups that were made, by kind."""

    categories: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[str, Problem] = field(default_factory=dict)

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
        ways = known.current(conn)
        for ref in others:
            try:
                with savepoint(conn):
                    found[ref] = _made(conn, named, ways, ref, by, now)
            except Problem as exc:
                named.refusals[ref] = exc
                ways = known.read(conn)
        known.grown(conn)
    named.categories |= {ref: id_ for ref, id_ in found.items() if id_ is not None}


def _made(
    conn: Connection, named: Named, ways: CategoryWays, ref: str, by: By, now: datetime
) -> str | None:
    """The category at the end of a way, all of which is there afterwards."""
    at = ways.find_named(ref)
    if at is not None:
        return at
    way, made = way_of(ref), list[tuple[str, str]]()
    for depth, name in enumerate(way, start=1):
        found = ways.find(way[:depth])
        if found is None:
            payload = CategoryInput(name=name[:MOST_NAME], parent_id=at)
            category = make_category(conn, payload, by=by, now=now)
            found = str(category["id"])
            ways.add(found, at, name, category["slug"])
            made.append(("category", found))
        at = found
    named.made += made
    return at


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
