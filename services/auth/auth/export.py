"""What auth keeps of a user, for them to take along; no password's and no token's hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from auth.answers import public
from auth.context import Context
from auth.domain import User
from auth.repository import find_user_of_session
from auth.session_repository import list_all_sessions
from shopkit.auth import Principal
from shopkit.errors import InvalidToken

SHOWN = ("id", "created_at", "last_used_at", "expires_at", "user_agent")


async def export_account(context: Context, *, principal: Principal) -> dict[str, Any]:
    """Raises InvalidToken."""
    now = context.clock.now()
    user, sessions = await context.database.read(_find, principal=principal, now=now)
    return {
        "exported_at": now,
        "account": {name: value for name, value in public(user).items() if name != "disabled"},
        "sessions": [
            {name: row._mapping[name] for name in SHOWN}
            | {"ended_at": row.revoked_at, "ended_because": row.revoked_reason}
            | {"current": row.id == principal.session_id}
            for row in sessions
        ],
    }


def _find(
    conn: Connection, *, principal: Principal, now: datetime
) -> tuple[User, Sequence[Row[Any]]]:
    session_id = principal.session_id
    user = find_user_of_session(conn, user_id=principal.id, session_id=session_id, now=now)
    if user is None:
        raise InvalidToken
    return user, list_all_sessions(conn, user_id=user.id)
