"""The public API."""

from catalog.routes import categories, groups, media, products, stock

routers = (products.router, groups.router, categories.router, stock.router, media.router)
