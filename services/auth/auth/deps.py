"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from auth.context import Context


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


Auth = Annotated[Context, Depends(_context)]
