"""Products, product groups, categories, search, prices, stock and reservations."""
