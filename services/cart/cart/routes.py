"""The public calls: /api/cart."""

from typing import Any

from fastapi import Response

from cart import errors
from cart.change_cart import Terms, change_cart
from cart.deps import CartContext, CartVisit
from cart.domain import AddProduct, Change, Clear, RemoveProduct, SetQuantity
from cart.etags import cart_etag
from cart.export import cart_pages
from cart.merge_carts import merge_carts as merge
from cart.read_cart import get_cart as read
from cart.schemas import (
    CartItemInput,
    CartOut,
    CartsExport,
    MergedCartOut,
    MergeInput,
    QuantityInput,
)
from shopkit.app import PathId
from shopkit.auth import CurrentUser, MaybePerson
from shopkit.conditional import IfMatch, IfNoneMatch, conditional_response
from shopkit.downloads import download
from shopkit.errors import StorageFull
from shopkit.guests import user_owner
from shopkit.idempotency import IdempotencyKey, fingerprint
from shopkit.ids import is_id
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()

TEXT = {"type": "string"}
ETAG = {"ETag": {"description": "Of the whole answer, prices included.", "schema": TEXT}}
NEW_TOKEN = {
    "X-Cart-Token": {
        "description": "A guest's new token: keep it, and send it with every request from now on.",
        "schema": TEXT,
    }
}
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole cart.", "headers": ETAG},
    **problems(StorageFull),
}
TAGS: list[Any] = ["Cart"]


@router.get(
    "/api/cart",
    summary="Show the cart",
    response_model=CartOut,
    responses={
        200: {"description": "The whole cart.", "headers": ETAG},
        304: {"description": "It is as you have it."},
    },
    tags=TAGS,
)
async def get_cart(
    visit: CartVisit,
    user: MaybePerson,
    if_none_match: IfNoneMatch,
) -> Response:
    """The user's cart, or with `X-Cart-Token` a guest's; an empty one when there is none.

    Prices and stock are today's. `warnings` says what has changed since it was added:
    `price_changed`, `insufficient_stock` (counts at its full quantity, but cannot be ordered like
    that) and `unavailable` (stays in the cart, but counts 0).
    """
    view = await read(visit.context, owner=visit.owner(user))
    return conditional_response(view, cart_etag(view), if_none_match)


@router.post(
    "/api/cart",
    summary="Put a product into the cart",
    status_code=201,
    response_model=CartOut,
    responses={
        201: {"description": "The whole cart.", "headers": ETAG | NEW_TOKEN},
        **problems(
            errors.ProductNotFound,
            errors.InsufficientStock,
            errors.CurrencyMismatch,
            errors.CartFull,
            errors.QuantityLimit,
            errors.CartLocked,
        ),
    },
    tags=TAGS,
)
async def add_to_cart(
    payload: CartItemInput,
    visit: CartVisit,
    user: MaybePerson,
    key: IdempotencyKey,
    if_match: IfMatch,
) -> Response:
    """Adds to the line that is there already. Stock is checked for both together.

    Without a bearer token, and without an `X-Cart-Token` that opens a cart, this makes a new
    guest's cart and answers its token in `X-Cart-Token`.
    """
    if not is_id(payload.product_id):
        raise errors.ProductNotFound
    terms = Terms(
        status=201,
        if_match=if_match,
        key=key,
        route="add_to_cart",
        fingerprint=fingerprint(payload) if key else "",
    )
    change = AddProduct(payload.product_id, payload.quantity, visit.context.most_per_line)
    answer = await change_cart(visit.context, owner=visit.owner(user), change=change, terms=terms)
    return answer.response()


@router.patch(
    "/api/cart/{product_id}",
    summary="Set the quantity of a product",
    response_model=CartOut,
    responses=ANSWER
    | problems(errors.NotInCart, errors.InsufficientStock, errors.QuantityLimit, errors.CartLocked),
    tags=TAGS,
)
async def set_cart_quantity(
    product_id: PathId,
    payload: QuantityInput,
    visit: CartVisit,
    user: MaybePerson,
    if_match: IfMatch,
) -> Response:
    """0 removes the line. Refused when there are fewer in stock than asked for, or when it is more
    than one line may hold (`quantity_limit`, with the `maximum`)."""
    change: Change = RemoveProduct(product_id)
    if payload.quantity:
        change = SetQuantity(product_id, payload.quantity, visit.context.most_per_line)
    answer = await change_cart(
        visit.context, owner=visit.owner(user), change=change, terms=Terms(if_match=if_match)
    )
    return answer.response()


@router.delete(
    "/api/cart/{product_id}",
    summary="Take a product out of the cart",
    response_model=CartOut,
    responses=ANSWER | problems(errors.NotInCart, errors.CartLocked),
    tags=TAGS,
)
async def remove_from_cart(
    product_id: PathId,
    visit: CartVisit,
    user: MaybePerson,
    if_match: IfMatch,
) -> Response:
    """Answers what is left."""
    answer = await change_cart(
        visit.context,
        owner=visit.owner(user),
        change=RemoveProduct(product_id),
        terms=Terms(if_match=if_match),
    )
    return answer.response()


@router.delete(
    "/api/cart",
    summary="Empty the cart",
    response_model=CartOut,
    responses=ANSWER | problems(errors.CartLocked),
    tags=TAGS,
)
async def clear_cart(
    visit: CartVisit,
    user: MaybePerson,
    if_match: IfMatch,
) -> Response:
    """The cart stays the owner's, without anything in it."""
    answer = await change_cart(
        visit.context, owner=visit.owner(user), change=Clear(), terms=Terms(if_match=if_match)
    )
    return answer.response()


@router.post(
    "/api/cart/merge",
    summary="Take over a guest's cart after login",
    response_model=MergedCartOut,
    responses=ANSWER | problems(errors.CartLocked),
    tags=TAGS,
)
async def merge_carts(
    payload: MergeInput,
    context: CartContext,
    user: CurrentUser,
    key: IdempotencyKey,
) -> Response:
    """Moves the guest's lines into the user's cart, all or nothing, and says per line what became
    of it: `moved`, `summed` with the user's own line, `capped` by stock or the limit of a line, or
    `dropped` (`reason` says why). The user's own lines never shrink.

    The guest's token is spent afterwards. Repeating the call changes nothing and answers the same
    report; a token that opens no cart gives an empty one.
    """
    terms = Terms(key=key, route="merge_carts", fingerprint=fingerprint(payload) if key else "")
    guest = context.guest_tokens.owner(payload.cart_token)
    owner = user_owner(user.id)
    answer = await merge(context, owner=owner, guest=guest, terms=terms)
    return answer.response()


@router.get(
    "/api/cart/export",
    summary="Take your carts along",
    response_model=CartsExport,
    tags=["Your data"],
)
async def export_carts(context: CartContext, user: CurrentUser) -> Response:
    """Your cart, and those that became orders as long as they are kept, as one file. An answer that
    breaks off is not whole: ask again."""
    carts = cart_pages(context, owner=user_owner(user.id))
    return await download("cart.json", {"exported_at": context.clock.now()}, {"carts": carts})
