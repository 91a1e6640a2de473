"""The two apps: what the gateway sees, and what the other services call."""

from fastapi import FastAPI

from auth import internal_routes, key_routes, routes, session_routes, staff_routes
from auth.context import Context
from auth.settings import AuthSettings
from shopkit.app import build_app, metrics_router
from shopkit.auth import user_verifier


def public_app(settings: AuthSettings, context: Context) -> FastAPI:
    keys = context.keys
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Auth",
        routers=[routes.router, session_routes.router, staff_routes.router, key_routes.router],
        state={**state, "verifier": user_verifier(keys, settings)},
    )


def internal_app(context: Context) -> FastAPI:
    """Nothing here asks for a token: it is where services get theirs."""
    return build_app(
        title="Auth, internal",
        routers=[internal_routes.router, metrics_router()],
        state={"context": context, "database": context.database, "keys": context.keys},
    )
