"""Every scope that there is: what a role can be made of, and what a call can ask for."""

SCOPES = {
    "products:read": "See drafts, archived products, and past and coming prices",
    "products:write": "Create, change and delete products and product groups",
    "categories:read": "See categories, as everybody does",
    "categories:write": "Create, change, move and delete categories",
    "inventory:read": "See stock, reservations and the stock ledger",
    "inventory:write": "Count and adjust stock",
    "orders:read": "See everybody's orders",
    "orders:write": "Cancel orders, send them and take returns",
    "payments:read": "See discrepancies between orders and payments",
    "payments:write": "Mark orders as paid and close discrepancies",
    "refunds:read": "See refunds; they are part of orders, so `orders:read` is enough today",
    "refunds:write": "Give money back",
    "promotions:read": "See promotions; nothing asks for it yet",
    "promotions:write": "Change promotions; nothing asks for it yet",
    "users:read": "See accounts, roles and invitations",
    "users:write": "Give and change roles, invite staff, disable and delete accounts, within one's "
    "own scopes",
    "audit:read": "See what staff did",
    "keys:read": "See one's own API keys; with `users:write` everybody's",
    "keys:write": "Make API keys within one's own scopes, and revoke those one sees",
    "webhooks:read": "See webhooks; nothing asks for it yet",
    "webhooks:write": "Change webhooks; nothing asks for it yet",
}
USERS_READ, USERS_WRITE = "users:read", "users:write"
NOT_FOR_KEYS = frozenset({"keys:read", "keys:write", "users:write"})
"""With which one gets or gives rights: only people do."""
