"""How wrong passwords are counted, and when they close the door (NIST SP 800-63B-4, 3.2.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_DELAY = timedelta(minutes=15)
_DOUBLINGS = 10  # 2**10 s is more than the longest delay already


@dataclass(frozen=True)
class Counter:
    failures: int
    blocked_until: datetime | None
    """None where no failure has closed it, so that clocks which differ close nothing."""
    expires_at: datetime
    """Then it begins again."""

    def wait(self, now: datetime) -> timedelta:
        """For how long it is closed yet; not positive: it is open."""
        return self.blocked_until - now if self.blocked_until else timedelta(0)


@dataclass(frozen=True)
class Limit:
    kind: str
    free: int
    """Failures that cost nothing; from then on each closes for twice as long."""
    most: int | None
    """Failures after which it is closed for as long as the counter lives."""
    lifetime: timedelta
    consecutive: bool
    """Lives on with every failure, and a success ends it; otherwise it counts within a time."""

    def failed(self, before: Counter, now: datetime) -> Counter:
        """With one failure more."""
        if before.expires_at <= now:
            before = Counter(0, None, now + self.lifetime)
        failures = before.failures + 1
        delay = self._delay(failures)
        expires_at = now + self.lifetime if self.consecutive else before.expires_at
        return Counter(failures, now + delay if delay else None, max(expires_at, now + delay))

    def _delay(self, failures: int) -> timedelta:
        if self.most is not None and failures >= self.most:
            return self.lifetime
        over = failures - self.free
        if over <= 0:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(over - 1, _DOUBLINGS)), LONGEST_DELAY)

    def taken_back(self, counter: Counter, added: Counter) -> Counter:
        """Without the failure that made `added`; what others did in the meantime stays."""
        ours = counter.blocked_until == added.blocked_until
        blocked_until = None if ours else counter.blocked_until
        return Counter(max(counter.failures - 1, 0), blocked_until, counter.expires_at)

    def succeeded(self, counter: Counter, added: Counter) -> Counter:
        """A success ends what are somebody's slips, but not the count of a siege: the owner has a
        device token now and needs nothing else."""
        without = self.taken_back(counter, added)
        if not self.consecutive or without.failures > self.free:
            return without
        return Counter(0, without.blocked_until, without.expires_at)


ACCOUNT = Limit("account", free=10, most=100, lifetime=timedelta(days=1), consecutive=True)
"""Of an e-mail address, whether or not it has an account; for whoever has no known device."""
ADDRESS = Limit("address", free=30, most=None, lifetime=timedelta(hours=1), consecutive=False)
"""Of a client's network. Many people may share one, so that it must not go on for ever; and who
logs in to an account of their own in between must not end it."""
DEVICE = Limit("device", free=10, most=10, lifetime=timedelta(days=180), consecutive=True)
"""Of a known device, past which it is not known any more."""
