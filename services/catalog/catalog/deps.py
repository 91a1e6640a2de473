"""What routes ask for."""

import time
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from catalog.context import Context
from shopkit.auth import Principal
from shopkit.errors import InsufficientScope, NotAuthenticated

ANONYMOUS = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=600"
"""The gateway may keep it for a second; browsers ask again, with If-None-Match."""
PERSONAL = "private, no-store"


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


CatalogContext = Annotated[Context, Depends(_context)]
ProductRef = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,120}$", description="The product's id or slug.")
]
GroupRef = Annotated[str, Path(pattern="^[a-z0-9-]{1,120}$", description="The group's id or slug.")]
CategoryRef = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,120}$", description="The category's id or slug.")
]


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have is current."}}
MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "It was renamed: `Location` is its address now."}
}


def moved_to(path: str, user: Principal | None) -> Response:
    """301 to where something is found now."""
    return RedirectResponse(path, 301, headers=caching(user))


def sees_all(user: Principal | None) -> bool:
    """Whether somebody may see products that are not active."""
    return user is not None and not user.scopes.isdisjoint({"products:read", "products:write"})


def require_sees_all(user: Principal | None) -> None:
    """Raises NotAuthenticated or InsufficientScope."""
    if user is None:
        raise NotAuthenticated
    if not sees_all(user):
        raise InsufficientScope("products:read")


def require_category_editor(user: Principal) -> None:
    """Raises InsufficientScope."""
    if "categories:write" not in user.scopes:
        raise InsufficientScope("categories:write")


def caching(user: Principal | None) -> dict[str, str]:
    """Headers that say who may keep an answer."""
    if user is not None:
        return {"Cache-Control": PERSONAL}
    # Without the second one nginx rounds a second up to two, and cannot tell the Age.
    return {"Cache-Control": ANONYMOUS, "X-Accel-Expires": f"@{int(time.time())}"}
