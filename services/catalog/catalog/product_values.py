"""What a product says of itself, held against the attributes that are defined for it."""

from typing import Any

from sqlalchemy import Connection

from catalog.attributes import applies
from catalog.domain import ancestors_of, misfit
from catalog.repository.attributes import list_attributes
from catalog.repository.categories import parents_above
from shopkit.errors import FieldError, Invalid


def check_attributes(conn: Connection, attributes: dict[str, Any], category_ids: list[str]) -> None:
    """Raises Invalid for values that are not as an attribute of its categories has them. What
    nobody has defined is free."""
    if defined := list_attributes(conn, codes=list(attributes)) if attributes else []:
        above = parents_above(conn, category_ids) if category_ids else {}
        check_defined(defined, attributes, ancestors_of(above, set(category_ids)))


def check_defined(
    defined: list[dict[str, Any]], attributes: dict[str, Any], places: set[str]
) -> None:
    """`check_attributes` of a product in these categories, all above them among them."""
    errors = [
        FieldError(f"/attributes/{one['code']}", "attribute_mismatch", why)
        for one in defined
        if one["code"] in attributes
        and applies(one, places)
        and (why := misfit(one, attributes[one["code"]]))
    ]
    if errors:
        raise Invalid("Some attributes are not as they are defined.", errors=errors)
