"""What can go wrong with a cart; the codes are public."""

from shopkit.errors import Conflict, Gone, NotFound, Problem


class Moved(Exception):
    """The cart is no longer at the version that was read: read it again and decide anew."""


class ProductNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such product, or it is not for sale.")


class NotInCart(NotFound):
    def __init__(self) -> None:
        super().__init__("This product is not in the cart.")


def are(count: int) -> str:
    return f"{count} is" if count == 1 else f"{count} are"


class InsufficientStock(Conflict):
    """`available` pieces are there; `items` names the line as checkout does."""

    code, title = "insufficient_stock", "Not that many in stock"

    def __init__(self, product_id: str, requested: int, available: int) -> None:
        item = {"product_id": product_id, "requested": requested, "available": available}
        super().__init__(
            f"The cart would hold {requested}, but only {are(available)} available.",
            available=available,
            items=[item],
        )


class CurrencyMismatch(Conflict):
    code, title = "currency_mismatch", "The cart is in another currency"

    def __init__(self, cart: str, product: str) -> None:
        super().__init__(f"The cart is in {cart}, this product is sold in {product}.")


class CartFull(Conflict):
    code, title = "cart_full", "The cart has no room for another product"

    def __init__(self, most: int) -> None:
        super().__init__(f"A cart holds up to {most} different products.")


class QuantityLimit(Conflict):
    code, title = "quantity_limit", "Too many pieces of one product"

    def __init__(self, most: int) -> None:
        super().__init__(f"A cart holds up to {most} pieces of one product.", maximum=most)


class CartLocked(Conflict):
    code, title = "cart_locked", "The cart is being checked out"

    def __init__(self, order_id: str | None) -> None:
        super().__init__(
            "An order is being made of this cart. It opens again if that order fails.",
            order_id=order_id,
        )


class CartEmpty(Conflict):
    code, title = "cart_empty", "The cart is empty"

    def __init__(self) -> None:
        super().__init__("There is nothing in the cart to order.")


class CartAlreadyCheckedOut(Conflict):
    code, title = "cart_already_checked_out", "The cart is, or was, checked out by another order"

    def __init__(self, order_id: str | None) -> None:
        super().__init__("Another order was made of this cart.", order_id=order_id)


class ProductUnavailable(Conflict):
    code, title = "product_unavailable", "Something in the cart cannot be bought"

    def __init__(self, items: list[dict[str, str]]) -> None:
        super().__init__("Remove what is no longer sold and try again.", items=items)


class ClaimGone(Gone):
    code, title = "claim_gone", "The claim was released"

    def __init__(self) -> None:
        super().__init__("This claim was released and cannot come back.")


class ClaimMismatch(Problem):
    status, code, title = 422, "claim_mismatch", "The order has claimed another cart"

    def __init__(self) -> None:
        super().__init__("This order id belongs to a claim on somebody else's cart.")
