"""The two apps: what the gateway sees, and what cart and orders call."""

from fastapi import FastAPI

from catalog import internal_routes, routes
from catalog.context import Context
from catalog.settings import CatalogSettings
from shopkit.app import build_app, metrics_router
from shopkit.auth import service_verifier, user_verifier
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed


def public_app(
    settings: CatalogSettings, context: Context, keys: JwksClient, revocations: RevocationFeed
) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Catalog",
        routers=routes.routers,
        state={**state, "verifier": user_verifier(keys, settings, revocations=revocations)},
    )


def internal_app(settings: CatalogSettings, context: Context, keys: JwksClient) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Catalog, internal",
        routers=[internal_routes.router, metrics_router()],
        state={**state, "verifier": service_verifier(keys, settings)},
    )
