"""What routes are given."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from auth.context import Context
from auth.key_ring import KeyRing
from shopkit.pagination import Cursors


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


async def _keys(request: Request) -> KeyRing:
    found: KeyRing = request.app.state.keys
    return found


async def _cursors(request: Request) -> Cursors:
    found: Cursors = request.app.state.cursors
    return found


async def _clients(request: Request) -> dict[str, SecretStr]:
    found: dict[str, SecretStr] = request.app.state.service_clients
    return found


Auth = Annotated[Context, Depends(_context)]
Keys = Annotated[KeyRing, Depends(_keys)]
CursorKey = Annotated[Cursors, Depends(_cursors)]
ServiceClients = Annotated[dict[str, SecretStr], Depends(_clients)]
