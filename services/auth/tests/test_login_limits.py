"""Guessing passwords: what it costs, whom it keeps out, and whom it does not."""

from typing import Any

import pytest

from auth import passwords
from auth.login_limits import ACCOUNT, ADDRESS, DEVICE
from auth.worker import Sweeper
from services.auth.tests.guessing import (
    ADA,
    EVE,
    PASSWORD,
    WRONG,
    attempt,
    close_account,
    guess,
    rows,
)
from shopkit.clock import FrozenClock

pytestmark = pytest.mark.anyio


async def test_a15_one_account_closes_for_longer_and_longer(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await guess(auth, ACCOUNT.free)
    for seconds in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        await guess(auth, 1)
        clock.advance(seconds=seconds - 0.5)
        answer = await attempt(auth, PASSWORD)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (429, "too_many_attempts")
        assert answer.headers["retry-after"] == "1"
        assert "1 s" in problem["detail"]
        assert "device_token" in problem["detail"]
        clock.advance(seconds=0.5)
    assert (await attempt(auth, PASSWORD)).status_code == 200


async def test_a15_being_refused_makes_nothing_longer(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await close_account(auth)
    for _ in range(20):
        assert (await attempt(auth)).headers["retry-after"] == "1"
    clock.advance(seconds=1)
    assert (await attempt(auth, PASSWORD)).status_code == 200


async def test_a15_a_hundred_failures_close_an_account_for_a_day(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    looked_at, began = 0, clock.now()
    while (clock.now() - began).days < 2:
        answer = await attempt(auth, address=f"203.0.113.{looked_at}")
        if answer.status_code == 429:
            clock.advance(seconds=int(answer.headers["retry-after"]))
            continue
        looked_at += 1
        if looked_at == ACCOUNT.most:
            closed = await attempt(auth)
            assert closed.headers["retry-after"] == str(24 * 3600)
            break
    assert looked_at == 100
    clock.advance(hours=24)
    assert (await attempt(auth, PASSWORD)).status_code == 200


async def test_a15_one_account_from_a_thousand_addresses(auth: Any, signed_in: Any) -> None:
    statuses = [
        (await attempt(auth, address=f"10.0.{n // 250}.{n % 250}")).status_code for n in range(1000)
    ]
    assert statuses.count(401) == ACCOUNT.free + 1
    assert statuses.count(429) == 1000 - ACCOUNT.free - 1


@pytest.mark.parametrize("more", [{"address": "203.0.113.7"}, {"address": "2001:db8:1:2::%x"}])
async def test_a15_one_password_over_many_accounts(
    auth: Any, signed_in: Any, clock: FrozenClock, more: dict[str, str], monkeypatch: Any
) -> None:
    def sprayed(n: int) -> dict[str, str]:
        address = more["address"]
        return {"email": f"{n}@example.com", "address": address % n if "%" in address else address}

    for n in range(ADDRESS.free + 1):
        assert (await attempt(auth, **sprayed(n))).status_code == 401
    monkeypatch.setattr(passwords, "_ARGON2ID", None)
    stopped = await attempt(auth, **sprayed(99))
    assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "1")
    monkeypatch.undo()
    assert (await attempt(auth, PASSWORD, address="198.51.100.1")).status_code == 200
    assert len(await auth.database.read(rows)) == ADDRESS.free + 1 + 1 + 2  # refused: no rows
    clock.advance(hours=1, seconds=2)
    assert (await attempt(auth, **sprayed(99))).status_code == 401


async def test_a15_patience_does_not_pay(auth: Any, signed_in: Any, clock: FrozenClock) -> None:
    for _ in range(ACCOUNT.free):
        await guess(auth, 1)
        clock.advance(hours=23)
    await guess(auth, 1)
    assert (await attempt(auth)).status_code == 429


async def test_an_address_is_counted_by_the_hour(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    async def slips(first: int, last: int) -> Any:
        for n in range(first, last):
            answer = await attempt(auth, email=f"{n}@example.com", address="203.0.113.7")
            assert answer.status_code == 401
        return await attempt(auth, PASSWORD, address="203.0.113.7")

    assert (await slips(0, ADDRESS.free)).status_code == 200
    clock.advance(minutes=59, seconds=59.5)
    assert (await slips(100, 101)).status_code == 429
    clock.advance(seconds=0.9)  # the hour is over, the second is not
    await Sweeper(auth.database, auth.context.keys, clock).drain()
    assert (await slips(0, 0)).status_code == 429
    clock.advance(seconds=0.1)
    assert (await slips(200, 200 + ADDRESS.free)).status_code == 200


async def test_a15_logging_in_to_an_account_of_ones_own_opens_no_address(
    auth: Any, signed_in: Any
) -> None:
    await auth.register(EVE)
    for n in range(ADDRESS.free + 1):
        address = "203.0.113.7"
        wrong = await attempt(auth, email=f"{n}@example.com", address=address)
        assert wrong.status_code == 401
        if n < ADDRESS.free:
            own = await attempt(auth, PASSWORD, email=EVE, address=address)
            assert own.status_code == 200
    assert (await attempt(auth, email=EVE, address=address)).status_code == 429


async def test_a15_the_owner_gets_in_on_a_known_device(auth: Any, signed_in: Any) -> None:
    address = "203.0.113.7"
    device = (await auth.log_in())["device_token"]
    await close_account(auth, address=address)
    for n in range(ADDRESS.free):
        await attempt(auth, email=f"{n}@example.com", address=address)
    known = await attempt(auth, PASSWORD, address=address, device_token=device)
    assert known.status_code == 200
    assert (await attempt(auth, PASSWORD, address=address)).status_code == 429
    form = {"grant_type": "password", "username": ADA, "password": PASSWORD}
    assert (await auth.form(**form)).status_code == 429
    answer = await auth.form(**form, device_token=known.json()["device_token"])
    assert answer.status_code == 200
    refreshed = (await auth.refresh(answer.json()["refresh_token"])).json()["device_token"]
    assert (await attempt(auth, PASSWORD, device_token=refreshed)).status_code == 200
    assert (await attempt(auth)).headers["retry-after"] == "1"  # and the siege counts on


async def test_a15_a_stolen_device_token_gives_ten_tries(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    pair = await auth.log_in()
    device = pair["device_token"]
    await close_account(auth)
    await guess(auth, 5, device_token=device)
    again = (await auth.refresh(pair["refresh_token"])).json()["device_token"]
    await guess(auth, DEVICE.free - 5, device_token=again)  # another token, the same count
    for token in (device, again):
        assert (await attempt(auth, PASSWORD, device_token=token)).status_code == 429
    clock.advance(days=2)
    await close_account(auth, device_token=device)  # like anybody's


async def test_slips_on_a_known_device_are_forgiven(auth: Any, signed_in: Any) -> None:
    device = (await auth.log_in())["device_token"]
    for _ in range(3):
        await guess(auth, DEVICE.free - 1, device_token=device)
        assert (await attempt(auth, PASSWORD, device_token=device)).status_code == 200


async def test_slips_on_an_unknown_device_are_forgiven(auth: Any, signed_in: Any) -> None:
    for _ in range(3):
        await guess(auth, ACCOUNT.free)
        assert (await attempt(auth, PASSWORD)).status_code == 200


async def test_a15_a_success_does_not_end_a_siege(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await close_account(auth)
    clock.advance(seconds=1)
    assert (await attempt(auth, PASSWORD)).status_code == 200
    await guess(auth, 1)
    assert (await attempt(auth)).headers["retry-after"] == "2"


async def test_a15_a_device_token_of_no_use_is_as_none(
    auth: Any, signed_in: Any, clock: FrozenClock
) -> None:
    await auth.register(EVE)
    mine, hers = (await auth.log_in())["device_token"], (await auth.log_in(EVE))["device_token"]
    tampered = [mine[:n] + ("A" if mine[n] != "A" else "B") + mine[n + 1 :] for n in (0, 50, 60)]
    await close_account(auth)
    for token in [hers, *tampered, mine[:-4], mine + "AAAA", "", "é", "x" * 5000, None]:
        answer = await attempt(auth, PASSWORD, device_token=token)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1"), token
        answer = await attempt(auth, PASSWORD, email=EVE, device_token=token)
        assert answer.status_code == 200, token
    clock.advance(days=180)
    await close_account(auth)
    assert (await attempt(auth, PASSWORD, device_token=mine)).status_code == 429


async def test_a10_a15_a_new_password_ends_device_tokens(auth: Any, signed_in: Any) -> None:
    """Whoever knew the old one may have collected many."""
    new, device = "staple the horse again", (await auth.log_in())["device_token"]
    body = {"current_password": PASSWORD, "new_password": new}
    path = "/api/auth/password"
    changed = await auth.public.post(path, json=body, headers=signed_in.headers)
    assert changed.status_code == 204
    await close_account(auth)
    assert (await attempt(auth, new, device_token=device)).status_code == 429
    mine = (await auth.refresh(signed_in.refresh_token)).json()["device_token"]
    assert (await attempt(auth, new, device_token=mine)).status_code == 200


async def test_a15_a_stolen_session_does_not_find_out_the_password(
    auth: Any, signed_in: Any
) -> None:
    async def change(current: str) -> Any:
        body = {"current_password": current, "new_password": "staple the horse again"}
        path = "/api/auth/password"
        return await auth.public.post(path, json=body, headers=signed_in.headers)

    for _ in range(DEVICE.free + ACCOUNT.free + 1):
        assert (await change(WRONG)).status_code == 422
    answer = await change(PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
