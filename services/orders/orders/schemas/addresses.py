"""The address book."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from orders.schemas.checkout import Address, Country
from orders.schemas.orders import AddressOut
from shopkit.schemas import Id, Line, Timestamp, absent

EXAMPLE: dict[str, Any] = {
    "name": "Ada Lovelace",
    "line1": "Unter den Linden 1",
    "city": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}
DEFAULT = "Whether it is the default for {}; the one that was it before is not any more. {}"
NEW = "When absent: if it is the first address."
KEPT = "When absent, it stays what it is."


class AddressInput(Address):
    """One for the address book."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    default_shipping: Annotated[bool, Field(description=DEFAULT.format("shipping", NEW))] = absent()
    default_billing: Annotated[bool, Field(description=DEFAULT.format("billing", NEW))] = absent()


class AddressReplacement(Address):
    """All of the address: what is absent is gone."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    default_shipping: Annotated[bool, Field(description=DEFAULT.format("shipping", KEPT))] = (
        absent()
    )
    default_billing: Annotated[bool, Field(description=DEFAULT.format("billing", KEPT))] = absent()


class AddressPatch(AddressReplacement):
    """RFC 7396: what is absent stays, null takes it away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"default_shipping": True}]})

    name: Line = absent()
    line1: Line = absent()
    city: Line = absent()
    country: Country = absent()


class SavedAddress(AddressOut):
    """An address of the address book."""

    id: Id
    default_shipping: bool
    default_billing: bool
    version: int
    created_at: Timestamp
    updated_at: Timestamp
