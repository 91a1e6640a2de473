"""Catalog's tables. The search index is not here: it differs between the databases."""

from catalog.models.metadata import metadata
from catalog.models.places import old_slugs, refilings
from catalog.models.products import categories, product_categories, product_groups, products
from catalog.models.records import audit_log, idempotency_keys
from catalog.models.search import search_words, synonym_edition, synonyms
from catalog.models.stock import reservation_lines, reservations, returns, stock, stock_movements

__all__ = [
    "audit_log",
    "categories",
    "idempotency_keys",
    "metadata",
    "old_slugs",
    "product_categories",
    "product_groups",
    "products",
    "refilings",
    "reservation_lines",
    "reservations",
    "returns",
    "search_words",
    "stock",
    "stock_movements",
    "synonym_edition",
    "synonyms",
]
