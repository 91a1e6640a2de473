"""What a product says of itself, held against the attributes that are defined for it."""

from typing import Any

from sqlalchemy import Connection

from catalog.attributes import applies
from catalog.domain import ancestors_of, misfit
from catalog.repository.attributes import list_attributes
from catalog.repository.categories import parents
from shopkit.errors import FieldError, Invalid


def check_attributes(conn: Connection, attributes: dict[str, Any], category_ids: list[str]) -> None:
    """Raises Invalid for values that are not as an attribute of its categories has them. What
    nobody has defined is free."""
    defined = list_attributes(conn, codes=list(attributes)) if attributes else []
    if not defined:
        return
    places = ancestors_of(parents(conn), set(category_ids)) if category_ids else set()
    errors = [
        FieldError(f"/attributes/{one['code']}", "attribute_mismatch", why)
        for one in defined
        if applies(one, places) and (why := misfit(one, attributes[one["code"]]))
    ]
    if errors:
        raise Invalid("Some attributes are not as they are defined.", errors=errors)
