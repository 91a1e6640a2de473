"""Where products stand: their categories and their groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from catalog.domain import MAX_VARIANTS, ancestors_of
from catalog.errors import GroupFull, invalid_field
from catalog.repository.attributes import list_attributes
from catalog.repository.categories import lock_tree, parents_above
from catalog.repository.groups import lock_groups
from catalog.repository.products import count_variants, group_of_product


@dataclass
class Places:
    """What there is of the categories and groups that some products name, the groups locked."""

    parents: dict[str, str | None]
    groups: dict[str, dict[str, Any]]
    variants: dict[str, int]
    attributes: list[dict[str, Any]]
    """Those that are defined of the codes that the products have."""

    def with_ancestors(self, category_ids: Sequence[str]) -> set[str]:
        """The categories and all above them. Raises Invalid when there is none such."""
        for index, id_ in enumerate(category_ids):
            if id_ not in self.parents:
                raise invalid_field(f"/category_ids/{index}", "not_found", "No such category.")
        return ancestors_of(self.parents, set(category_ids))

    def of_new_variant(
        self, group_id: str | None, options: dict[str, str]
    ) -> dict[str, Any] | None:
        """`variant_place` of a product that is in no group yet; it is one of its variants now."""
        place = self.of_variant(group_id, options)
        if group_id is not None:
            number = self.variants.get(group_id, 0)
            if number >= MAX_VARIANTS:
                raise GroupFull(f"A product group may have {MAX_VARIANTS} variants.")
            self.variants[group_id] = number + 1
        return place

    def of_variant(self, group_id: str | None, options: dict[str, str]) -> dict[str, Any] | None:
        """What a product shows of its group. Raises Invalid."""
        if group_id is None:
            if options:
                raise invalid_field(
                    "/options", "options_without_group", "Only variants have options."
                )
            return None
        group = self.groups.get(group_id)
        if group is None:
            raise invalid_field("/group_id", "not_found", "There is no such product group.")
        varies_by: list[str] = group["varies_by"]
        if set(options) != set(varies_by):
            names = ", ".join(varies_by)
            detail = f"Give a value for each of: {names}."
            raise invalid_field("/options", "options_mismatch", detail)
        ordered = {name: options[name] for name in varies_by}
        return {"id": group_id, "varies_by": varies_by, "options": ordered}


def find_places(
    conn: Connection,
    *,
    category_ids: Iterable[str],
    group_ids: Iterable[str],
    codes: Iterable[str] = (),
) -> Places:
    """All that some products need to know, read at once. `codes` are of their attributes, whose
    definitions are locked for use."""
    named, in_groups, of_attributes = set(category_ids), set(group_ids), sorted(set(codes))
    defined = list_attributes(conn, codes=of_attributes) if of_attributes else []
    groups = lock_groups(conn, ids=in_groups) if in_groups else {}
    variants = count_variants(conn, group_ids=groups) if groups else {}
    if named:
        lock_tree(conn, "use")
    return Places(parents_above(conn, named) if named else {}, groups, variants, defined)


def category_places(conn: Connection, category_ids: list[str]) -> set[str]:
    """The categories and all above them. Raises Invalid when there is none such."""
    places = find_places(conn, category_ids=category_ids, group_ids=())
    return places.with_ancestors(category_ids)


def variant_place(
    conn: Connection, group_id: str | None, options: dict[str, str], *, product_id: str
) -> dict[str, Any] | None:
    """What a product shows of its group, which is locked. Raises Invalid or GroupFull."""
    wanted = () if group_id is None else (group_id,)
    places = find_places(conn, category_ids=(), group_ids=wanted)
    if group_id is not None and group_of_product(conn, product_id=product_id) == group_id:
        return places.of_variant(group_id, options)
    return places.of_new_variant(group_id, options)
