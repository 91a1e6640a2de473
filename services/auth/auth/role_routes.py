"""Roles and the scopes that they are made of, for staff."""

from typing import Annotated, Any

from fastapi import Path, Response

from auth import roles
from auth.answers import NOT_MODIFIED
from auth.deps import Auth, UserReader, UserWriter
from auth.domain import Role as StoredRole
from auth.errors import CannotGrant
from auth.grants import require_current
from auth.scopes import SCOPES
from auth.staff_errors import RoleBuiltIn, RoleInUse, RoleTaken, TooManyRoles
from auth.staff_schemas import ROLE_NAME, Role, RoleChange, RoleInput, RoleList, ScopeList
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response, etag
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()
RoleName = Annotated[str, Path(pattern=ROLE_NAME)]


def _shown(role: StoredRole, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag(roles.tag_of(role))
    return vars(role)


@router.get("/api/auth/scopes", summary="List scopes", response_model=ScopeList, tags=["Roles"])
async def list_scopes(staff: UserReader, auth: Auth) -> dict[str, Any]:
    """All that a role can be made of."""
    await require_current(auth, staff)
    return {"items": [{"name": name, "description": text} for name, text in SCOPES.items()]}


@router.get("/api/auth/roles", summary="List roles", response_model=RoleList, tags=["Roles"])
async def list_roles(staff: UserReader, auth: Auth) -> dict[str, Any]:
    """All roles with their scopes."""
    await require_current(auth, staff)
    return {"items": [vars(role) for role in await roles.list_roles(auth)]}


@router.post(
    "/api/auth/roles",
    summary="Create a role",
    status_code=201,
    response_model=Role,
    responses=problems(CannotGrant, RoleTaken, TooManyRoles),
    tags=["Roles"],
)
async def create_role(
    payload: RoleInput, staff: UserWriter, auth: Auth, key: IdempotencyKey
) -> Response:
    """A role of your own, with no scope that you lack. Its name stays as it is."""
    answer = await roles.create_role(auth, actor=staff, payload=payload, key=key)
    return answer.response()


@router.get(
    "/api/auth/roles/{name}",
    summary="Get a role",
    response_model=Role,
    responses=NOT_MODIFIED,
    tags=["Roles"],
)
async def get_role(
    name: RoleName, staff: UserReader, auth: Auth, if_none_match: IfNoneMatch
) -> Response:
    """One role with its scopes."""
    await require_current(auth, staff)
    role = await roles.get_role(auth, name=name)
    return conditional_response(vars(role), etag(roles.tag_of(role)), if_none_match)


@router.put(
    "/api/auth/roles/{name}",
    summary="Change a role",
    response_model=Role,
    responses=problems(CannotGrant, RoleBuiltIn),
    tags=["Roles"],
)
async def update_role(
    name: RoleName,
    payload: RoleChange,
    staff: UserWriter,
    response: Response,
    auth: Auth,
    if_match: IfMatch,
) -> dict[str, Any]:
    """Replace its description and its scopes, for everybody who has it. You can neither add nor
    leave out a scope that you lack. Built-in roles stay as they are: make one of your own instead.
    New scopes make all access tokens of its users worthless (401 `token_expired`) within seconds;
    a refresh brings the new ones.
    """
    role = await roles.update_role(
        auth,
        actor=staff,
        name=name,
        description=payload.description,
        scopes=payload.scopes,
        if_match=if_match,
    )
    return _shown(role, response)


@router.delete(
    "/api/auth/roles/{name}",
    summary="Delete a role",
    status_code=204,
    responses=problems(CannotGrant, RoleBuiltIn, RoleInUse),
    tags=["Roles"],
)
async def delete_role(name: RoleName, staff: UserWriter, auth: Auth, if_match: IfMatch) -> None:
    """One that nobody has; 409 `role_in_use` says with `users` and `invitations` how many have it
    and are invited to it."""
    await roles.delete_role(auth, actor=staff, name=name, if_match=if_match)
