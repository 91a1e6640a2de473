"""The public API."""

from catalog.routes import (
    attributes,
    bulk,
    categories,
    facets,
    feeds,
    groups,
    imports,
    media,
    prices,
    products,
    stock,
    suggest,
    synonyms,
)

routers = (
    bulk.router,  # before products: these paths are no slugs
    facets.router,
    suggest.router,
    products.router,
    groups.router,
    attributes.router,
    categories.router,
    stock.router,
    imports.router,
    prices.router,
    media.router,
    feeds.router,
    synonyms.router,
)
