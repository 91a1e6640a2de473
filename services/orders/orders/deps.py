"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Header, Request

from orders.context import Context
from orders.drafting import Guest
from shopkit.client_address import client_network
from shopkit.guests import HEADER, guest_token


async def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


OrdersContext = Annotated[Context, Depends(_context)]


async def _guest(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="A guest's token: the cart's, with which its order can be read later.",
        ),
    ] = None,
) -> Guest | None:
    context: Context = request.app.state.context
    token = guest_token(request)
    if token is None:
        return None
    return Guest(token, context.guest_tokens.owner(token), client_network(request))


MaybeGuest = Annotated[Guest | None, Depends(_guest)]
