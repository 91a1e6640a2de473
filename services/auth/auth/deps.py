"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Query, Request

from auth.context import Context
from auth.domain import shown_user_agent


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


async def _user_agent(request: Request) -> str | None:
    return shown_user_agent(request.headers.get("user-agent", ""))


Auth = Annotated[Context, Depends(_context)]
CursorText = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of a page")]
UserAgent = Annotated[str | None, Depends(_user_agent)]
