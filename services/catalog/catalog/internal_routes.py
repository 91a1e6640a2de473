"""What other services call, with service tokens."""

from typing import Annotated, Any

from fastapi import Response

from catalog import reservations, returns
from catalog.deps import CatalogContext
from catalog.errors import (
    InsufficientStock,
    PriceChanged,
    ReservationGone,
    ReservationMismatch,
    ReturnExceedsSale,
    ReturnMismatch,
)
from catalog.repository.products import lookup_products as read_products
from catalog.repository.reservations import find_statuses, list_reservations
from catalog.schemas.internal import (
    ListedReservations,
    LookedUpProducts,
    LookedUpReservations,
    ProductLookup,
    Reservation,
    ReservationInput,
    ReservationLookup,
    ReservationQuery,
    Return,
    ReturnInput,
)
from shopkit.app import PathId
from shopkit.auth import Caller, Principal
from shopkit.openapi import problems
from shopkit.query import FromQuery
from shopkit.responses import json_response
from shopkit.routing import new_router

router = new_router()
Orders = Annotated[Principal, Caller("orders")]
CartOrOrders = Annotated[Principal, Caller("cart", "orders")]


@router.post(
    "/internal/products/lookup",
    summary="Look products up",
    response_model=LookedUpProducts,
)
async def lookup_products(
    payload: ProductLookup, _: CartOrOrders, context: CatalogContext
) -> Response:
    """Price, status and availability of all at once."""
    found = await context.database.read(read_products, ids=payload.ids)
    return json_response(
        {"items": [found[id_] for id_ in dict.fromkeys(payload.ids) if id_ in found]}
    )


@router.get(
    "/internal/reservations",
    summary="List what is held or sold",
    response_model=ListedReservations,
)
async def list_held_and_sold(
    query: Annotated[ReservationQuery, FromQuery(ReservationQuery)],
    _: Orders,
    context: CatalogContext,
) -> Any:
    """By order id, which is by the time of the order, since ids are UUIDv7: what is older than a
    moment is left out by an `after` made of that moment. What has ended is not listed: look it
    up."""
    return {"items": await context.database.read(list_reservations, **query.model_dump())}


@router.post(
    "/internal/reservations/lookup",
    summary="Look reservations up",
    response_model=LookedUpReservations,
)
async def lookup_reservations(
    payload: ReservationLookup, _: Orders, context: CatalogContext
) -> Any:
    """The status of each, also of those that have ended."""
    return {"items": await context.database.read(find_statuses, order_ids=payload.order_ids)}


@router.put(
    "/internal/reservations/{order_id}",
    summary="Reserve stock for an order",
    response_model=Reservation,
    responses=problems(InsufficientStock, PriceChanged, ReservationGone, ReservationMismatch),
)
async def reserve_stock(
    order_id: PathId, payload: ReservationInput, _: Orders, context: CatalogContext
) -> Response:
    """All or nothing. The same lines again: the same answer; `ttl_seconds` counts once only."""
    context.slow.give_way()
    held = await context.database.run(
        reservations.reserve, order_id=order_id, payload=payload, now=context.clock.now()
    )
    return json_response(held)


@router.get(
    "/internal/reservations/{order_id}",
    summary="Get an order's reservation",
    response_model=Reservation,
)
async def get_reservation(order_id: PathId, _: Orders, context: CatalogContext) -> Any:
    return await context.database.read(reservations.get_reservation, order_id=order_id)


@router.post(
    "/internal/reservations/{order_id}/commit",
    summary="Sell what is reserved",
    response_model=Reservation,
    responses=problems(ReservationGone),
)
async def commit_reservation(order_id: PathId, _: Orders, context: CatalogContext) -> Response:
    sold = await context.database.run(
        reservations.commit, order_id=order_id, now=context.clock.now()
    )
    return json_response(sold)


@router.post(
    "/internal/reservations/{order_id}/release",
    summary="Give up a reservation, or what was sold with it",
    response_model=Reservation,
)
async def release_reservation(order_id: PathId, _: Orders, context: CatalogContext) -> Any:
    """Always 200: an order that never reserved anything will never be able to."""
    return await context.database.run(
        reservations.release, order_id=order_id, now=context.clock.now()
    )


@router.put(
    "/internal/returns/{return_id}",
    summary="Put goods that came back into stock",
    response_model=Return,
    responses=problems(ReturnExceedsSale, ReturnMismatch),
)
async def take_back(
    return_id: PathId, payload: ReturnInput, _: Orders, context: CatalogContext
) -> Any:
    """Once: the same return again gets the same answer. Never more than the order's reservation
    sold and has not come back yet; a later release puts back only the rest."""
    return await context.database.run(
        returns.take_back, return_id=return_id, payload=payload, now=context.clock.now()
    )
