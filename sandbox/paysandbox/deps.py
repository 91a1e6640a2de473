"""What routes ask for."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from paysandbox.context import Context
from shopkit.auth import Policy, bearer_token
from shopkit.errors import InvalidToken, NotAuthenticated


@dataclass(frozen=True)
class KeyHolder(Policy):
    """The shop, which has the API key."""

    async def __call__(self, request: Request) -> None:
        sent = bearer_token(request)
        if sent is None:
            raise NotAuthenticated("Send `Authorization: Bearer <API key>`.")
        if not hmac.compare_digest(sent.encode(), request.app.state.api_key):
            raise InvalidToken


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Shop = Annotated[None, Depends(KeyHolder("service"))]
SandboxContext = Annotated[Context, Depends(_context)]
