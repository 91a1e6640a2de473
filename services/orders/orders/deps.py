"""What routes ask for."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from orders.context import Context
from shopkit.errors import FieldError, Invalid

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # as cart makes them


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


OrdersContext = Annotated[Context, Depends(_context)]


@dataclass(frozen=True)
class Guest:
    token: str
    owner: str


async def _guest(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="X-Cart-Token",
            description="A guest's token: the cart's, with which its order can be read later.",
        ),
    ] = None,
) -> Guest | None:
    sent = request.headers.getlist("x-cart-token")
    if not sent:
        return None
    if len(sent) > 1 or not _TOKEN.fullmatch(sent[0]):
        error = FieldError(
            "header:X-Cart-Token", "invalid_cart_token", "Send one token, as the cart answered it."
        )
        raise Invalid("The X-Cart-Token header is not a cart token.", errors=[error])
    context: Context = request.app.state.context
    return Guest(sent[0], context.guests.owner(sent[0]))


MaybeGuest = Annotated[Guest | None, Depends(_guest)]
