"""Roles in the database."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from auth.domain import ADMIN, Role
from auth.models import roles, user_roles
from shopkit.errors import NotFound
from shopkit.tables import insert_or_ignore


def lock_roles(conn: Connection) -> None:
    """One change of roles, or of who has them, at a time: two admins cannot demote each other at
    once, and nobody gives a role that is being changed."""
    conn.execute(select(roles.c.name).where(roles.c.name == ADMIN).with_for_update())


def list_roles(conn: Connection) -> list[Role]:
    return [_role(row) for row in conn.execute(select(roles).order_by(roles.c.name)).all()]


def get_role(conn: Connection, *, name: str) -> Role:
    """Raises NotFound."""
    row = conn.execute(select(roles).where(roles.c.name == name)).first()
    if row is None:
        raise NotFound
    return _role(row)


def _role(row: Row[Any]) -> Role:
    return Role(row.name, row.description, tuple(row.scopes), row.built_in)


def count_roles(conn: Connection) -> int:
    """Those that are not built in."""
    own = select(func.count()).select_from(roles).where(roles.c.built_in.is_(False))
    return int(conn.execute(own).scalar_one())


def count_users_with(conn: Connection, *, name: str) -> int:
    theirs = select(func.count()).select_from(user_roles).where(user_roles.c.role == name)
    return int(conn.execute(theirs).scalar_one())


def insert_role(conn: Connection, *, role: Role) -> bool:
    """False when the name is taken."""
    return insert_or_ignore(conn, roles, {**vars(role), "scopes": list(role.scopes)})


def update_role(conn: Connection, *, role: Role) -> None:
    changed = update(roles).where(roles.c.name == role.name)
    conn.execute(changed.values(description=role.description, scopes=list(role.scopes)))


def delete_role(conn: Connection, *, name: str) -> None:
    conn.execute(delete(roles).where(roles.c.name == name))
