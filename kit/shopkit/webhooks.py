"""Webhooks signed as standardwebhooks.com says: HMAC-SHA256 over id, time and the raw body.

Its Python package is not used: it verifies by the machine's clock only, and malformed signatures
make it raise ValueError.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
SHORTEST_KEY = 24  # bytes, as the standard says


class WebhookSecret:
    """`whsec_` and the base64 of 24 random bytes or more. It never shows itself."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, without the text, for anything else."""
        try:
            self._key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            self._key = b""
        if not text.startswith(PREFIX) or len(self._key) < SHORTEST_KEY:
            raise ValueError(f"must be {PREFIX} and the base64 of {SHORTEST_KEY} bytes or more")

    def headers(self, id: str, body: bytes, now: datetime) -> dict[str, str]:
        """What a webhook carries; `id` is the event's, the same in every repetition."""
        stamp = str(int(now.timestamp()))
        return {
            "webhook-id": id,
            "webhook-timestamp": stamp,
            "webhook-signature": self._signature(id, stamp, body),
        }

    def has_signed(self, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
        """Whether one of the signatures is ours, over these very bytes, at most 300 s from now."""
        found = {name.lower(): value for name, value in headers.items()}
        id, stamp = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
            return False
        expected = self._signature(id, stamp, body).encode()
        sent = found.get("webhook-signature", "").split(" ")
        matches = [_same(one, expected) for one in sent]
        return any(matches) and abs(now.timestamp() - int(stamp)) <= TOLERANCE_SECONDS

    def _signature(self, id: str, stamp: str, body: bytes) -> str:
        signed = b".".join([id.encode(errors="replace"), stamp.encode(), body])
        return "v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()


def _same(sent: str, expected: bytes) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), expected)
