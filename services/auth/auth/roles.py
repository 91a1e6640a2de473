"""Roles as data: staff make and change their own, within their own scopes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from auth import role_repository as store
from auth.context import Context
from auth.domain import Role, fingerprint
from auth.events import void_tokens_with
from auth.grants import require_scopes
from auth.invitation_repository import count_invitations_to
from auth.models import audit_log, idempotency_keys
from auth.staff_errors import RoleBuiltIn, RoleInUse, RoleTaken, TooManyRoles
from auth.staff_schemas import RoleInput
from shopkit.audit import By, by_staff, record
from shopkit.auth import Principal
from shopkit.conditional import check_if_match, etag
from shopkit.idempotency import Answer, replayable
from shopkit.idempotency import fingerprint as request_fingerprint

MAX_ROLES = 100
"""Beside the built-in ones. They are listed in one answer."""


def tag_of(role: Role) -> str:
    return fingerprint(vars(role))


async def list_roles(context: Context) -> list[Role]:
    return await context.database.read(store.list_roles)


async def get_role(context: Context, *, name: str) -> Role:
    """Raises NotFound."""
    return await context.database.read(store.get_role, name=name)


async def create_role(
    context: Context, *, actor: Principal, payload: RoleInput, key: str | None
) -> Answer:
    """Raises InsufficientScope, CannotGrant, RoleTaken, TooManyRoles and IdempotencyKeyReused."""
    return await context.database.run(
        _create_role,
        actor=actor,
        by=by_staff(actor),
        payload=payload,
        key=key,
        now=context.clock.now(),
    )


def _create_role(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    payload: RoleInput,
    key: str | None,
    now: datetime,
) -> Answer:
    scopes = tuple(sorted(set(payload.scopes)))
    role = Role(payload.name, payload.description, scopes, built_in=False)
    store.lock_roles(conn)
    require_scopes(conn, actor, role.scopes, now)  # whoever lost them gets no old answer either

    def effect() -> Answer:
        if not store.insert_role(conn, role=role):
            raise RoleTaken(role.name)
        if store.count_roles(conn) > MAX_ROLES:
            raise TooManyRoles(MAX_ROLES)
        logged = _logged(role)
        record(conn, audit_log, by, "role.create", role.name, before=None, after=logged, now=now)
        location = f"/api/auth/roles/{role.name}"
        return Answer(201, vars(role), {"Location": location, "ETag": etag(tag_of(role))})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="create_role",
        fingerprint=request_fingerprint(payload),
        now=now,
        effect=effect,
    )


def _logged(role: Role) -> dict[str, object]:
    return {"description": role.description, "scopes": role.scopes}


async def update_role(
    context: Context,
    *,
    actor: Principal,
    name: str,
    description: str,
    scopes: Iterable[str],
    if_match: str | None,
) -> Role:
    """Raises NotFound, PreconditionFailed, InsufficientScope, CannotGrant and RoleBuiltIn."""
    return await context.database.run(
        _update_role,
        actor=actor,
        by=by_staff(actor),
        name=name,
        description=description,
        scopes=tuple(sorted(set(scopes))),
        if_match=if_match,
        now=context.clock.now(),
    )


def _update_role(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    name: str,
    description: str,
    scopes: tuple[str, ...],
    if_match: str | None,
    now: datetime,
) -> Role:
    """Adding a scope gives it to everybody with the role, leaving one out takes it from them."""
    before = _lock(conn, name, if_match)
    require_scopes(conn, actor, set(before.scopes) ^ set(scopes), now)
    _refuse_built_in(before)
    role = replace(before, description=description, scopes=scopes)
    store.update_role(conn, role=role)
    was, is_now = _logged(before), _logged(role)
    record(conn, audit_log, by, "role.change", name, before=was, after=is_now, now=now)
    if scopes != before.scopes:
        void_tokens_with(conn, role=name, now=now)
    return role


async def delete_role(
    context: Context, *, actor: Principal, name: str, if_match: str | None
) -> None:
    """Raises NotFound, PreconditionFailed, InsufficientScope, CannotGrant, RoleBuiltIn and
    RoleInUse."""
    await context.database.run(
        _delete_role,
        actor=actor,
        by=by_staff(actor),
        name=name,
        if_match=if_match,
        now=context.clock.now(),
    )


def _delete_role(
    conn: Connection,
    *,
    actor: Principal,
    by: By,
    name: str,
    if_match: str | None,
    now: datetime,
) -> None:
    role = _lock(conn, name, if_match)
    require_scopes(conn, actor, role.scopes, now)
    _refuse_built_in(role)
    users = store.count_users_with(conn, name=name)
    invitations = count_invitations_to(conn, role=name)
    if users or invitations:
        raise RoleInUse(users, invitations)
    store.delete_role(conn, name=name)
    record(conn, audit_log, by, "role.delete", name, before=_logged(role), after=None, now=now)


def _lock(conn: Connection, name: str, if_match: str | None) -> Role:
    store.lock_roles(conn)
    role = store.get_role(conn, name=name)
    check_if_match(if_match, tag_of(role))
    return role


def _refuse_built_in(role: Role) -> None:
    if role.built_in:
        raise RoleBuiltIn(role.name)
