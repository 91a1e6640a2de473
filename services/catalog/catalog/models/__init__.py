"""Catalog's tables. The search index is not here: it differs between the databases."""

from catalog.models.imports import import_changes, import_errors, imports
from catalog.models.metadata import metadata
from catalog.models.places import old_slugs, refilings
from catalog.models.products import categories, product_categories, product_groups, products
from catalog.models.records import audit_log, idempotency_keys
from catalog.models.stock import reservation_lines, reservations, returns, stock, stock_movements

__all__ = [
    "audit_log",
    "categories",
    "idempotency_keys",
    "import_changes",
    "import_errors",
    "imports",
    "metadata",
    "old_slugs",
    "product_categories",
    "product_groups",
    "products",
    "refilings",
    "reservation_lines",
    "reservations",
    "returns",
    "stock",
    "stock_movements",
]
