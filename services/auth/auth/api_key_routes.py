"""API keys, for staff."""

from typing import Annotated, Any

from fastapi import Query, Response

from auth import api_keys
from auth.api_key_schemas import ApiKey, ApiKeyInput, NewApiKey
from auth.deps import Auth, CursorText
from auth.errors import CannotGrant
from auth.staff_errors import TooManyKeys
from shopkit.app import PathId
from shopkit.auth import Principal, Staff
from shopkit.openapi import problems
from shopkit.routing import new_router
from shopkit.schemas import Id, Limit, Page

router = new_router()
Reader = Annotated[Principal, Staff(api_keys.KEYS_READ)]
Writer = Annotated[Principal, Staff(api_keys.KEYS_WRITE)]
MadeBy = Annotated[Id | None, Query(description="Those that this user made")]
TAGS: Any = ["API keys"]


@router.post(
    "/api/auth/keys",
    summary="Make an API key",
    status_code=201,
    response_model=NewApiKey,
    responses=problems(CannotGrant, TooManyKeys),
    tags=TAGS,
)
async def make_api_key(payload: ApiKeyInput, staff: Writer, response: Response, auth: Auth) -> Any:
    """For a machine. It can do no more than its scopes and yours of the moment allow: what you lose
    it loses, and while you are disabled it is refused. It is shown this once; if the answer gets
    lost, revoke the key and make another.

    Send it as `Authorization: Bearer sk_…`, or get short access tokens with it from
    `POST /api/auth/token` (`client_credentials`). It has no account, cart or orders of its own: 403
    `person_required`.
    """
    made = await api_keys.make_key(auth, actor=staff, **payload.model_dump())
    response.headers["Location"] = f"/api/auth/keys/{made['id']}"
    return made


@router.get("/api/auth/keys", summary="List API keys", response_model=Page[ApiKey], tags=TAGS)
async def list_api_keys(
    staff: Reader,
    auth: Auth,
    made_by: MadeBy = None,
    limit: Limit = 20,
    cursor: CursorText = None,
) -> Any:
    """Your own, or everybody's if you also have `users:write`; newest first, also those that are
    over."""
    page = await api_keys.list_keys(auth, actor=staff, made_by=made_by, cursor=cursor, limit=limit)
    return {"items": page.keys, "next_cursor": page.next_cursor}


@router.get("/api/auth/keys/{key_id}", summary="Get an API key", response_model=ApiKey, tags=TAGS)
async def get_api_key(key_id: PathId, staff: Reader, auth: Auth) -> Any:
    """One of yours, or anybody's if you also have `users:write`."""
    return await api_keys.get_key(auth, actor=staff, key_id=key_id)


@router.delete("/api/auth/keys/{key_id}", summary="Revoke an API key", status_code=204, tags=TAGS)
async def revoke_api_key(key_id: PathId, staff: Writer, auth: Auth) -> None:
    """For good: it is refused here at once, everywhere within seconds, and at once where staff
    change something. One of yours, or anybody's if you also have `users:write`."""
    await api_keys.revoke_key(auth, actor=staff, key_id=key_id)
