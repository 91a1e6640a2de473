"""The public keys, for anybody."""

import hashlib
import json
from typing import Any

from fastapi import Response

from auth.answers import NOT_MODIFIED
from auth.deps import Auth
from auth.schemas import Jwks
from shopkit.auth import Public
from shopkit.conditional import IfNoneMatch, etag, not_modified
from shopkit.routing import new_router

router = new_router()
MAX_AGE = 300
"""Seconds; with the 5 minutes between two fetches of a service still less than the overlap."""


@router.get(
    "/api/auth/.well-known/jwks.json",
    summary="Public keys",
    response_model=Jwks,
    responses=NOT_MODIFIED,
    tags=["Keys"],
)
async def get_jwks(response: Response, auth: Auth, _: Public, if_none_match: IfNoneMatch) -> Any:
    """The keys that access tokens are verified with (RFC 7517): ES256, found by `kid`."""
    document = auth.keys.jwks()
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    headers = {"ETag": etag(digest[:20]), "Cache-Control": f"public, max-age={MAX_AGE}"}
    if not_modified(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return document
