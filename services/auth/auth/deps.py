"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Query, Request

from auth.context import Context
from auth.domain import Client, shown_user_agent
from auth.scopes import USERS_READ, USERS_WRITE
from shopkit.auth import Principal, Staff
from shopkit.client_address import client_network
from shopkit.pagination import MAX_CURSOR


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


async def _context_with_place(request: Request) -> Context:
    """A flood is refused before its bodies are read."""
    context = await _context(request)
    context.hasher.refuse_when_full()
    return context


async def _client(request: Request) -> Client:
    user_agent = shown_user_agent(request.headers.get("user-agent", ""))
    return Client(user_agent, client_network(request))


Auth = Annotated[Context, Depends(_context)]
AuthWithPlace = Annotated[Context, Depends(_context_with_place)]
"""For what hashes a password; raises Busy."""
Caller = Annotated[Client, Depends(_client)]
UserReader = Annotated[Principal, Staff(USERS_READ)]
UserWriter = Annotated[Principal, Staff(USERS_WRITE)]
CursorText = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of a page")
]
