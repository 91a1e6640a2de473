"""The public API."""

from catalog.routes import bulk, categories, groups, imports, products, stock

routers = (
    bulk.router,  # before products: its paths are no slugs
    products.router,
    groups.router,
    categories.router,
    stock.router,
    imports.router,
)
