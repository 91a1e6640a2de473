"""Claims as checkout makes them, and as the reconciler reads them. All can be repeated."""

from typing import Annotated, Any

from fastapi import Response

from cart import claims, errors
from cart.claim_rows import find_statuses, list_claims
from cart.deps import CartContext
from cart.schemas import (
    ClaimInput,
    ClaimLookup,
    ClaimOut,
    ClaimQuery,
    ClaimsOut,
    SnapshotOut,
)
from shopkit.app import PathId
from shopkit.auth import Caller, Principal
from shopkit.guests import user_owner
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
Orders = Annotated[Principal, Caller("orders")]


@router.get(
    "/internal/claims",
    summary="List carts that orders have",
    response_model=ClaimsOut,
)
async def list_claimed_and_converted(
    query: Annotated[ClaimQuery, FromQuery(ClaimQuery)], context: CartContext, _: Orders
) -> Any:
    """By order id, which is by the time of the order, since ids are UUIDv7: what is older than a
    moment is left out by an `after` made of that moment. Go on with the last `order_id` as `after`;
    an empty page is the end. What was released is not listed: look it up."""
    return {"items": await context.database.read(list_claims, **query.model_dump())}


@router.post(
    "/internal/claims/lookup",
    summary="Look claims up",
    response_model=ClaimsOut,
)
async def lookup_claims(payload: ClaimLookup, context: CartContext, _: Orders) -> Any:
    """What became of each, in no order; orders that never claimed anything are absent."""
    return {"items": await context.database.read(find_statuses, order_ids=payload.order_ids)}


@router.put(
    "/internal/claims/{order_id}",
    summary="Take a cart for an order",
    response_model=SnapshotOut,
    responses=problems(
        errors.CartEmpty,
        errors.CartAlreadyCheckedOut,
        errors.QuantityLimit,
        errors.ProductUnavailable,
        errors.ClaimGone,
        errors.ClaimMismatch,
    ),
)
async def claim_cart(
    order_id: PathId, payload: ClaimInput, context: CartContext, _: Orders
) -> Response:
    """open → claimed. The same order and owner again get the same snapshot."""
    if payload.cart_token:
        owner = context.guest_tokens.owner(payload.cart_token)
    else:
        owner = user_owner(str(payload.user_id))
    return json_response(await claims.claim_cart(context, order_id=order_id, owner=owner))


@router.post(
    "/internal/claims/{order_id}/consume",
    summary="The order is confirmed: the cart is spent",
    response_model=ClaimOut,
    responses=problems(errors.ClaimGone),
)
async def consume_claim(order_id: PathId, context: CartContext, _: Orders) -> Response:
    state = await claims.consume_claim(context, order_id=order_id)
    return json_response({"order_id": order_id, "status": state.value})


@router.post(
    "/internal/claims/{order_id}/release",
    summary="The order failed: the cart opens again",
    response_model=ClaimOut,
)
async def release_claim(order_id: PathId, context: CartContext, _: Orders) -> Any:
    """Absorbing: an unknown order gets a tombstone; a converted cart stays converted."""
    state = await claims.release_claim(context, order_id=order_id)
    return {"order_id": order_id, "status": state.value}


@router.get(
    "/internal/claims/{order_id}", summary="What became of a claim", response_model=ClaimOut
)
async def get_claim(order_id: PathId, context: CartContext, _: Orders) -> Any:
    state = await claims.get_claim(context, order_id=order_id)
    return {"order_id": order_id, "status": state.value}
