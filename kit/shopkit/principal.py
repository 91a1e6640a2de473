"""Who calls, as their token tells."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Principal:
    """Who calls. For a service, `id` is its client id; for an API key, the key's id."""

    id: str
    kind: Literal["user", "service"]
    email: str = ""
    roles: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    session_id: str = ""
    token_version: int = 0
    second_factor_required: bool = False
    """Roles and scopes are withheld, because the session was opened without a second factor."""
    made_by: str = ""
    """Of an API key: the id of the user whose rights it has some of."""
    rate_class: str = ""
    """Of an API key: how much it may ask for."""


def principal_of(claims: dict[str, Any], kind: Literal["user", "service"]) -> Principal:
    return Principal(
        id=claims["sub"],
        kind=kind,
        email=claims.get("email", ""),
        roles=tuple(claims.get("roles", ())),
        scopes=frozenset(claims.get("scope", "").split()),
        session_id=claims.get("sid", ""),
        token_version=claims.get("ver", 0),
        second_factor_required=claims.get("second_factor_required", False),
        made_by=claims.get("made_by", ""),
        rate_class=claims.get("rate_class", ""),
    )
