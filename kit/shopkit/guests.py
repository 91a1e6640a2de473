"""Guests: whoever has the token is the guest. Services store only its keyed hash."""

import hashlib
import hmac
import re
import secrets

from fastapi import Request

from shopkit.errors import FieldError, Invalid

HEADER = "X-Cart-Token"
TOKEN_PATTERN = "^[A-Za-z0-9_-]{43}$"  # noqa: S105 - 32 random bytes in base64url
_TOKEN = re.compile(TOKEN_PATTERN.strip("^$"))


class GuestTokens:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cart-token:" + secret.encode()).digest()

    def new(self) -> str:
        return secrets.token_urlsafe(32)

    def owner(self, token: str) -> str:
        """What belongs to this token's holder is stored under it."""
        return f"guest:{hmac.digest(self._key, token.encode(), 'sha256').hex()}"


def guest_token(request: Request) -> str | None:
    """The token of the one header. Raises Invalid for anything else there."""
    sent = request.headers.getlist(HEADER)
    if not sent:
        return None
    if len(sent) > 1 or not _TOKEN.fullmatch(sent[0]):
        error = FieldError(
            f"header:{HEADER}", "invalid_cart_token", "Send one token, as the cart answered it."
        )
        raise Invalid(f"The {HEADER} header is not a cart token.", errors=[error])
    return sent[0]


def user_owner(user_id: str) -> str:
    return f"user:{user_id}"


def is_guest(owner: str) -> bool:
    return owner.startswith("guest:")
