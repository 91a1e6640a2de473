"""What a user prefers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auth.domain import User

PREFERENCES = ("locale", "marketing", "marketing_changed_at")


def preference_changes(user: User, sent: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The user's columns that `sent` changes. A consent that is repeated keeps its time."""
    changes = dict(sent)
    if changes.get("marketing", user.marketing) != user.marketing:
        changes["marketing_changed_at"] = now
    return changes
