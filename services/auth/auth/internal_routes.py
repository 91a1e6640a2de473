"""What other services ask of auth."""

from typing import Any

from fastapi import Request

from auth.deps import Auth
from auth.forms import read_form, with_client
from auth.oauth import issue_service_token
from auth.schemas import Jwks, ServiceTokenAnswer
from shopkit.auth import Public
from shopkit.routing import new_router

router = new_router()


@router.get("/internal/jwks.json", response_model=Jwks)
async def get_internal_jwks(auth: Auth, _: Public) -> dict[str, Any]:
    return auth.keys.jwks()


@router.post("/internal/token", response_model=ServiceTokenAnswer)
async def issue_internal_token(request: Request, auth: Auth, _: Public) -> dict[str, Any]:
    """Client credentials (RFC 6749, 4.4) in the form, or as `Authorization: Basic`."""
    form = with_client(await read_form(request), request)
    return issue_service_token(auth, form)
