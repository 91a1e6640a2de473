"""Keyset cursors: signed positions that only fit the query they came from."""

import base64
import hashlib
import hmac
import json
from typing import Any

from pydantic_core import to_json

from shopkit.errors import InvalidCursor

_MAC = 16
MAX_CURSOR = 1000


class Cursors:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cursor:" + secret.encode()).digest()

    def encode(self, query: str, position: list[Any]) -> str:
        """`query` names the endpoint, sort and filters; `position` is the last row's sort key."""
        body = to_json(position)
        return base64.urlsafe_b64encode(self._mac(query, body) + body).decode().rstrip("=")

    def decode(self, query: str, cursor: str) -> list[Any]:
        """Raises InvalidCursor unless `encode` made it with the same query."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise _refusal() from None
        mac, body = raw[:_MAC], raw[_MAC:]
        if len(cursor) > MAX_CURSOR or not hmac.compare_digest(mac, self._mac(query, body)):
            raise _refusal()
        position: list[Any] = json.loads(body)
        return position

    def _mac(self, query: str, body: bytes) -> bytes:
        message = query.encode() + b"\0" + body
        return hashlib.blake2b(message, key=self._key, digest_size=_MAC).digest()


def _refusal() -> InvalidCursor:
    return InvalidCursor("Use `next_cursor` of the previous page with the same parameters.")
