"""The public API."""

from catalog.routes import attributes, categories, groups, products, stock

routers = (
    products.router,
    groups.router,
    attributes.router,
    categories.router,
    stock.router,
)
