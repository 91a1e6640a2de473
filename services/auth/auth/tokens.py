"""Access tokens (RFC 9068), service tokens and refresh tokens."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
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

    def service_token(self, client_id: str) -> str:
        return self._signed(
            {"aud": self.internal_audience, "sub": client_id, "client_id": client_id}
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        key, now = self.keys.signing_key(), int(self.clock.now().timestamp())
        always = {"iss": self.issuer, "iat": now, "exp": now + self.expires_in, "jti": new_id()}
        headers = {"typ": TOKEN_TYPE, "kid": key.kid}
        return jwt.encode({**claims, **always}, key.private, ALGORITHM, headers=headers)
