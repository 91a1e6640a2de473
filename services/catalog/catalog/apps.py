"""The two apps: what the gateway reaches, and what only other services reach."""

from fastapi import FastAPI

from catalog import internal_routes, routes
from catalog.deps import Catalog
from catalog.settings import CatalogSettings
from shopkit.app import build_app, metrics_router
from shopkit.auth import TokenVerifier
from shopkit.jwks import JwksClient


def public_app(settings: CatalogSettings, catalog: Catalog, keys: JwksClient) -> FastAPI:
    verifier = TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience, kind="user")
    state = {"database": catalog.database, "catalog": catalog, "keys": keys, "verifier": verifier}
    return build_app(title="Catalog", routers=routes.routers, state=state)


def internal_app(settings: CatalogSettings, catalog: Catalog, keys: JwksClient) -> FastAPI:
    verifier = TokenVerifier(
        keys, issuer=settings.issuer, audience=settings.internal_audience, kind="service"
    )
    state = {"database": catalog.database, "catalog": catalog, "keys": keys, "verifier": verifier}
    routers = (internal_routes.router, metrics_router())
    return build_app(title="Catalog, internal", routers=routers, state=state)
