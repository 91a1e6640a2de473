"""The certificate and key of TLS_CERTIFICATE and TLS_KEY, looked at before anything starts."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from launcher.errors import LaunchError

CERTIFICATE, KEY = "TLS_CERTIFICATE", "TLS_KEY"


@dataclass(frozen=True)
class Certificate:
    path: Path
    key: Path
    name: str | None
    """The first host name that it is for; None when it has none but wildcards or addresses."""


def find_certificate(environment: Mapping[str, str], root: Path) -> Certificate | None:
    """None: neither is set. Raises LaunchError when nginx could not use them, or clients would not.

    Relative paths start at `root`.
    """
    given = {name: environment.get(name) for name in (CERTIFICATE, KEY)}
    if not any(given.values()):
        return None
    path, key = (_path(name, text, root) for name, text in given.items())
    leaf = _leaf(path)
    _check_key(path, key)
    if leaf.not_valid_after_utc < datetime.now(UTC):
        ended = leaf.not_valid_after_utc.date()
        raise LaunchError(f"{CERTIFICATE} {path} has expired on {ended}: renew it")
    return Certificate(path, key, _first_name(leaf))


def _path(name: str, text: str | None, root: Path) -> Path:
    if not text:
        raise LaunchError(f"{name} is missing: TLS needs both {CERTIFICATE} and {KEY}")
    path = (root / Path(text).expanduser()).resolve()
    try:
        path.read_bytes()
    except OSError as error:
        raise LaunchError(f"{name} {path} cannot be read: {error.strerror}") from None
    return path


def _leaf(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except ValueError:
        advice = "give the certificate, then its intermediates, as PEM"
        raise LaunchError(f"{CERTIFICATE} {path} has no certificate in it: {advice}") from None


def _check_key(path: Path, key: Path) -> None:
    """As nginx will: OpenSSL loads both and compares them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(path, key, password=_no_password)
    except _EncryptedError:
        advice = "nobody can type its password at each start; openssl pkey takes it off"
        raise LaunchError(f"{KEY} {key} is encrypted: {advice}") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise LaunchError(f"{KEY} {key} is not the key of {CERTIFICATE} {path}") from None
        what = "is not a private key in PEM, or not one that TLS can use"
        raise LaunchError(f"{KEY} {key} {what} with {CERTIFICATE} {path}") from None


class _EncryptedError(Exception):
    pass


def _no_password() -> str:
    raise _EncryptedError


def _first_name(leaf: x509.Certificate) -> str | None:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    hosts = names.get_values_for_type(x509.DNSName)
    return next((host for host in hosts if not host.startswith("*")), None)
