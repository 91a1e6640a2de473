"""What a year of logins leaves behind does not grow (docs/growth.md)."""

from typing import Any

import pytest
from passlib.hash import argon2

from auth import passwords
from auth.models import metadata
from auth.worker import Sweeper
from services.auth.tests.conftest import PASSWORD
from services.auth.tests.guessing import attempt
from shopkit.clock import FrozenClock
from shopkit.growth_checks import row_counts

pytestmark = pytest.mark.anyio
UNUSED = {
    *("api_keys", "audit_log", "idempotency_keys", "invitations", "outbox"),
    *("second_factors", "recovery_codes"),
}
"""What staff make has limits, and so have second factors; the outbox is empty at the end of it."""
SETTLED, LATER = 10, 14
"""Months. What lives longest, the count of a known device's failures, lives 180 days."""


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = argon2.using(type="ID", memory_cost=8, time_cost=1, parallelism=1)
    monkeypatch.setattr(passwords, "_ARGON2ID", cheap)


async def a_month(auth: Any, month: int) -> None:
    """Of somebody who logs in, forgets the password, and is guessed at."""
    pair = await auth.log_in()
    await auth.refresh(pair["refresh_token"])
    await auth.post("logout", refresh_token=(await auth.log_in())["refresh_token"])
    for number in range(3):
        await attempt(auth, "a wrong password", address=f"203.0.{month}.{number}")
        await attempt(auth, "a wrong password", device_token=pair["device_token"])
    await auth.post("login", email=f"nobody-{month}@example.com", password="a wrong password")
    await auth.post("password/reset-request", email="ada@example.com")
    await auth.post("password/reset-request", email=f"nobody-{month}@example.com")
    await auth.post("password/reset", token=await auth.token(), new_password=PASSWORD)
    await auth.mails()


async def test_c20_nothing_grows_from_month_to_month(auth: Any, clock: FrozenClock) -> None:
    await auth.register()
    seen: dict[int, dict[str, int]] = {}
    for month in range(1, LATER + 1):
        await a_month(auth, month)
        seen[month] = await auth.database.read(row_counts, metadata)
        clock.advance(days=30)
        await Sweeper(auth.database, auth.context.keys, clock).drain()
    assert {name for name, count in seen[SETTLED].items() if not count} == UNUSED
    assert seen[LATER] == seen[SETTLED]
