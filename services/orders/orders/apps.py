"""The two apps: what the gateway sees, and what operators look at."""

from fastapi import FastAPI

from orders import internal_routes
from orders.context import Context
from orders.models import audit_log
from orders.routes import routers
from orders.settings import OrdersSettings
from shopkit.api_keys import KeyVerifier
from shopkit.app import METRICS, build_app
from shopkit.audit_routes import AuditLog, audit_router
from shopkit.auth import service_verifier
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed

ABOUT = "Checkout and what became of it. Nothing is lost, oversold or ordered twice."
AUDIT = audit_router("/api/audit/orders", name="list_order_audit", about="orders")


def public_app(
    settings: OrdersSettings, context: Context, keys: JwksClient, revocations: RevocationFeed
) -> FastAPI:
    state = {"context": context, "database": context.it.database, "keys": keys}
    audit = AuditLog(audit_log, context.it.database, context.cursors)
    return build_app(
        title="Orders",
        description=ABOUT,
        routers=[*routers, AUDIT],
        state={
            **state,
            "audit_log": audit,
            "verifier": KeyVerifier(keys, settings, revocations),
        },
    )


def internal_app(settings: OrdersSettings, context: Context, keys: JwksClient) -> FastAPI:
    """No service calls orders; here are what its own commands ask for, health and metrics."""
    state = {"context": context, "database": context.it.database, "keys": keys}
    return build_app(
        title="Orders, internal",
        routers=[internal_routes.router, METRICS],
        state={**state, "verifier": service_verifier(keys, settings)},
    )
