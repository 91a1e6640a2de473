"""What other services ask of auth."""

from typing import Annotated, Any

from fastapi import Query, Request

from auth.deps import Auth
from auth.events import list_events
from auth.forms import read_form, with_client
from auth.key_use import issue_key_token, use_key
from auth.oauth import issue_service_token
from auth.schemas import ClientToken, EventPage, Jwks, KeyInput, ServiceTokenAnswer
from shopkit.auth import Caller, Principal, Public
from shopkit.errors import InvalidToken, NotFound
from shopkit.routing import new_router

router = new_router()
Service = Annotated[Principal, Caller("catalog", "cart", "orders")]
After = Annotated[
    int | None, Query(ge=0, le=2**53, description="`next_after` of the answer before")
]


@router.get("/internal/jwks.json", response_model=Jwks)
async def get_internal_jwks(auth: Auth, _: Public) -> dict[str, Any]:
    return auth.keys.jwks()


@router.post("/internal/token", response_model=ServiceTokenAnswer)
async def issue_internal_token(request: Request, auth: Auth, _: Public) -> dict[str, Any]:
    """Client credentials (RFC 6749, 4.4) in the form, or as `Authorization: Basic`."""
    form = with_client(await read_form(request), request)
    return issue_service_token(auth, form)


@router.post("/internal/keys/exchange", response_model=ClientToken)
async def exchange_api_key(payload: KeyInput, _: Service, auth: Auth) -> dict[str, Any]:
    """An access token in place of an API key; 404 for one that is no good. 401 would be about the
    caller's own token."""
    try:
        return issue_key_token(auth, await use_key(auth, payload.key))
    except InvalidToken:
        raise NotFound from None


@router.get("/internal/events", response_model=EventPage)
async def list_events_since(_: Service, auth: Auth, after: After = None) -> dict[str, Any]:
    """What has happened since, oldest first; without `after`, what can concern a token that is
    alive. A `next_after` below `after` says that auth has forgotten: begin anew."""
    now = auth.clock.now()
    return vars(await auth.database.read(list_events, after=after, now=now))
