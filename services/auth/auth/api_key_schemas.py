"""What staff send and get about API keys."""

from typing import Annotated, Literal

from pydantic import Field

from auth.schemas import Scopes
from auth.staff_schemas import KnownScope
from shopkit.schemas import Id, Input, Line, Moment, Output, Timestamp

RateClass = Annotated[
    Literal["standard", "high"],
    Field(
        description="How many requests a second the key may send to each service: 20 or 100, twice "
        "as many at once. The shop also limits each address."
    ),
]


class ApiKeyInput(Input):
    name: Annotated[Line, Field(description="What it is for", examples=["Warehouse"])]
    scopes: Annotated[
        list[KnownScope],
        Field(
            min_length=1,
            max_length=50,
            description="Some of your own. What gives rights (`users:write`, `keys:…`) is for "
            "people only.",
            examples=[["orders:read", "inventory:write"]],
        ),
    ]
    expires_at: Annotated[Moment | None, Field(description="null: never")] = None
    rate_class: RateClass = "standard"


class ApiKey(Output):
    id: Annotated[Id, Field(description="Also the `client_id` of OAuth; and the actor in logs")]
    name: str
    starts_with: Annotated[str, Field(examples=["sk_9f86d081884c"])]
    scopes: Annotated[
        Scopes, Field(description="It may do what these and its maker's scopes of today allow")
    ]
    rate_class: RateClass
    made_by: Annotated[Id, Field(description="The user who made it")]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Annotated[
        Timestamp | None, Field(description="Behind by up to the life of an access token")
    ]
    revoked_at: Timestamp | None


class NewApiKey(ApiKey):
    key: Annotated[
        str,
        Field(
            description="For `Authorization: Bearer …`, or as the `client_secret` of OAuth. Keep "
            "it: it is never shown again.",
            examples=["sk_9f86d081884c_…"],
        ),
    ]
