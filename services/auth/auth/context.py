"""What the use cases work with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.passwords import PasswordHasher
from auth.tokens import TokenIssuer
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.ids import IdFactory, new_id


@dataclass(frozen=True)
class Lifetimes:
    refresh_token: timedelta
    """Without being used."""
    session: timedelta
    """However much it is used."""

    def expiry(self, *, now: datetime, began: datetime) -> datetime:
        return min(now + self.refresh_token, began + self.session)


@dataclass(frozen=True)
class Context:
    database: Database
    hasher: PasswordHasher
    issuer: TokenIssuer
    clock: Clock
    lifetimes: Lifetimes
    new_id: IdFactory = new_id
