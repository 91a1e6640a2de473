"""Known devices: whoever logged in there before (OWASP's device cookies), without a table of them.

A token says which session it came with, so that all tokens of one session share one count of wrong
passwords. It is bound to the account and to its password, and where there is a second factor to
having shown it: a new password ends all of them, as does switching a second factor on.
"""

import base64
import hashlib
import hmac
import struct
from datetime import datetime, timedelta
from uuid import UUID

from auth.domain import User

LIFETIME = timedelta(days=180)
_BODY = struct.Struct(">Q16s")  # seconds since 1970, session
_MAC = 32


class DeviceTokens:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"device-token:" + secret.encode()).digest()

    def new(self, user: User, *, session_id: str, now: datetime) -> str:
        body = _BODY.pack(int(now.timestamp()), UUID(session_id).bytes)
        return base64.urlsafe_b64encode(self._mac(user, body) + body).decode().rstrip("=")

    def find_session_id(self, token: str | None, *, user: User | None, now: datetime) -> str | None:
        """The session that the token came with; None unless it is one of the user's and young."""
        raw = _decoded(token or "")
        if user is None or len(raw) != _MAC + _BODY.size:
            return None
        mac, body = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac(user, body)):
            return None
        issued, session = _BODY.unpack(body)
        if now.timestamp() - issued >= LIFETIME.total_seconds():
            return None
        return str(UUID(bytes=session))

    def _mac(self, user: User, body: bytes) -> bytes:
        proved = "second factor\0" if user.second_factor else ""
        whose = f"{user.id}\0{user.password_hash}\0{proved}".encode()
        return hmac.digest(self._key, whose + body, "sha256")


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
