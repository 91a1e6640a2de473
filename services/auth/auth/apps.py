"""The two apps: what the gateway sees, and what the other services call."""

from fastapi import FastAPI

from auth import (
    api_key_routes,
    data_routes,
    internal_routes,
    invitation_routes,
    key_routes,
    mail_routes,
    role_routes,
    routes,
    second_factor_routes,
    session_routes,
    staff_routes,
)
from auth.context import Context
from auth.grants import require_current
from auth.key_use import OwnKeyVerifier
from auth.models import audit_log
from auth.settings import AuthSettings
from shopkit.app import METRICS, build_app
from shopkit.audit_routes import SCOPE, AuditLog, audit_router
from shopkit.auth import service_verifier

ROUTES = (
    routes,
    mail_routes,
    session_routes,
    second_factor_routes,
    data_routes,
    staff_routes,
    role_routes,
    invitation_routes,
    api_key_routes,
    key_routes,
)

AUDIT = audit_router("/api/audit/accounts", name="list_account_audit", about="accounts")


def public_app(settings: AuthSettings, context: Context) -> FastAPI:
    keys = context.keys
    state = {"context": context, "database": context.database, "keys": keys}
    audit = AuditLog(
        audit_log,
        context.database,
        context.cursors,
        confirm=lambda staff: require_current(context, staff, SCOPE),
    )
    return build_app(
        title="Auth",
        routers=[*(module.router for module in ROUTES), AUDIT],
        state={
            **state,
            "audit_log": audit,
            "verifier": OwnKeyVerifier(keys, settings, context),
        },
    )


def internal_app(settings: AuthSettings, context: Context) -> FastAPI:
    """Keys and service tokens are given without a token: it is where services get theirs."""
    keys = context.keys
    state = {"context": context, "database": context.database, "keys": keys}
    return build_app(
        title="Auth, internal",
        routers=[internal_routes.router, METRICS],
        state={**state, "verifier": service_verifier(keys, settings)},
    )
