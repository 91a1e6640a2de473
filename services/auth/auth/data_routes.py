"""One's own data: take it along, and have it erased."""

from typing import Any

from fastapi import Response

from auth import deletion, export
from auth.data_schemas import AccountDeletion, AccountExport
from auth.deps import Auth, Caller
from auth.errors import Busy, LastAdmin, TooManyAttempts, WrongPassword
from shopkit.auth import CurrentUser
from shopkit.downloads import download
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()
TAGS: list[Any] = ["Your data"]


@router.get(
    "/api/auth/export",
    summary="Take your account along",
    response_model=AccountExport,
    tags=TAGS,
)
async def export_account(user: CurrentUser, auth: Auth) -> Response:
    """Your account, preferences and sessions, as one file. Passwords and tokens are not in it: only
    their hashes are kept."""
    return await download("account.json", await export.export_account(auth, principal=user))


@router.post(
    "/api/auth/me/delete",
    summary="Delete my account",
    status_code=204,
    responses=problems(WrongPassword, TooManyAttempts, Busy, LastAdmin),
    tags=TAGS,
)
async def delete_me(
    payload: AccountDeletion, user: CurrentUser, auth: Auth, client: Caller
) -> None:
    """For good, and at once here: account and sessions are gone, the address can be registered
    again. Carts and the address book follow within seconds. Orders stay without anything that tells
    whose they were, open ones once they are sent and paid. Take your data along before.

    A wrong password counts like one at login."""
    await deletion.delete_me(
        auth, principal=user, password=payload.password, network=client.network
    )
