"""One's own sessions."""

from typing import Any

from auth import own_sessions
from auth.deps import Auth, CursorText
from auth.schemas import Session
from shopkit.app import PathId
from shopkit.auth import CurrentUser
from shopkit.routing import new_router
from shopkit.schemas import CountedPage, Limit, QueryBool

router = new_router()


@router.get(
    "/api/auth/sessions",
    summary="List my sessions",
    response_model=CountedPage[Session],
    response_model_exclude_unset=True,
    tags=["Sessions"],
)
async def list_sessions(
    user: CurrentUser,
    auth: Auth,
    limit: Limit = 20,
    cursor: CursorText = None,
    count: QueryBool = False,
) -> dict[str, Any]:
    """Where the caller is logged in, newest first."""
    page = await own_sessions.list_sessions(
        auth, principal=user, cursor=cursor, limit=limit, count=count
    )
    items = [{**row._mapping, "current": row.id == user.session_id} for row in page.sessions]
    answer = {"items": items, "next_cursor": page.next_cursor}
    return answer if page.total is None else {**answer, "total": page.total}


@router.delete(
    "/api/auth/sessions/{session_id}",
    summary="End one of my sessions",
    status_code=204,
    tags=["Sessions"],
)
async def end_session(session_id: PathId, user: CurrentUser, auth: Auth) -> None:
    """Log out there: its refresh token is worth nothing any more. 404 if it is over already.

    Its access token is refused everywhere within seconds.
    """
    await own_sessions.end_session(auth, principal=user, session_id=session_id)
