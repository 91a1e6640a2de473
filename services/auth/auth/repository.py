"""Users and roles in the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from auth.domain import ADMIN, User, email_key
from auth.models import roles, second_factors, sessions, user_roles, users
from shopkit.errors import NotFound
from shopkit.tables import insert_or_ignore, violated

_USERS = (
    select(
        users,
        roles.c.name.label("role"),
        roles.c.scopes.label("role_scopes"),
        second_factors.c.confirmed_at.label("second_factor_since"),
    )
    .select_from(users)
    .outerjoin(second_factors, second_factors.c.user_id == users.c.id)
    .outerjoin(user_roles, user_roles.c.user_id == users.c.id)
    .outerjoin(roles, roles.c.name == user_roles.c.role)
)
_BY_ID = _USERS.where(users.c.id == bindparam("user_id"))
_BY_EMAIL = _USERS.where(users.c.email_key == bindparam("key"))
_BY_SESSION = _BY_ID.join(sessions, sessions.c.user_id == users.c.id).where(
    sessions.c.id == bindparam("session_id"),
    sessions.c.revoked_at.is_(None),
    sessions.c.expires_at > bindparam("now", type_=sessions.c.expires_at.type),
    users.c.disabled.is_(False),
)


def find_user(conn: Connection, *, user_id: str) -> User | None:
    return _first(conn.execute(_BY_ID, {"user_id": user_id}).all())


def find_user_by_email(conn: Connection, *, email: str) -> User | None:
    return _first(conn.execute(_BY_EMAIL, {"key": email_key(email)}).all())


def find_user_of_session(
    conn: Connection, *, user_id: str, session_id: str, now: datetime
) -> User | None:
    """None once the session is over or the user is disabled."""
    values = {"user_id": user_id, "session_id": session_id, "now": now}
    return _first(conn.execute(_BY_SESSION, values).all())


def get_user(conn: Connection, *, user_id: str) -> User:
    user = find_user(conn, user_id=user_id)
    if user is None:
        raise NotFound
    return user


def lock_user(conn: Connection, *, user_id: str) -> User:
    """Raises NotFound."""
    user = find_locked_user(conn, user_id=user_id)
    if user is None:
        raise NotFound
    return user


def find_locked_user(conn: Connection, *, user_id: str) -> User | None:
    """None also for one who has just been deleted."""
    conn.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
    return find_user(conn, user_id=user_id)


def _first(rows: Sequence[Row[Any]]) -> User | None:
    return next(iter(_grouped(rows)), None)


def _grouped(rows: Sequence[Row[Any]]) -> list[User]:
    """One user out of its rows, of which there is one per role."""
    by_id: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_id.setdefault(row.id, []).append(row)
    return [_user(of_one) for of_one in by_id.values()]


def _user(rows: Sequence[Row[Any]]) -> User:
    row = rows[0]
    given = [(each.role, each.role_scopes) for each in rows if each.role is not None]
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        password_hash=row.password_hash,
        roles=tuple(sorted(role for role, _ in given)),
        scopes=tuple(sorted({scope for _, scopes in given for scope in scopes})),
        email_verified=row.email_verified,
        disabled=row.disabled,
        created_at=row.created_at,
        updated_at=row.updated_at,
        token_version=row.token_version,
        second_factor=row.second_factor_since is not None,
        locale=row.locale,
        marketing=row.marketing,
        marketing_changed_at=row.marketing_changed_at,
    )


def insert_user(conn: Connection, *, user: User) -> bool:
    """False when the e-mail address is taken; the roles must exist."""
    row = {
        "id": user.id,
        "email": user.email,
        "email_key": email_key(user.email),
        "name": user.name,
        "password_hash": user.password_hash,
        "email_verified": user.email_verified,
        "disabled": user.disabled,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }
    if not insert_or_ignore(conn, users, row):
        return False
    insert_roles(conn, user_id=user.id, names=user.roles)
    return True


def update_user(conn: Connection, *, user_id: str, now: datetime, **values: Any) -> None:
    row = {**values, "updated_at": now}
    conn.execute(update(users).where(users.c.id == user_id).values(row))


def update_email(conn: Connection, *, user_id: str, email: str, now: datetime) -> bool:
    """Its owner has proved it. False when another account has it: nothing more can be done then."""
    values = {"email": email, "email_key": email_key(email), "email_verified": True}
    try:
        update_user(conn, user_id=user_id, now=now, **values)
    except IntegrityError as exc:
        if violated(exc) != "uq_users_email_key":
            raise
        return False
    return True


def delete_user(conn: Connection, *, user_id: str) -> None:
    """With roles and sessions."""
    conn.execute(delete(users).where(users.c.id == user_id))


def list_users(conn: Connection, *, q: str | None, before: str | None, limit: int) -> list[User]:
    """Newest first, those made before the id `before`."""
    page = _matching(select(users.c.id), q)
    if before is not None:
        page = page.where(users.c.id < before)
    ids = page.order_by(users.c.id.desc()).limit(limit)
    wanted = _USERS.where(users.c.id.in_(ids.scalar_subquery())).order_by(users.c.id.desc())
    return _grouped(conn.execute(wanted).all())


def count_users(conn: Connection, *, q: str | None) -> int:
    return int(conn.execute(_matching(select(func.count()).select_from(users), q)).scalar_one())


def _matching(statement: Select[Any], q: str | None) -> Select[Any]:
    if q is None:
        return statement
    return statement.where(users.c.email_key.contains(email_key(q), autoescape=True))


def has_other_admin(conn: Connection, *, user_id: str) -> bool:
    others = (
        select(user_roles.c.user_id)
        .join(users, users.c.id == user_roles.c.user_id)
        .where(
            user_roles.c.role == ADMIN,
            user_roles.c.user_id != user_id,
            users.c.disabled.is_(False),
        )
    )
    return bool(conn.execute(select(exists(others))).scalar_one())


def insert_roles(conn: Connection, *, user_id: str, names: Iterable[str]) -> None:
    rows = [{"user_id": user_id, "role": name} for name in names]
    if rows:
        conn.execute(insert(user_roles), rows)


def replace_roles(conn: Connection, *, user_id: str, names: Iterable[str]) -> None:
    conn.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
    insert_roles(conn, user_id=user_id, names=names)
