"""The address book."""

from typing import Any

from fastapi import Response

from orders import address_book
from orders.deps import OrdersContext
from orders.errors import TooManyAddresses
from orders.routes.parts import REPLAYED, TEXT, Count, Cursor, PageLimit
from orders.schemas.addresses import (
    AddressInput,
    AddressPatch,
    AddressReplacement,
    SavedAddress,
)
from orders.views import render_address
from shopkit.app import PathId
from shopkit.auth import CurrentUser
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response, etag
from shopkit.guests import user_owner
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import CountedPage

router = new_router()
TAGS: list[Any] = ["Addresses"]
ETAG = {"ETag": {"description": "The address's version.", "schema": TEXT}}
MADE = {**ETAG, **REPLAYED, "Location": {"description": "The address.", "schema": TEXT}}
CHANGED: dict[int | str, Any] = {200: {"description": "The address as it is now.", "headers": ETAG}}


@router.get(
    "/api/addresses",
    summary="List your addresses",
    response_model=CountedPage[SavedAddress],
    tags=TAGS,
)
async def list_addresses(
    context: OrdersContext,
    user: CurrentUser,
    limit: PageLimit = 20,
    cursor: Cursor = None,
    count: Count = False,
) -> Response:
    """Newest first."""
    owner = user_owner(user.id)
    page = await address_book.list_book(
        context.it, context.cursors, owner=owner, limit=limit, cursor=cursor, count=count
    )
    return json_response(page)


@router.post(
    "/api/addresses",
    summary="Keep an address",
    status_code=201,
    response_model=SavedAddress,
    responses={
        **problems(TooManyAddresses),
        201: {"description": "It is in the address book.", "headers": MADE},
    },
    tags=TAGS,
)
async def create_address(
    context: OrdersContext, user: CurrentUser, key: IdempotencyKey, payload: AddressInput
) -> Response:
    """Name it at checkout by its `id`; the defaults are used where a checkout names none. The
    first address becomes both unless you say otherwise, and another that becomes a default takes
    the place of the one before. Orders have copies: what changes here does not change them."""
    answer = await context.it.database.run(
        address_book.add_address,
        owner=user_owner(user.id),
        payload=payload,
        key=key,
        most=context.most_addresses,
        now=context.it.clock.now(),
    )
    return answer.response()


@router.get(
    "/api/addresses/{address_id}",
    summary="Show an address",
    response_model=SavedAddress,
    responses={200: {"headers": ETAG}, 304: {"description": "It is as you have it."}},
    tags=TAGS,
)
async def get_address(
    address_id: PathId, context: OrdersContext, user: CurrentUser, if_none_match: IfNoneMatch
) -> Response:
    """One of your own."""
    found = await context.it.database.read(
        address_book.get_address, owner=user_owner(user.id), address_id=address_id
    )
    return conditional_response(render_address(found), etag(found["version"]), if_none_match)


@router.put(
    "/api/addresses/{address_id}",
    summary="Replace an address",
    response_model=SavedAddress,
    responses=CHANGED,
    tags=TAGS,
)
async def replace_address(
    address_id: PathId,
    context: OrdersContext,
    user: CurrentUser,
    if_match: IfMatch,
    payload: AddressReplacement,
) -> Response:
    """What you leave out is gone; only whether it is a default stays."""
    changed = await context.it.database.run(
        address_book.replace_address,
        owner=user_owner(user.id),
        address_id=address_id,
        payload=payload,
        if_match=if_match,
        now=context.it.clock.now(),
    )
    return json_response(render_address(changed), headers={"ETag": etag(changed["version"])})


@router.patch(
    "/api/addresses/{address_id}",
    summary="Change an address",
    response_model=SavedAddress,
    responses=CHANGED,
    tags=TAGS,
)
async def patch_address(
    address_id: PathId,
    context: OrdersContext,
    user: CurrentUser,
    if_match: IfMatch,
    payload: AddressPatch,
) -> Response:
    """A merge patch (RFC 7396). `{"default_shipping": true}` makes it the default."""
    changed = await context.it.database.run(
        address_book.patch_address,
        owner=user_owner(user.id),
        address_id=address_id,
        payload=payload,
        if_match=if_match,
        now=context.it.clock.now(),
    )
    return json_response(render_address(changed), headers={"ETag": etag(changed["version"])})


@router.delete(
    "/api/addresses/{address_id}",
    summary="Delete an address",
    status_code=204,
    tags=TAGS,
)
async def delete_address(
    address_id: PathId, context: OrdersContext, user: CurrentUser, if_match: IfMatch
) -> None:
    """Orders that were sent there keep it. If it was a default, there is none until you choose."""
    await context.it.database.run(
        address_book.delete_address,
        owner=user_owner(user.id),
        address_id=address_id,
        if_match=if_match,
    )
