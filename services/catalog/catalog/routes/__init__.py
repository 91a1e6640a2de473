"""The public API."""

from catalog.routes import categories, groups, products, stock, synonyms

routers = (products.router, groups.router, categories.router, stock.router, synonyms.router)
