"""Codes of authenticator apps (TOTP, RFC 6238): SHA-1, six digits, another one every 30 seconds."""

import base64
import hmac
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS, PERIOD = 6, 30
DRIFT = 1
"""Steps that a code may be early or late: clocks differ, and people type."""
SECRET_BYTES = 20
"""As many as the hash has (RFC 4226, 4)."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """Base32, as apps take it when it is typed."""
    return base64.b32encode(secret).decode().rstrip("=")


def app_uri(secret: bytes, *, account: str, shop_name: str) -> str:
    """`otpauth://totp/…`, which apps read from a QR code."""
    return _totp(secret).get_provisioning_uri(account, shop_name)


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // PERIOD


def code_at(secret: bytes, step: int) -> str:
    return _totp(secret).generate(step * PERIOD).decode()


def find_step(secret: bytes, code: str, *, now: datetime, after: int | None) -> int | None:
    """The step that has this code, of those around now and later than `after`."""
    current, typed = step_at(now), "".join(code.split())
    if not typed.isascii():
        return None
    for step in range(current - DRIFT, current + DRIFT + 1):
        fresh = after is None or step > after
        if hmac.compare_digest(code_at(secret, step), typed) and fresh:
            return step
    return None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), PERIOD)  # noqa: S303 - all that every app knows
