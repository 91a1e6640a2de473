"""What staff may give and take: nothing beyond their own scopes, by the database of the moment.

Whatever gives, takes or changes roles does so under `lock_roles`, one at a time: what an actor may
do is still so when their change is committed.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from auth import repository, role_repository
from auth.context import Context
from auth.errors import CannotGrant
from auth.key_use import require_key_scope
from auth.scopes import USERS_READ, USERS_WRITE
from shopkit.auth import Principal
from shopkit.errors import FieldError, InsufficientScope, Invalid, InvalidToken


async def require_current(context: Context, actor: Principal, needed: str = USERS_READ) -> None:
    """Raises InvalidToken once the caller's session is over, InsufficientScope once they may not
    read it any more: by the database, since the token may be older than either."""
    if actor.made_by:
        await require_key_scope(context, actor, needed)
        return
    await context.database.read(scopes_now, actor=actor, needed=needed, now=context.clock.now())


def require_scopes(
    conn: Connection, actor: Principal, concerned: Iterable[str], now: datetime
) -> None:
    """Raises InvalidToken, InsufficientScope, and CannotGrant when the actor lacks one of those
    concerned."""
    lacking = set(concerned) - scopes_now(conn, actor=actor, needed=USERS_WRITE, now=now)
    if lacking:
        raise CannotGrant(lacking)


def scopes_now(conn: Connection, *, actor: Principal, needed: str, now: datetime) -> frozenset[str]:
    """Of a person. Raises InvalidToken once their session is over, and InsufficientScope."""
    user = repository.find_user_of_session(
        conn, user_id=actor.id, session_id=actor.session_id, now=now
    )
    if user is None:
        raise InvalidToken
    if needed not in user.scopes:
        raise InsufficientScope(needed)
    return frozenset(user.scopes)


def scopes_of(conn: Connection, names: Iterable[str]) -> frozenset[str]:
    """All that these roles allow. Raises Invalid for a role that does not exist."""
    known = {role.name: role.scopes for role in role_repository.list_roles(conn)}
    unknown = sorted(set(names) - known.keys())
    if unknown:
        detail = f"There is no role {', '.join(unknown)}; there are {', '.join(sorted(known))}."
        raise Invalid(
            "Some roles do not exist.", errors=[FieldError("/roles", "unknown_role", detail)]
        )
    return frozenset(scope for name in names for scope in known[name])
