"""Users, roles, and what a presented refresh token means."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

CUSTOMER, ADMIN = "customer", "admin"

RETRY_WINDOW = timedelta(seconds=60)
MAX_RETRIES = 3
MAX_USER_AGENT = 200


HIDDEN = frozenset({"password_hash", "token_version"})
"""What of a user is shown to nobody."""


@dataclass(frozen=True)
class User:
    id: str
    email: str
    name: str | None
    password_hash: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    email_verified: bool
    disabled: bool
    created_at: datetime
    updated_at: datetime
    token_version: int = 0
    """Tokens of a lower one are void."""
    second_factor: bool = False
    """Whether one is on."""
    second_factor_required: bool = False
    """Whether roles and scopes are withheld, because a session was opened without one."""
    locale: str | None = None
    """Of mails, as a language tag (BCP 47)."""
    marketing: bool = False
    """Whether they have agreed to get advertising."""
    marketing_changed_at: datetime | None = None
    """When they last agreed to it, or withdrew that."""


@dataclass(frozen=True)
class Role:
    name: str
    description: str
    scopes: tuple[str, ...]
    built_in: bool
    """Part of every shop: it stays as it is."""


@dataclass(frozen=True)
class Invitation:
    """For who has no account yet to make one with these roles, and for who has one to get them."""

    id: str
    email: str
    name: str | None
    roles: tuple[str, ...]
    invited_by: str
    """The id of a user, who must still be allowed to when it is accepted."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Client:
    """Who sends a request, as far as it and the gateway say."""

    user_agent: str | None
    network: str | None
    """Where the request comes from; None when it did not come through the gateway."""


def fingerprint(shown: Mapping[str, Any]) -> str:
    """Changes with any of these values; for entity tags."""
    text = json.dumps(shown, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def folded(text: str) -> str:
    """Case-folded NFC: equal for texts that differ in case or composition only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def email_key(email: str) -> str:
    """The form in which addresses are compared."""
    return folded(email)


def shown_user_agent(sent: str) -> str | None:
    """What of a User-Agent header is kept: its beginning, without control characters."""
    shown = "".join(char for char in sent if not unicodedata.category(char).startswith("C"))
    return shown.strip()[:MAX_USER_AGENT] or None


class TokenState(StrEnum):
    LIVE = "live"
    """The newest of its session; at most one."""
    SPENT = "spent"
    """Exchanged for a successor."""
    SUPERSEDED = "superseded"
    """A successor that nobody used before its parent was presented once more."""


@dataclass(frozen=True)
class RefreshToken:
    """`generation` counts within a session; `parent` is the generation it was exchanged for."""

    token_hash: str
    session_id: str
    generation: int
    parent: int | None
    state: TokenState
    spent_at: datetime | None
    retries: int


class Verdict(StrEnum):
    ROTATE = "rotate"
    RETRY = "retry"
    """The answer was lost: exchange once more, in place of the unused successor."""
    REFUSE = "refuse"
    """Too many retries, as when one page sends many at once. Not theft: the successor stays."""
    REUSED = "reused"
    """Two parties have tokens of this session (RFC 9700, 4.14.2): end it."""


def judge(presented: RefreshToken, newest: RefreshToken, now: datetime) -> Verdict:
    """What to do with a token of a session that is alive; `newest` is the session's live token."""
    if presented.state is TokenState.LIVE:
        return Verdict.ROTATE
    successor_unused = newest.parent == presented.generation  # never so for a superseded one
    if not successor_unused or presented.spent_at is None:
        return Verdict.REUSED
    if now - presented.spent_at > RETRY_WINDOW:
        return Verdict.REUSED
    return Verdict.RETRY if presented.retries < MAX_RETRIES else Verdict.REFUSE
