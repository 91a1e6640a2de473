"""The public API."""

from catalog.routes import categories, feeds, groups, media, products, stock

routers = (
    products.router,
    groups.router,
    categories.router,
    stock.router,
    media.router,
    feeds.router,
)
