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
)

routers = (
    facets.router,
    products.router,
    groups.router,
    attributes.router,
    categories.router,
    stock.router,
    prices.router,
    media.router,
    feeds.router,
)
