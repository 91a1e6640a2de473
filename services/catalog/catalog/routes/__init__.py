"""The public API."""

from catalog.routes import categories, groups, products, stock, suggest, synonyms

routers = (
    suggest.router,
    products.router,
    groups.router,
    categories.router,
    stock.router,
    synonyms.router,
)
