"""What routes ask for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from cart.context import Context
from shopkit.auth import Principal
from shopkit.guests import HEADER, guest_token, user_owner


@dataclass(frozen=True, slots=True)
class Visit:
    """A request's surroundings; `guest` is the owner that its cart token stands for."""

    context: Context
    guest: str | None

    def owner(self, user: Principal | None) -> str | None:
        """Whose cart is meant: a user's own one, whatever the guest's token says."""
        return user_owner(user.id) if user else self.guest


async def _visit(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="A guest's token, as the first write answered it. "
            "With a bearer token, the user's cart counts.",
        ),
    ] = None,
) -> Visit:
    context: Context = request.app.state.context
    token = guest_token(request)
    return Visit(context, context.guest_tokens.owner(token) if token else None)


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


CartVisit = Annotated[Visit, Depends(_visit)]
CartContext = Annotated[Context, Depends(_context)]
