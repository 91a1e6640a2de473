"""The two apps: what the gateway sees, and what cart and orders call."""

from fastapi import FastAPI

from catalog import internal_routes, routes
from catalog.context import Context
from catalog.models import audit_log
from catalog.settings import CatalogSettings
from shopkit.api_keys import KeyVerifier
from shopkit.app import METRICS, build_app
from shopkit.audit_routes import AuditLog, audit_router
from shopkit.auth import service_verifier
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed

AUDIT = audit_router("/api/audit/catalog", name="list_catalog_audit", about="the catalog")


def public_app(
    settings: CatalogSettings, context: Context, keys: JwksClient, revocations: RevocationFeed
) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    audit = AuditLog(audit_log, context.database, context.cursors)
    return build_app(
        title="Catalog",
        routers=[*routes.routers, AUDIT],
        state={
            **state,
            "audit_log": audit,
            "verifier": KeyVerifier(keys, settings, revocations),
        },
    )


def internal_app(settings: CatalogSettings, context: Context, keys: JwksClient) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Catalog, internal",
        routers=[internal_routes.router, METRICS],
        state={**state, "verifier": service_verifier(keys, settings)},
    )
