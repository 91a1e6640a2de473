"""Guests are known by their cart token; an order keeps only its keyed hash."""

import hashlib
import hmac


class GuestTokens:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cart-token:" + secret.encode()).digest()

    def owner(self, token: str) -> str:
        """What the orders of this token's holder are stored under."""
        return f"guest:{hmac.digest(self._key, token.encode(), 'sha256').hex()}"
