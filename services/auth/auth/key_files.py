"""Signing keys as files: `NNNN.pem`, with a first line that says from when on each one signs.

A file appears whole or not at all, and a number is given once, so that two processes that start
together cannot make two keys.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_NAME = re.compile(r"(\d{4})\.pem")
_ACTIVE_FROM = re.compile(rb"Active-From: (\S+)\n")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class KeyProblem(ValueError):
    """The keys cannot be used; the message says what to do."""


@dataclass(frozen=True)
class SigningKey:
    number: int
    active_from: datetime
    private: ec.EllipticCurvePrivateKey

    @cached_property
    def public(self) -> ec.EllipticCurvePublicKey:
        return self.private.public_key()

    @cached_property
    def jwk(self) -> dict[str, str]:
        """Public (RFC 7517); `kid` is the thumbprint of RFC 7638."""
        members = jwt.algorithms.ECAlgorithm.to_jwk(self.public, as_dict=True)
        required = {name: members[name] for name in ("crv", "kty", "x", "y")}
        digest = hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
        kid = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {**required, "kid": kid, "alg": "ES256", "use": "sig"}

    @cached_property
    def kid(self) -> str:
        return self.jwk["kid"]


def read_keys(folder: Path) -> list[SigningKey]:
    """In the order in which they sign. Raises KeyProblem."""
    if not folder.is_dir():
        raise KeyProblem(f"the keys folder {folder} does not exist: run `shop-auth create-key`")
    _refuse_others(folder, "700")
    keys = [_read(path) for path in folder.iterdir() if path.suffix == ".pem"]
    return sorted(keys, key=lambda key: (key.active_from, key.number))


def fingerprint(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Changes when a key file comes, goes or is changed."""
    found = ((path.name, path.stat()) for path in folder.iterdir() if path.suffix == ".pem")
    return frozenset((name, entry.st_ino, entry.st_ctime_ns) for name, entry in found)


def _refuse_others(path: Path, wanted: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyProblem(f"others may use {path} (mode {mode:04o}): chmod {wanted} {path}")


def _read(path: Path) -> SigningKey:
    number = _NAME.fullmatch(path.name)
    if number is None:
        raise KeyProblem(f"{path} is not named like a key: rename it to NNNN.pem, or move it away")
    _refuse_others(path, "600")
    content = path.read_bytes()
    try:
        active_from = _active_from(content)
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as exc:
        raise KeyProblem(f"{path} is damaged: restore it from a backup, or delete it") from exc
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise KeyProblem(f"{path} is not a P-256 key, which ES256 needs: delete it")
    return SigningKey(int(number.group(1)), active_from, private)


def _active_from(content: bytes) -> datetime:
    line = _ACTIVE_FROM.match(content)
    if line is None:
        return _EARLIEST
    moment = datetime.fromisoformat(line.group(1).decode())
    if moment.tzinfo is None:
        raise ValueError("Active-From has no time zone")
    return moment


def write_key(folder: Path, number: int, active_from: datetime) -> bool:
    """False when there is a key with this number. Makes the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_others(folder, "700")
    partial = folder / f".{secrets.token_hex(8)}.partial"
    try:
        _write_private(partial, _content(active_from))
        (folder / f"{number:04}.pem").hardlink_to(partial)  # refused where the name exists
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    _sync(folder)
    return True


def _content(active_from: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return f"Active-From: {active_from.isoformat(timespec='seconds')}\n".encode() + pem


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
