"""The public API."""

from catalog.routes import categories, groups, prices, products, stock

routers = (products.router, groups.router, categories.router, stock.router, prices.router)
