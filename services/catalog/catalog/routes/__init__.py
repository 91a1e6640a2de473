"""The public API."""

from catalog.routes import attributes, categories, facets, groups, products, stock

routers = (
    facets.router,
    products.router,
    groups.router,
    attributes.router,
    categories.router,
    stock.router,
)
