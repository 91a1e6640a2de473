"""What routes ask for."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from cart.context import Context
from cart.guest_tokens import TOKEN_PATTERN, user_owner
from shopkit.auth import Principal
from shopkit.errors import FieldError, Invalid

_TOKEN = re.compile(TOKEN_PATTERN[:-1] + r"\Z")


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


CartContext = Annotated[Context, Depends(_context)]


async def _guest_owner(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="X-Cart-Token",
            description="A guest's token, as the first write answered it. "
            "Not looked at when there is a bearer token.",
        ),
    ] = None,
) -> str | None:
    sent = request.headers.getlist("x-cart-token")
    if not sent:
        return None
    if len(sent) > 1 or not _TOKEN.match(sent[0]):
        error = FieldError(
            "header:X-Cart-Token", "invalid_cart_token", "Send one token, as we answered it."
        )
        raise Invalid("The X-Cart-Token header is not a cart token.", errors=[error])
    context: Context = request.app.state.context
    return context.guest_tokens.owner(sent[0])


GuestOwner = Annotated[str | None, Depends(_guest_owner)]


def owner_of(user: Principal | None, guest: str | None) -> str | None:
    """Whose cart a request means: a user's own one, whatever the guest's token says."""
    return user_owner(user.id) if user else guest
