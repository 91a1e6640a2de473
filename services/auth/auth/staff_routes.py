"""Users, for staff."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AfterValidator

from auth import administration, deletion
from auth.answers import NOT_MODIFIED, public, shown, shown_if_changed
from auth.deps import Auth, CursorText, UserReader, UserWriter
from auth.errors import CannotGrant, LastAdmin, OwnAccount
from auth.grants import require_current
from auth.schemas import DisabledInput, RolesInput, StaffUser
from shopkit.app import PathId
from shopkit.conditional import IfMatch, IfNoneMatch
from shopkit.openapi import problems
from shopkit.routing import new_router
from shopkit.schemas import CountedPage, Limit, QueryBool, clean_text

router = new_router()
EmailPart = Annotated[
    str | None,
    Query(min_length=1, max_length=254, description="Part of the e-mail address, in any case"),
    AfterValidator(lambda text: text and clean_text(text)),  # PostgreSQL knows no NUL
]


@router.get(
    "/api/auth/users",
    summary="List users",
    response_model=CountedPage[StaffUser],
    response_model_exclude_unset=True,
    tags=["Users"],
)
async def list_users(
    staff: UserReader,
    auth: Auth,
    q: EmailPart = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    count: QueryBool = False,
) -> dict[str, Any]:
    """Everybody with an account, newest first."""
    await require_current(auth, staff)
    page = await administration.list_users(auth, q=q, cursor=cursor, limit=limit, count=count)
    answer = {"items": [public(user) for user in page.users], "next_cursor": page.next_cursor}
    return answer if page.total is None else {**answer, "total": page.total}


@router.get(
    "/api/auth/users/{user_id}",
    summary="Get a user",
    response_model=StaffUser,
    responses=NOT_MODIFIED,
    tags=["Users"],
)
async def get_user(
    user_id: PathId,
    staff: UserReader,
    response: Response,
    auth: Auth,
    if_none_match: IfNoneMatch,
) -> Any:
    """One account, with its roles and what they allow."""
    await require_current(auth, staff)
    user = await administration.get_user(auth, user_id=user_id)
    return shown_if_changed(user, response, if_none_match)


@router.put(
    "/api/auth/users/{user_id}/roles",
    summary="Set a user's roles",
    response_model=StaffUser,
    responses=problems(CannotGrant, LastAdmin),
    tags=["Users"],
)
async def set_user_roles(
    user_id: PathId,
    payload: RolesInput,
    staff: UserWriter,
    response: Response,
    auth: Auth,
    if_match: IfMatch,
) -> dict[str, Any]:
    """Give exactly these roles. You can neither give nor take a scope that you lack yourself, and
    the last admin stays one. The user's access tokens are refused everywhere within seconds (401
    `token_expired`), and at once when staff change something; a refresh brings the new scopes.
    """
    user = await administration.set_roles(
        auth, actor=staff, user_id=user_id, roles=payload.roles, if_match=if_match
    )
    return shown(user, response)


@router.put(
    "/api/auth/users/{user_id}/disabled",
    summary="Disable or enable a user",
    response_model=StaffUser,
    responses=problems(CannotGrant, LastAdmin, OwnAccount),
    tags=["Users"],
)
async def set_user_disabled(
    user_id: PathId,
    payload: DisabledInput,
    staff: UserWriter,
    response: Response,
    auth: Auth,
    if_match: IfMatch,
) -> dict[str, Any]:
    """A disabled user cannot log in, and all of their sessions are over at once; enabling brings
    none back. You can disable neither yourself nor who has a scope that you lack. The user's access
    tokens are refused everywhere within seconds, and at once when staff change something.
    """
    user = await administration.set_disabled(
        auth, actor=staff, user_id=user_id, disabled=payload.disabled, if_match=if_match
    )
    return shown(user, response)


@router.delete(
    "/api/auth/users/{user_id}/second-factor",
    summary="Reset a user's second factor",
    status_code=204,
    responses=problems(CannotGrant, OwnAccount),
    tags=["Users"],
)
async def reset_second_factor(
    user_id: PathId, staff: UserWriter, auth: Auth, if_match: IfMatch
) -> None:
    """For who has lost their authenticator app and their recovery codes: their password is enough
    again, and all of their sessions are over. Make sure first that it is them who ask. You can do
    so neither for yourself nor for who has a scope that you lack.
    """
    await administration.reset_second_factor(auth, actor=staff, user_id=user_id, if_match=if_match)


@router.delete(
    "/api/auth/users/{user_id}",
    summary="Delete a user",
    status_code=204,
    responses=problems(CannotGrant, LastAdmin, OwnAccount),
    tags=["Users"],
)
async def delete_user(user_id: PathId, staff: UserWriter, auth: Auth, if_match: IfMatch) -> None:
    """For good, as if they had done it themselves (`POST /api/auth/me/delete`). You can delete
    neither yourself nor who has a scope that you lack. To lock somebody out, disable them."""
    await deletion.delete_user(auth, actor=staff, user_id=user_id, if_match=if_match)
