"""What catalog refuses, besides the general errors of the kit."""

from shopkit.errors import Conflict, FieldError, Gone, Invalid, NotFound


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


class CategoryCycle(Conflict):
    code, title = "category_cycle", "A category cannot be below itself"


class CategoryTooDeep(Conflict):
    code, title = "category_too_deep", "The category tree would be too deep"


class CategoryNotEmpty(Conflict):
    code, title = "category_not_empty", "The category has products or categories in it"


class TooManyCategories(Conflict):
    code, title = "too_many_categories", "The shop has as many categories as it may have"


class StockBelowReserved(Conflict):
    code, title = "stock_below_reserved", "More is reserved than would be on hand"


class StockChanged(Conflict):
    code, title = "stock_changed", "The stock is not what you expected"


class InsufficientStock(Conflict):
    code, title = "insufficient_stock", "Not enough in stock"


class PriceChanged(Conflict):
    code, title = "price_changed", "A price has changed"


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


class ProductNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such product.")


def invalid_field(pointer: str, code: str, detail: str) -> Invalid:
    """One field that only the database could tell to be wrong."""
    return Invalid("Some of the input is not valid.", errors=[FieldError(pointer, code, detail)])
