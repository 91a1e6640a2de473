"""Catalog's tables. The search index is not here: it differs between the databases."""

from catalog.models.attributes import (
    attribute_categories,
    attribute_values,
    attributes,
    product_values,
)
from catalog.models.feeds import feeds
from catalog.models.imports import import_changes, import_errors, imports
from catalog.models.media import media, media_leftovers, product_media
from catalog.models.metadata import metadata
from catalog.models.places import old_slugs, refilings
from catalog.models.prices import price_changes, price_history
from catalog.models.products import categories, product_categories, product_groups, products
from catalog.models.records import audit_log, idempotency_keys
from catalog.models.search import search_words, synonym_edition, synonyms
from catalog.models.stock import reservation_lines, reservations, returns, stock, stock_movements

__all__ = [
    "attribute_categories",
    "attribute_values",
    "attributes",
    "audit_log",
    "categories",
    "feeds",
    "idempotency_keys",
    "import_changes",
    "import_errors",
    "imports",
    "media",
    "media_leftovers",
    "metadata",
    "old_slugs",
    "price_changes",
    "price_history",
    "product_categories",
    "product_groups",
    "product_media",
    "product_values",
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
