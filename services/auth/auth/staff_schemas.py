"""What staff send and get who keep roles and invite others."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from auth.schemas import Scopes
from auth.scopes import SCOPES
from shopkit.schemas import Input, Output, clean_text


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError("there is no such scope; GET /api/auth/scopes lists them")
    return scope


ROLE_NAME = "^[a-z][a-z0-9_]{0,63}$"
KnownScope = Annotated[
    str,
    AfterValidator(_known),
    WithJsonSchema({"type": "string", "enum": sorted(SCOPES)}),
]


class RoleChange(Input):
    """What you leave out gets its default."""

    description: Annotated[
        str,
        Field(max_length=500, examples=["Sends parcels"]),
        AfterValidator(clean_text),
    ] = ""
    scopes: Annotated[
        list[KnownScope], Field(max_length=100, examples=[["orders:read", "orders:write"]])
    ]


class RoleInput(RoleChange):
    name: Annotated[str, Field(pattern=ROLE_NAME, examples=["warehouse"])]


class Role(Output):
    name: Annotated[str, Field(examples=["order_manager"])]
    description: str
    scopes: Scopes
    built_in: bool


class RoleList(Output):
    items: list[Role]


class Scope(Output):
    name: Annotated[str, Field(examples=["orders:read"])]
    description: str


class ScopeList(Output):
    items: list[Scope]
