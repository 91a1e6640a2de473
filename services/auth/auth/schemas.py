"""What clients of auth send and get."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from auth.passwords import MAX_LENGTH, MIN_LENGTH
from shopkit.schemas import Email, Id, Input, Line, Output, Timestamp

NewPassword = Annotated[
    str,
    Field(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        description="Any text of 8 to 128 characters (a shop may ask for more than 8) but one's "
        "own e-mail address and what many people have. No rules about which characters.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    ),
]
Password = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_LENGTH,
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    ),
]
OneTimeCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="The six digits of an authenticator app, or a recovery code",
        examples=["287082"],
    ),
]
Opaque = Annotated[
    str,
    Field(min_length=1, max_length=512, examples=["m2nXq0c7Jb1T0c3rN9d2wqZ4e5uY6i7o8pA1sD3fG5h"]),
]
Scopes = Annotated[list[str], Field(examples=[["orders:read", "orders:write"]])]
Roles = Annotated[list[str], Field(examples=[["customer", "order_manager"]])]
ShownEmail = Annotated[
    str, WithJsonSchema({"type": "string", "format": "email", "examples": ["ada@example.com"]})
]


class Registration(Input):
    email: Email
    password: NewPassword
    name: Annotated[Line | None, Field(examples=["Ada Lovelace"])] = None


class Credentials(Input):
    email: Email
    password: Password
    device_token: Annotated[
        str | None,
        Field(
            description="Of an earlier answer on this device: who sends it gets in while others "
            "have to wait because somebody guesses. One that is of no use is ignored.",
        ),
    ] = None
    one_time_code: Annotated[
        OneTimeCode | None,
        Field(description="Of who has a second factor; ask for it at 401 `second_factor_required`"),
    ] = None


class PasswordChange(Input):
    current_password: Password
    new_password: Annotated[NewPassword, Field(examples=["staple the horse again"])]


class EmailToken(Input):
    token: Annotated[Opaque, Field(description="Out of the mail: what comes after `#token=`")]


class ResetRequest(Input):
    email: Email


class PasswordReset(EmailToken):
    new_password: Annotated[NewPassword, Field(examples=["staple the horse again"])]


class EmailChange(Input):
    new_email: Annotated[Email, Field(examples=["ada@example.org"])]
    password: Annotated[Password, Field(description="Of now")]


class RefreshInput(Input):
    refresh_token: Opaque


class RolesInput(Input):
    """All the roles that the user is to have."""

    roles: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=50, examples=[["customer", "order_manager"]]),
    ]


class DisabledInput(Input):
    disabled: bool


class TokenPair(Output):
    access_token: Annotated[str, Field(description="A JWT for `Authorization: Bearer …`")]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds", examples=[600])]
    refresh_token: Annotated[str, Field(description="For one use at `/api/auth/refresh`")]
    device_token: Annotated[
        str,
        Field(
            description="Keep it on this device, also after logging out, and send it with the next "
            "login. It proves nothing but that somebody has logged in here. Valid for 180 days, "
            "until the password changes or a second factor is switched on."
        ),
    ]


class MailAsked(Output):
    expires_in: Annotated[
        int, Field(description="Seconds for which what the mail brings is valid", examples=[600])
    ]


class OAuthTokens(TokenPair):
    scope: Annotated[str, Field(description="What was granted", examples=["orders:read"])]


class ClientToken(Output):
    """Of an API key. There is no refresh token: ask again with the key."""

    access_token: Annotated[str, Field(description="A JWT for `Authorization: Bearer …`")]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds", examples=[600])]
    scope: Annotated[str, Field(description="What was granted", examples=["orders:read"])]


class KeyInput(Input):
    key: Annotated[str, Field(max_length=512)]


class ServiceTokenAnswer(Output):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class Account(Output):
    id: Id
    email: ShownEmail
    name: Annotated[str | None, Field(examples=["Ada Lovelace"])]
    roles: Roles
    scopes: Scopes
    email_verified: bool
    second_factor: Annotated[bool, Field(description="Whether logins need a code, too")]
    created_at: Timestamp


class User(Account):
    second_factor_required: Annotated[
        bool,
        Field(
            description="Whether roles and scopes are withheld from this session: the shop wants "
            "staff to have a second factor, and it was opened without one. Set one up, or log in "
            "with it."
        ),
    ]


class StaffUser(Account):
    """A user as staff see them."""

    disabled: bool
    updated_at: Timestamp


class Session(Output):
    id: Id
    created_at: Timestamp
    last_used_at: Annotated[Timestamp, Field(description="When it began or was last refreshed")]
    expires_at: Annotated[Timestamp, Field(description="Unless it is refreshed before")]
    user_agent: Annotated[
        str | None,
        Field(description="Of who logged in", examples=["Mozilla/5.0 (X11; Linux x86_64)"]),
    ]
    current: Annotated[bool, Field(description="Whether it is the one that asks")]


class Jwk(Output):
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class Jwks(Output):
    """Public keys (RFC 7517), among them one that is going to sign soon."""

    keys: list[Jwk]


class Event(Output):
    seq: int
    kind: str
    user_id: Id
    session_id: Id | None
    payload: dict[str, Any]
    created_at: Timestamp
    expires_at: Timestamp | None
    """When it concerns no token any more; null: it is kept for good."""


class EventPage(Output):
    items: list[Event]
    next_after: int
    has_more: bool
