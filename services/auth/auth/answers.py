"""How users are shown, and when they need not be shown again."""

from typing import Any

from fastapi import Response

from auth.accounts import entity_tag
from auth.domain import HIDDEN, User
from auth.preferences import PREFERENCES
from auth.request_keys import Made
from shopkit.conditional import not_modified

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "It is as you have it."}}


def public(user: User) -> dict[str, Any]:
    """Without the password's hash, whatever a schema may say."""
    shown = {name: value for name, value in vars(user).items() if name not in HIDDEN}
    preferences = {name: shown.pop(name) for name in PREFERENCES}
    return {**shown, "preferences": preferences}


def shown(user: User, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = entity_tag(user)
    return public(user)


def shown_made(made: Made, response: Response) -> dict[str, Any]:
    """A new account, or the one that an earlier request with the same key has made."""
    response.headers["Location"] = "/api/auth/me"
    if made.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return shown(made.user, response)


def shown_if_changed(user: User, response: Response, if_none_match: str | None) -> Any:
    tag = entity_tag(user)
    if not_modified(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return shown(user, response)
