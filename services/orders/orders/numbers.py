"""Order numbers for people: short, unique, and telling nothing about how many orders there are."""

import secrets
from base64 import b32encode
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a number survives being read out and typed in."""
PATTERN = f"^[{ALPHABET}]{{8}}$"
_FROM_RFC_4648 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


def new_number() -> str:
    """40 random bits in 8 characters. The table's unique constraint finds the rare repetition
    (one in a million when there are a million orders); whoever inserts then draws again."""
    return b32encode(secrets.token_bytes(5)).translate(_FROM_RFC_4648).decode()


def as_printed(typed: Any) -> Any:
    """A number as people type it."""
    return typed.strip().upper() if isinstance(typed, str) else typed
