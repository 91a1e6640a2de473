"""Passwords that are refused (NIST SP 800-63B-4, 3.1.1.2): short ones and what is guessed first."""

from dataclasses import dataclass
from pathlib import Path

from auth.domain import folded
from shopkit.errors import FieldError, Invalid

COMMON = frozenset(
    folded(line)
    for line in Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
)


@dataclass(frozen=True)
class Weakness:
    code: str
    detail: str


def find_weakness(password: str, *, email: str, min_length: int) -> Weakness | None:
    if len(password) < min_length:
        return Weakness("string_too_short", f"Take {min_length} characters or more.")
    key, address = folded(password), folded(email)
    if key in (address, address.partition("@")[0]):
        return Weakness("password_is_email", "Take something else than your e-mail address.")
    if key in COMMON:
        return Weakness(
            "common_password",
            "Many people have this password, so it is guessed first. Take several words, "
            "or let a password manager make one.",
        )
    return None


def refuse_weak(password: str, *, email: str, min_length: int, pointer: str) -> None:
    """Raises Invalid, with the pointer to where in the body the password is."""
    weakness = find_weakness(password, email=email, min_length=min_length)
    if weakness is not None:
        error = FieldError(pointer, weakness.code, weakness.detail)
        raise Invalid("The password is too easy to guess.", errors=[error])
