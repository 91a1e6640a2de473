"""What staff send and get who keep roles and invite others, and what is sent by who accepts."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from auth.schemas import EmailToken, NewPassword, Roles, Scopes, ShownEmail
from auth.scopes import SCOPES
from shopkit.schemas import Email, Id, Input, Line, Output, Timestamp, clean_text


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


class InvitationInput(Input):
    email: Email
    name: Annotated[Line | None, Field(examples=["Ada Lovelace"])] = None
    roles: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(min_length=1, max_length=50, examples=[["order_manager"]]),
    ]


class Invitation(Output):
    id: Id
    email: ShownEmail
    name: str | None
    roles: Roles
    invited_by: Annotated[Id, Field(description="Of a user")]
    created_at: Timestamp
    expires_at: Timestamp


class InvitationList(Output):
    items: list[Invitation]


class Acceptance(EmailToken):
    password: NewPassword
    name: Annotated[
        Line | None, Field(description="Else that of the invitation", examples=["Ada Lovelace"])
    ] = None
