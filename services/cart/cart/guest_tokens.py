"""Guest tokens: whoever has one has the cart. Only their keyed hashes are stored."""

import hashlib
import hmac
import secrets

TOKEN_PATTERN = "^[A-Za-z0-9_-]{43}$"  # noqa: S105 - 32 random bytes in base64url


class GuestTokens:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cart-token:" + secret.encode()).digest()

    def new(self) -> str:
        return secrets.token_urlsafe(32)

    def owner(self, token: str) -> str:
        """What the carts of this token's holder are stored under."""
        return f"guest:{hmac.digest(self._key, token.encode(), 'sha256').hex()}"


def user_owner(user_id: str) -> str:
    return f"user:{user_id}"


def is_guest(owner: str) -> bool:
    return owner.startswith("guest:")
