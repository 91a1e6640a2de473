"""Access tokens (RFC 9068), service tokens and refresh tokens."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from auth.domain import User
from auth.key_ring import KeyRing
from shopkit.auth import ALGORITHM, TOKEN_TYPE
from shopkit.clock import Clock
from shopkit.ids import new_id

STOREFRONT = "storefront"


def new_refresh_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(refresh_token: str) -> str:
    """What is stored. The token is random, so that a fast hash without salt is enough."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()


@dataclass(frozen=True)
class TokenIssuer:
    keys: KeyRing
    clock: Clock
    issuer: str
    audience: str
    internal_audience: str
    lifetime: timedelta

    @property
    def expires_in(self) -> int:
        """Seconds."""
        return int(self.lifetime.total_seconds())

    def user_token(self, user: User, session_id: str, *, second_factor: bool) -> str:
        """The claim `amr` is RFC 8176's."""
        withheld = {"second_factor_required": True} if user.second_factor_required else {}
        return self._signed(
            {
                "aud": self.audience,
                "sub": user.id,
                "client_id": STOREFRONT,
                "sid": session_id,
                "ver": user.token_version,
                "scope": " ".join(user.scopes),
                "roles": user.roles,
                "email": user.email,
                "amr": ["pwd", "otp"] if second_factor else ["pwd"],
                **withheld,
            }
        )

    def key_token(
        self, maker: User, *, key_id: str, scope: str, rate_class: str, ends_at: datetime | None
    ) -> str:
        """Of an API key, which ends when it does: with the key, or with its maker's version."""
        return self._signed(
            {
                "aud": self.audience,
                "sub": key_id,
                "client_id": key_id,
                "sid": key_id,
                "ver": maker.token_version,
                "scope": scope,
                "made_by": maker.id,
                "rate_class": rate_class,
            },
            ends_at=ends_at,
        )

    def service_token(self, client_id: str) -> str:
        return self._signed(
            {"aud": self.internal_audience, "sub": client_id, "client_id": client_id}
        )

    def seconds_until(self, ends_at: datetime | None) -> int:
        """How long a token lives that is made now, and must not outlive that time."""
        if ends_at is None:
            return self.expires_in
        return min(self.expires_in, int((ends_at - self.clock.now()).total_seconds()))

    def _signed(self, claims: dict[str, Any], *, ends_at: datetime | None = None) -> str:
        key, now = self.keys.signing_key(), int(self.clock.now().timestamp())
        expires = now + self.seconds_until(ends_at)
        always = {"iss": self.issuer, "iat": now, "exp": expires, "jti": new_id()}
        headers = {"typ": TOKEN_TYPE, "kid": key.kid}
        return jwt.encode({**claims, **always}, key.private, ALGORITHM, headers=headers)
