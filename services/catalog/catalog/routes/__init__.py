"""The public API."""

from catalog.routes import (
    attributes,
    categories,
    facets,
    feeds,
    groups,
    media,
    prices,
    products,
    stock,
    suggest,
    synonyms,
)

routers = (
    facets.router,
    suggest.router,
    products.router,
    groups.router,
    attributes.router,
    categories.router,
    stock.router,
    prices.router,
    media.router,
    feeds.router,
    synonyms.router,
)
