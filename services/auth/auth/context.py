"""What the use cases work with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from auth.attempts import AttemptLimits
from auth.devices import DeviceTokens
from auth.email_tokens import EmailTokens
from auth.key_ring import KeyRing
from auth.mail_limits import MailLimits
from auth.mails import AccountMails
from auth.models import outbox
from auth.passwords import PasswordHasher
from auth.second_factor_checks import SecondFactorPolicy
from auth.secret_box import SecretBox
from auth.settings import MAIL_TEMPLATES, AuthSettings
from auth.tokens import TokenIssuer
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.ids import IdFactory, new_id
from shopkit.outbox import Relay
from shopkit.pagination import Cursors
from shopkit.postman import mail_relay, open_postman


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
    mail_limits: MailLimits
    mail_relay: Relay
    keys: KeyRing
    issuer: TokenIssuer
    clock: Clock
    lifetimes: Lifetimes
    cursors: Cursors
    service_clients: Mapping[str, SecretStr]
    request_secret: bytes
    """Hides what a request with an idempotency key has said."""
    new_id: IdFactory = new_id


def new_context(settings: AuthSettings, clock: Clock) -> Context:
    """Nothing is open yet."""
    keys = KeyRing(settings.keys_dir, clock)
    database = open_database(settings.database_url, settings.database_pool)
    secret = settings.secret_key.get_secret_value()
    limited = settings.login_limits == "on"
    return Context(
        database=database,
        hasher=PasswordHasher(),
        password_min=settings.password_min,
        attempts=AttemptLimits(database, clock, secret, enabled=limited),
        devices=DeviceTokens(secret),
        second_factor=SecondFactorPolicy(
            SecretBox(secret),
            shop_name=settings.shop_name,
            staff_must=settings.staff_second_factor == "required",
        ),
        mail_limits=MailLimits(secret, enabled=limited),
        mail_relay=_mail_relay(settings, database, clock),
        keys=keys,
        issuer=_issuer(settings, keys, clock),
        clock=clock,
        lifetimes=Lifetimes(
            refresh_token=timedelta(days=settings.refresh_token_days),
            session=timedelta(days=settings.session_days),
        ),
        cursors=Cursors(secret),
        service_clients=settings.service_clients,
        request_secret=hashlib.sha256(b"request-keys:" + secret.encode()).digest(),
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


def _mail_relay(settings: AuthSettings, database: Database, clock: Clock) -> Relay:
    postman = open_postman(settings, MAIL_TEMPLATES, clock)
    tokens = EmailTokens(settings.secret_key.get_secret_value())
    mails = AccountMails(database, postman, tokens, settings.link, clock)
    return mail_relay(database, outbox, mails.deliver, clock)
