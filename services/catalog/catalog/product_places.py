"""Where a product stands: its categories and its group."""

from typing import Any

from sqlalchemy import Connection

from catalog.domain import MAX_VARIANTS, ancestors_of
from catalog.errors import GroupFull, invalid_field
from catalog.repository.categories import lock_tree, parents
from catalog.repository.groups import lock_group
from catalog.repository.products import count_variants, group_of_product


def category_places(conn: Connection, category_ids: list[str]) -> set[str]:
    """The categories and all above them. Raises Invalid when there is none such."""
    if not category_ids:
        return set()
    lock_tree(conn, "use")
    known = parents(conn)
    for index, id_ in enumerate(category_ids):
        if id_ not in known:
            raise invalid_field(f"/category_ids/{index}", "not_found", "No such category.")
    return ancestors_of(known, set(category_ids))


def variant_place(
    conn: Connection, group_id: str | None, options: dict[str, str], *, product_id: str
) -> dict[str, Any] | None:
    """What a product shows of its group, which is locked. Raises Invalid or GroupFull."""
    if group_id is None:
        if options:
            raise invalid_field("/options", "options_without_group", "Only variants have options.")
        return None
    group = lock_group(conn, id=group_id)
    if group is None:
        raise invalid_field("/group_id", "not_found", "There is no such product group.")
    varies_by: list[str] = group["varies_by"]
    if set(options) != set(varies_by):
        names = ", ".join(varies_by)
        raise invalid_field("/options", "options_mismatch", f"Give a value for each of: {names}.")
    member = group_of_product(conn, product_id=product_id) == group_id
    if not member and count_variants(conn, group_id=group_id) >= MAX_VARIANTS:
        raise GroupFull(f"A product group may have {MAX_VARIANTS} variants.")
    ordered = {name: options[name] for name in varies_by}
    return {"id": group_id, "varies_by": varies_by, "options": ordered}
