"""Makes what the use cases work with out of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from auth.context import Context, Lifetimes
from auth.key_ring import KeyRing
from auth.passwords import PasswordHasher
from auth.settings import AuthSettings
from auth.tokens import TokenIssuer
from shopkit.auth import TokenVerifier
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.pagination import Cursors
from shopkit.service import Service


def app_state(settings: AuthSettings, database: Database, clock: Clock) -> dict[str, Any]:
    """What both apps have in `app.state`. Opens nothing."""
    keys = KeyRing(settings.keys_dir, clock)
    issuer = TokenIssuer(
        keys=keys,
        clock=clock,
        issuer=settings.issuer,
        audience=settings.audience,
        internal_audience=settings.internal_audience,
        lifetime=timedelta(seconds=settings.access_token_seconds),
    )
    lifetimes = Lifetimes(
        refresh_token=timedelta(days=settings.refresh_token_days),
        session=timedelta(days=settings.session_days),
    )
    return {
        "database": database,
        "keys": keys,
        "context": Context(database, PasswordHasher(), issuer, clock, lifetimes),
        "verifier": TokenVerifier(
            keys, issuer=settings.issuer, audience=settings.audience, kind="user"
        ),
        "cursors": Cursors(settings.secret_key.get_secret_value()),
        "service_clients": settings.service_clients,
    }


class AuthService(Service):
    """Refuses to start without usable keys."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.public.state.keys.load()
        async with super().running():
            yield
