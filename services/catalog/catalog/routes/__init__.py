"""The public API."""

from catalog.routes import categories, feeds, groups, media, prices, products, stock

routers = (
    products.router,
    groups.router,
    categories.router,
    stock.router,
    prices.router,
    media.router,
    feeds.router,
)
