"""What mails carry to prove that somebody reads at an address: 256 bits, for one use."""

import base64
import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum

from auth.domain import User, email_key

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=7)
"""Spent ones too, for longer than a mail can be repeated: none of them comes alive again."""


class Purpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a name
    CHANGE_EMAIL = "change_email"


class EmailTokens:
    """A token is made of its mail's id, so that a mail that is sent twice carries the same one; and
    with a secret, so that whoever reads the database, or a mail that waits in it, has none."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"email-token:" + secret.encode()).digest()

    def token(self, mail_id: str) -> str:
        mac = hmac.digest(self._key, mail_id.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def bound_to(user: User) -> str:
    """Changes with the user's address and password, and ends the tokens made before."""
    text = f"{email_key(user.email)}\0{user.password_hash}"
    return hashlib.sha256(text.encode()).hexdigest()
