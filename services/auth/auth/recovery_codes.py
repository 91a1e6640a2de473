"""Recovery codes: what gets in when the authenticator app is lost, each of them once.

120 random bits, so that a fast hash without salt is enough (NIST SP 800-63B-4, 3.1.2.2), and so
that they outlive a change of AUTH_SECRET_KEY.
"""

import hashlib
import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: nothing in it looks like something else in it."""
LENGTH, GROUP, COUNT = 24, 4, 10
_LOOK_ALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def new_codes() -> list[str]:
    """`k7qm-3f0x-…`, to be shown once."""
    return [_new_code() for _ in range(COUNT)]


def _new_code() -> str:
    chars = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(chars[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def is_recovery_code(typed: str) -> bool:
    code = _plain(typed)
    return len(code) == LENGTH and set(code) <= set(ALPHABET)


def code_hash(typed: str) -> str:
    """What is stored, however the code is spelled."""
    return hashlib.sha256(_plain(typed).encode()).hexdigest()


def _plain(typed: str) -> str:
    return typed.lower().translate(_LOOK_ALIKES)
