"""What the use cases work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from auth.attempts import AttemptLimits
from auth.devices import DeviceTokens
from auth.key_ring import KeyRing
from auth.passwords import PasswordHasher
from auth.second_factor_checks import SecondFactorPolicy
from auth.secret_box import SecretBox
from auth.settings import AuthSettings
from auth.tokens import TokenIssuer
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.ids import IdFactory, new_id
from shopkit.pagination import Cursors


@dataclass(frozen=True)
class Lifetimes:
    refresh_token: timedelta
    """Without being used."""
    session: timedelta
    """However much it is used."""

    def expiry(self, *, now: datetime, began: datetime) -> datetime:
        return min(now + self.refresh_token, began + self.session)


@dataclass(frozen=True)
class Context:
    database: Database
    hasher: PasswordHasher
    password_min: int
    """Characters that a new password must have."""
    attempts: AttemptLimits
    devices: DeviceTokens
    second_factor: SecondFactorPolicy
    keys: KeyRing
    issuer: TokenIssuer
    clock: Clock
    lifetimes: Lifetimes
    cursors: Cursors
    service_clients: Mapping[str, SecretStr]
    new_id: IdFactory = new_id


def new_context(settings: AuthSettings, clock: Clock) -> Context:
    """Nothing is open yet."""
    keys = KeyRing(settings.keys_dir, clock)
    database = open_database(settings.database_url, settings.database_pool)
    secret = settings.secret_key.get_secret_value()
    return Context(
        database=database,
        hasher=PasswordHasher(),
        password_min=settings.password_min,
        attempts=AttemptLimits(database, clock, secret, enabled=settings.login_limits == "on"),
        devices=DeviceTokens(secret),
        second_factor=SecondFactorPolicy(
            SecretBox(secret),
            shop_name=settings.shop_name,
            staff_must=settings.staff_second_factor == "required",
        ),
        keys=keys,
        issuer=_issuer(settings, keys, clock),
        clock=clock,
        lifetimes=Lifetimes(
            refresh_token=timedelta(days=settings.refresh_token_days),
            session=timedelta(days=settings.session_days),
        ),
        cursors=Cursors(secret),
        service_clients=settings.service_clients,
    )


def _issuer(settings: AuthSettings, keys: KeyRing, clock: Clock) -> TokenIssuer:
    return TokenIssuer(
        keys=keys,
        clock=clock,
        issuer=settings.issuer,
        audience=settings.audience,
        internal_audience=settings.internal_audience,
        lifetime=timedelta(seconds=settings.access_token_seconds),
    )
