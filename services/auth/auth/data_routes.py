"""One's own data: what auth keeps of who asks."""

from typing import Any

from auth import export
from auth.deps import Auth
from auth.schemas import AccountExport
from shopkit.auth import CurrentUser
from shopkit.downloads import download
from shopkit.routing import new_router

router = new_router()
TAGS: list[Any] = ["Your data"]


@router.get(
    "/api/auth/export",
    summary="Take your account along",
    response_model=AccountExport,
    tags=TAGS,
)
async def export_account(user: CurrentUser, auth: Auth) -> Any:
    """Your account, preferences and sessions, as one file. Passwords and tokens are not in it: only
    their hashes are kept."""
    return await download("account.json", await export.export_account(auth, principal=user))
