"""Secrets that the database must hold and not tell: AES-256-GCM under a key that is not in it."""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SecretBox:
    """What is sealed for one owner opens for nobody else, wherever in the table it is copied."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"second-factor:" + secret.encode()).digest())

    def seal(self, content: bytes, *, owner: str) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, content, owner.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, owner: str) -> bytes | None:
        """None when it was sealed with another key, or for another owner."""
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode())
        except InvalidTag:
            return None
