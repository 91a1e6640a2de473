"""What routes ask for."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from cart.context import Context
from cart.guest_tokens import TOKEN_PATTERN, user_owner
from shopkit.auth import Principal
from shopkit.errors import FieldError, Invalid

_TOKEN = re.compile(TOKEN_PATTERN[:-1] + r"\Z")


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
            alias="X-Cart-Token",
            description="A guest's token, as the first write answered it. "
            "With a bearer token, the user's cart counts.",
        ),
    ] = None,
) -> Visit:
    context: Context = request.app.state.context
    sent = request.headers.getlist("x-cart-token")
    if not sent:
        return Visit(context, None)
    if len(sent) > 1 or not _TOKEN.match(sent[0]):
        error = FieldError(
            "header:X-Cart-Token", "invalid_cart_token", "Send one token, as we answered it."
        )
        raise Invalid("The X-Cart-Token header is not a cart token.", errors=[error])
    return Visit(context, context.guest_tokens.owner(sent[0]))


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


CartVisit = Annotated[Visit, Depends(_visit)]
CartContext = Annotated[Context, Depends(_context)]
