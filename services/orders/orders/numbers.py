"""Order numbers for people: short, unique, and telling nothing about how many orders there are."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a number survives being read out and typed in."""
LENGTH = 8


def new_number() -> str:
    """40 random bits. The table's unique constraint finds the rare repetition (1 in 10⁶ when
    there are a million orders); whoever inserts then draws again."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
