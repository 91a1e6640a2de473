"""What can go wrong, each told in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class ShopError(Exception):
    """Base of every expected failure: `str(error)` is one helpful line for the person."""

    exit_code = 1


class UsageError(ShopError):
    """The command was called with something that cannot work."""

    exit_code = 2


class CannotReach(ShopError):
    """No usable answer came from the shop, even after retries."""


class LoginNeeded(ShopError):
    """There is no session, or the shop does not accept it any more."""

    def __init__(self, reason: str, advice: str = "Run `shop login` first.") -> None:
        super().__init__(f"{reason} {advice}")


@dataclass(frozen=True)
class FieldProblem:
    """One entry of `errors`: a JSON pointer into what was sent, and what is wrong there."""

    pointer: str
    detail: str

    @property
    def name(self) -> str:
        """`?status` and `/price/amount` as a person would call them."""
        return self.pointer.strip("?/").replace("/", ".") or "it"


class ApiProblem(ShopError):
    """The shop answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        self.fields = [
            FieldProblem(str(entry.get("pointer", "")), str(entry.get("detail", "")))
            for entry in body.get("errors", [])
            if isinstance(entry, dict)
        ]
        super().__init__(self._line())

    def _line(self) -> str:
        said = self.body.get("detail") or self.body.get("title") or "The shop refused."
        if self.fields:
            said = "; ".join(f"{field.name}: {field.detail}" for field in self.fields)
        line = " ".join(str(said).split())
        if self.code == "second_factor_required":
            line = "This account has a second factor: `shop login` asks for its code."
        if self.code == "insufficient_scope" and not self.body.get("second_factor_required"):
            line = f"{line} Log in as somebody who has it."
        if self.status >= 500 and self.body.get("request_id"):
            line = f"{line} [request {self.body['request_id']}]"
        return f"{line} [{self.status} {self.code}]" if self.code else f"{line} [{self.status}]"
