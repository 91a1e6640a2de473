"""What auth counts beside its requests."""

from prometheus_client import Counter

BLOCKED = Counter(
    "auth_attempts_blocked_total", "Passwords not looked at: too many failed before.", ["by"]
)
