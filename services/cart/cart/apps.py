"""The two apps: what the gateway sees, and what orders calls."""

from fastapi import FastAPI

from cart import internal_routes, routes
from cart.context import Context
from cart.settings import CartSettings
from shopkit.api_keys import KeyVerifier
from shopkit.app import METRICS, build_app
from shopkit.auth import service_verifier
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed

ABOUT = "Carts of users and guests, priced with today's catalog at every answer."


def public_app(
    settings: CartSettings, context: Context, keys: JwksClient, revocations: RevocationFeed
) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Cart",
        description=ABOUT,
        routers=[routes.router],
        state={**state, "verifier": KeyVerifier(keys, settings, revocations)},
    )


def internal_app(settings: CartSettings, context: Context, keys: JwksClient) -> FastAPI:
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Cart, internal",
        routers=[internal_routes.router, METRICS],
        state={**state, "verifier": service_verifier(keys, settings)},
    )
