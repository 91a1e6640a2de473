"""Who may do what, by hand: what the shop declares and does is held against it.

A new operation without a line here fails the test. So does a line without an operation.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    kind: str
    """public: no token is looked at. anyone: with a token, which must be good, or without. shopper:
    the same, but no API key. user: with a token of a person. buyer: with that or a guest's. own:
    with a token, and others' things are not there. owner: the same, and a guest's token will do.
    staff: with a token that has the scope."""
    scope: str = ""
    """What staff need; of an owner's things, what lets staff do it too."""
    body: Any = None
    """One that is good enough to be told whose the thing is."""
    ends_session: bool = False
    destroys: bool = False
    """It is called for what is not there: others still need the thing."""


PUBLIC, ANYONE, SHOPPER, USER = (Rule(kind) for kind in ("public", "anyone", "shopper", "user"))


def staff(scope: str) -> Rule:
    return Rule("staff", scope)


def owner(scope: str, body: Any = None) -> Rule:
    return Rule("owner", scope, body)


AUTH = {
    "POST /api/auth/register": PUBLIC,
    "POST /api/auth/login": PUBLIC,
    "POST /api/auth/token": PUBLIC,
    "POST /api/auth/refresh": PUBLIC,
    "POST /api/auth/logout": PUBLIC,
    "POST /api/auth/logout-all": Rule("user", ends_session=True),
    "GET /api/auth/.well-known/jwks.json": PUBLIC,
    "GET /api/auth/me": USER,
    "PATCH /api/auth/me": USER,
    "POST /api/auth/password": USER,
    "GET /api/auth/second-factor": USER,
    "POST /api/auth/second-factor": USER,
    "POST /api/auth/second-factor/confirm": USER,
    "POST /api/auth/second-factor/recovery-codes": USER,
    "DELETE /api/auth/second-factor": USER,
    "POST /api/auth/password/reset-request": PUBLIC,
    "POST /api/auth/password/reset": PUBLIC,
    "POST /api/auth/email/verification": USER,
    "POST /api/auth/email/verify": PUBLIC,
    "POST /api/auth/email/change": USER,
    "POST /api/auth/email/confirm": PUBLIC,
    "GET /api/auth/sessions": USER,
    "DELETE /api/auth/sessions/{session_id}": Rule("own"),
    "GET /api/auth/export": USER,
    "POST /api/auth/me/delete": USER,
    "GET /api/auth/scopes": staff("users:read"),
    "GET /api/auth/roles": staff("users:read"),
    "POST /api/auth/roles": staff("users:write"),
    "GET /api/auth/roles/{name}": staff("users:read"),
    "PUT /api/auth/roles/{name}": staff("users:write"),
    "DELETE /api/auth/roles/{name}": staff("users:write"),
    "GET /api/auth/invitations": staff("users:read"),
    "POST /api/auth/invitations": staff("users:write"),
    "DELETE /api/auth/invitations/{invitation_id}": staff("users:write"),
    "POST /api/auth/invitations/accept": PUBLIC,
    "POST /api/auth/invitations/join": USER,
    "GET /api/auth/users": staff("users:read"),
    "GET /api/auth/users/{user_id}": staff("users:read"),
    "DELETE /api/auth/users/{user_id}": Rule("staff", "users:write", destroys=True),
    "PUT /api/auth/users/{user_id}/roles": staff("users:write"),
    "PUT /api/auth/users/{user_id}/disabled": staff("users:write"),
    "GET /api/audit/accounts": staff("audit:read"),
    "DELETE /api/auth/users/{user_id}/second-factor": staff("users:write"),
    "GET /api/auth/keys": staff("keys:read"),
    "POST /api/auth/keys": staff("keys:write"),
    "GET /api/auth/keys/{key_id}": staff("keys:read"),
    "DELETE /api/auth/keys/{key_id}": staff("keys:write"),
}

CATALOG = {
    "GET /api/categories": ANYONE,
    "GET /api/categories/{id}": ANYONE,
    "GET /api/categories/{ref}/attributes": ANYONE,
    "POST /api/categories": staff("categories:write"),
    "PUT /api/categories/{id}": staff("categories:write"),
    "PATCH /api/categories/{id}": staff("categories:write"),
    "DELETE /api/categories/{id}": staff("categories:write"),
    "GET /api/attributes": ANYONE,
    "POST /api/attributes": staff("products:write"),
    "GET /api/attributes/{id}": ANYONE,
    "PATCH /api/attributes/{id}": staff("products:write"),
    "DELETE /api/attributes/{id}": staff("products:write"),
    "GET /api/product-groups": ANYONE,
    "GET /api/product-groups/{id}": ANYONE,
    "POST /api/product-groups": staff("products:write"),
    "PATCH /api/product-groups/{id}": staff("products:write"),
    "DELETE /api/product-groups/{id}": staff("products:write"),
    "POST /api/products/bulk": staff("products:write"),
    "GET /api/products/export": staff("products:read"),
    "GET /api/products": ANYONE,
    "GET /api/products/facets": ANYONE,
    "GET /api/products/suggest": ANYONE,
    "GET /api/products/{id}": ANYONE,
    "POST /api/products": staff("products:write"),
    "PUT /api/products/{id}": staff("products:write"),
    "PATCH /api/products/{id}": staff("products:write"),
    "DELETE /api/products/{id}": staff("products:write"),
    "GET /api/stock": staff("inventory:read"),
    "GET /api/products/{id}/stock": staff("inventory:read"),
    "PUT /api/products/{id}/stock": staff("inventory:write"),
    "PATCH /api/products/{id}/stock": staff("inventory:write"),
    "POST /api/products/{id}/stock/adjust": staff("inventory:write"),
    "GET /api/products/{id}/stock/movements": staff("inventory:read"),
    "GET /api/products/{id}/prices": staff("products:read"),
    "GET /api/products/{id}/price-changes": staff("products:read"),
    "POST /api/products/{id}/price-changes": staff("products:write"),
    "GET /api/products/{id}/price-changes/{change_id}": staff("products:read"),
    "DELETE /api/products/{id}/price-changes/{change_id}": staff("products:write"),
    "POST /api/media": staff("products:write"),
    "GET /api/feeds": staff("products:write"),
    "POST /api/feeds": staff("products:write"),
    "GET /api/search/synonyms": staff("products:read"),
    "GET /api/search/synonyms/{id}": staff("products:read"),
    "POST /api/search/synonyms": staff("products:write"),
    "PUT /api/search/synonyms/{id}": staff("products:write"),
    "DELETE /api/search/synonyms/{id}": staff("products:write"),
    "POST /api/imports": staff("products:write"),
    "GET /api/imports": staff("products:read"),
    "GET /api/imports/{id}": staff("products:read"),
    "GET /api/imports/{id}/errors": staff("products:read"),
    "POST /api/imports/{id}/cancel": staff("products:write"),
    "POST /api/imports/{id}/undo": staff("products:write"),
    "GET /api/audit/catalog": staff("audit:read"),
}

CART = {
    "GET /api/cart": SHOPPER,
    "POST /api/cart": SHOPPER,
    "DELETE /api/cart": SHOPPER,
    "PATCH /api/cart/{product_id}": SHOPPER,
    "DELETE /api/cart/{product_id}": SHOPPER,
    "POST /api/cart/merge": USER,
    "GET /api/cart/export": USER,
}

ADDRESS = {"name": "Ada", "line1": "Street 1", "city": "Berlin", "country": "DE"}
_RETURN = {"items": [{"product_id": "019ac000-0000-7000-8000-000000000001", "quantity": 1}]}
ORDERS = {
    "GET /api/addresses": USER,
    "POST /api/addresses": USER,
    "GET /api/addresses/{address_id}": Rule("own"),
    "PUT /api/addresses/{address_id}": Rule("own", body=ADDRESS),
    "PATCH /api/addresses/{address_id}": Rule("own", body={}),
    "DELETE /api/addresses/{address_id}": Rule("own"),
    "POST /api/orders": Rule("buyer"),
    "GET /api/orders": staff("orders:read"),
    "GET /api/orders/history": USER,
    "GET /api/orders/export": USER,
    "GET /api/orders/{order_id}": owner("orders:read"),
    "POST /api/orders/{order_id}/cancel": owner("orders:write", {}),
    "POST /api/orders/{order_id}/payment": owner("orders:write", {"method": "manual"}),
    "POST /api/orders/{order_id}/returns": owner("orders:write", _RETURN),
    "POST /api/orders/{order_id}/fulfillments": staff("orders:write"),
    "POST /api/orders/{order_id}/fulfillments/{fulfillment_id}/deliver": staff("orders:write"),
    "POST /api/orders/{order_id}/mark-paid": staff("payments:write"),
    "POST /api/orders/{order_id}/refunds": staff("refunds:write"),
    "POST /api/orders/{order_id}/returns/{return_id}/receive": staff("orders:write"),
    "POST /api/orders/{order_id}/returns/{return_id}/reject": staff("orders:write"),
    "GET /api/orders/discrepancies": staff("payments:read"),
    "POST /api/orders/discrepancies/{discrepancy_id}/close": staff("payments:write"),
    "GET /api/audit/orders": staff("audit:read"),
    "GET /api/payments/methods": PUBLIC,
    "POST /api/payments/webhooks/{method}": PUBLIC,
}

POLICY = {**AUTH, **CATALOG, **CART, **ORDERS, "GET /api/health": PUBLIC}

_ORDERS = {"products:read", "orders:read", "payments:read", "users:read", "inventory:read"}
SCOPES_OF = {
    "support": _ORDERS | {"products:read"},
    "catalog_manager": {
        f"{what}:{verb}"
        for what in ("products", "categories", "inventory")
        for verb in ("read", "write")
    },
    "order_manager": _ORDERS | {"products:read", "orders:write", "payments:write", "refunds:write"},
    "admin": {rule.scope for rule in POLICY.values() if rule.scope},
}
"""Of the built-in roles, as far as they are asked for above."""
KEYS: dict[str, set[str]] = {
    "API key": {"orders:read", "orders:write", "products:write", "users:read", "audit:read"},
    "API key without": {"promotions:read"},
}
"""Whose maker is an admin; the scopes of the second are asked for nowhere."""
