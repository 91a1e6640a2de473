"""What an API key looks like, and how much each may ask for. Auth needs no more than this."""

import math
import re
from dataclasses import dataclass, field
from time import monotonic

from shopkit.errors import RateLimited
from shopkit.principal import Principal

MARK = "sk_"
FORM = re.compile(r"sk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
"""The prefix names the key; the rest is 256 random bits."""
RATES = {"standard": 20, "high": 100}
"""Requests a second that a key may send to each copy of a service, twice as many at once."""


def is_api_key(token: str) -> bool:
    """Whether it wants to be one."""
    return token.startswith(MARK)


@dataclass
class Bucket:
    """Refills with `per_second`, and holds twice as many."""

    per_second: int
    left: float = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.since = 2.0 * self.per_second, monotonic()

    def wait(self) -> float:
        """Take one and answer 0, or answer in how many seconds there is one."""
        now = monotonic()
        filled = self.left + (now - self.since) * self.per_second
        self.left, self.since = min(filled, 2.0 * self.per_second), now
        if self.left < 1:
            return (1 - self.left) / self.per_second
        self.left -= 1
        return 0.0


class KeyLimits:
    """How much each key may ask for, however it is sent."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def count(self, principal: Principal) -> None:
        """Raises RateLimited. People are counted by the gateway alone."""
        if not principal.made_by:
            return
        per_second = RATES.get(principal.rate_class, RATES["standard"])
        bucket = self._buckets.get(principal.id)
        if bucket is None or bucket.per_second != per_second:
            bucket = self._buckets[principal.id] = Bucket(per_second)
        if wait := bucket.wait():
            raise too_many(f"This API key may send {per_second} requests a second.", wait)


def too_many(detail: str, wait: float) -> RateLimited:
    seconds = math.ceil(wait)
    again = f"{detail} Try again in {seconds} s."
    return RateLimited(again, headers={"Retry-After": str(seconds)})
