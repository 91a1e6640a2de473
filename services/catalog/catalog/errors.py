"""What catalog refuses, besides the general errors of the kit."""

from collections.abc import Iterator
from contextlib import contextmanager

from shopkit.errors import Conflict, FieldError, Gone, Invalid, NotFound, Problem


class SkuTaken(Conflict):
    code, title = "sku_taken", "The SKU is in use"


class SlugTaken(Conflict):
    code, title = "slug_taken", "The slug is in use"


class VariantTaken(Conflict):
    code, title = "variant_taken", "The group has a variant with these options"


class GroupFull(Conflict):
    code, title = "group_full", "The group has as many variants as it may have"


class VariesByInUse(Conflict):
    code, title = "varies_by_in_use", "The group's variants have other options"


class AttributeTaken(Conflict):
    code, title = "attribute_taken", "The attribute's code is in use"


class AttributeNotReady(Conflict):
    code, title = "attribute_not_ready", "Products are still being indexed by the attribute"


class TooManyAttributes(Conflict):
    code, title = "too_many_attributes", "The shop has as many attributes as it may have"


class CategoryCycle(Conflict):
    code, title = "category_cycle", "A category cannot be below itself"


class CategoryTooDeep(Conflict):
    code, title = "category_too_deep", "The category tree would be too deep"


class CategoryNotEmpty(Conflict):
    code, title = "category_not_empty", "The category has products, categories or attributes"


class TooManyCategories(Conflict):
    code, title = "too_many_categories", "The shop has as many categories as it may have"


class TooManySynonyms(Conflict):
    code, title = "too_many_synonyms", "The shop has as many synonyms as it may have"


class StockBelowReserved(Conflict):
    code, title = "stock_below_reserved", "Too little would be left on hand"


class BackorderInUse(Conflict):
    """`short` says how many are missing."""

    code, title = "backorder_in_use", "More is sold than there is"


class StockChanged(Conflict):
    code, title = "stock_changed", "The stock is not what you expected"


class InsufficientStock(Conflict):
    code, title = "insufficient_stock", "Not enough in stock"


class PriceChanged(Conflict):
    code, title = "price_changed", "A price has changed"


class PriceChangeOverlaps(Conflict):
    """`item` is the other one."""

    code, title = "price_change_overlaps", "Another price is scheduled for that time"


class PriceChangeOver(Conflict):
    code, title = "price_change_over", "The price change has come to its end"


class TooManyPriceChanges(Conflict):
    code, title = "too_many_price_changes", "The product has as many price changes as it may have"


class ReservationGone(Gone):
    code, title = "reservation_gone", "The reservation was released or has expired"


class ReservationMismatch(Invalid):
    code, title = "reservation_mismatch", "The order has a reservation of something else"


class ReturnExceedsSale(Conflict):
    code, title = "return_exceeds_sale", "More comes back than was sold and is not back yet"


class ReturnMismatch(Invalid):
    code, title = "return_mismatch", "The return is known with another order or other lines"


class ImportFinished(Conflict):
    code, title = "import_finished", "The import has ended"


class ImportNotUndoable(Conflict):
    code, title = "import_not_undoable", "The import cannot be undone"


class TooManyImports(Conflict):
    code, title = "too_many_imports", "As many imports are waiting as may wait"


class UnusableImage(Invalid):
    code, title = "unusable_image", "The image cannot be used"


class FeedsOff(Conflict):
    code, title = "feeds_off", "The shop makes no feeds"

    def __init__(self) -> None:
        super().__init__(
            "Set STOREFRONT_URL, which `make run` and compose hand on, or else "
            "CATALOG_STOREFRONT_URL: it is where links in feeds lead to."
        )


class UploadTooSlow(Problem):
    status, code, title = 408, "request_timeout", "The request took too long to arrive"


class ProductNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such product.")


@contextmanager
def within(pointer: str) -> Iterator[None]:
    """What is refused in here concerns a part of the input; a conflict is told of it too."""
    try:
        yield
    except Problem as exc:
        exc.errors = [
            FieldError(pointer + error.pointer, error.code, error.detail) for error in exc.errors
        ] or [FieldError(pointer, exc.code, exc.detail)]
        raise


def invalid_field(pointer: str, code: str, detail: str) -> Invalid:
    """One field that only the database could tell to be wrong."""
    return Invalid("Some of the input is not valid.", errors=[FieldError(pointer, code, detail)])
