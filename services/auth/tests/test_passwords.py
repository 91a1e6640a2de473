"""Passwords: what is accepted, what is stored, and what checking them may cost."""

import asyncio
import os
import sys
import threading
from typing import Any

import pytest
from passlib.hash import argon2
from sqlalchemy import Connection, select, update

from auth import passwords
from auth.errors import Busy
from auth.models import users
from auth.passwords import MAX_WAITING, PasswordHasher, hash_password, verify_password

pytestmark = pytest.mark.anyio
DECIDED = passwords._ARGON2ID


@pytest.fixture(autouse=True)
def hashing_as_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_ARGON2ID", DECIDED)


def stored_hash(conn: Connection) -> str:
    return str(conn.execute(select(users.c.password_hash)).scalar_one())


def parameters(stored: str) -> str:
    return stored.rpartition("$")[0].rpartition("$")[0]


def test_the_hash_is_argon2id_as_decided() -> None:
    assert parameters(hash_password("correct horse battery")) == "$argon2id$v=19$m=19456,t=2,p=1"


@pytest.mark.parametrize(
    "password",
    ["x" * 64, "x" * 128, "🐘" * 15, " leading space", "tab\tand\nnewline", "pässwörd", "        "],
    ids=repr,
)
async def test_a16_any_text_of_8_to_128_is_a_password(auth: Any, password: str) -> None:
    await auth.register(password=password)
    assert await auth.log_in(password=password)
    wrong = await auth.post("login", email="ada@example.com", password=password.strip()[:-1] or "x")
    assert wrong.status_code == 401


async def test_a16_twins_of_72_bytes_differ(auth: Any) -> None:
    await auth.register(password="x" * 72 + "one")
    answer = await auth.post("login", email="ada@example.com", password="x" * 72 + "two")
    assert answer.status_code == 401


async def test_a16_a_composed_and_a_decomposed_password_are_one(auth: Any) -> None:
    await auth.register(password="pa\u0308ssword-\u00e9")
    assert await auth.log_in(password="p\u00e4ssword-e\u0301")
    compatible = await auth.post("login", email="ada@example.com", password="ｐ\u00e4ssword-\u00e9")
    assert compatible.status_code == 401


@pytest.mark.parametrize("call", ["register", "login"])
@pytest.mark.parametrize("password", ["x" * 129, "🐘" * 129, "x" * 60_000], ids=len)
async def test_a16_too_long_is_refused_before_hashing(
    auth: Any, call: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_ARGON2ID", None)
    answer = await auth.post(call, email="ada@example.com", password=password)
    assert answer.status_code == (413 if len(password.encode()) > 65_000 else 422)


async def test_a16_a_megabyte_is_not_read(auth: Any) -> None:
    answer = await auth.post("login", email="ada@example.com", password="x" * 1_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud800"])
async def test_a16_nul_and_lone_surrogates_are_refused(auth: Any, escaped: str) -> None:
    body = f'{{"email": "ada@example.com", "password": "12345678{escaped}"}}'
    answer = await auth.public.post(
        "/api/auth/register", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


async def test_a14_known_and_unknown_addresses_cost_the_same_hash(
    auth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await auth.register()
    verified: list[str] = []

    def verify(password: str, stored: str) -> bool:
        verified.append(parameters(stored))
        return bool(argon2.verify(password, stored))

    monkeypatch.setattr(DECIDED, "verify", verify)
    for email in ("ada@example.com", "nobody@example.com"):
        await auth.post("login", email=email, password="correct horse batterx")
    known, unknown = verified
    assert known == unknown


async def test_a14_nobody_logs_in_with_the_dummy(auth: Any, monkeypatch: Any) -> None:
    known = hash_password("guessed the dummy")
    monkeypatch.setattr(passwords, "_dummy_hash", lambda: known)
    assert not verify_password("guessed the dummy", None).matches
    answer = await auth.post("login", email="nobody@example.com", password="guessed the dummy")
    assert answer.status_code == 401


async def test_an_outdated_hash_is_renewed_at_login(auth: Any) -> None:
    await auth.register()
    old = argon2.using(type="ID", memory_cost=8192, time_cost=1).hash("correct horse battery")
    await auth.database.run(lambda conn: conn.execute(update(users).values(password_hash=old)))
    await auth.log_in()
    renewed = await auth.database.read(stored_hash)
    assert parameters(renewed) == "$argon2id$v=19$m=19456,t=2,p=1"
    await auth.log_in()
    assert await auth.database.read(stored_hash) == renewed


class Gate:
    """Stands in for hashing: holds every thread until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __call__(self, *_: object) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(timeout=30)
        with self.lock:
            self.now -= 1
        return "hash"


async def test_a17_few_hashes_at_once_few_waiting_and_busy_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate()
    monkeypatch.setattr(passwords, "hash_password", gate)
    hasher = PasswordHasher(threads=2)
    asked = [asyncio.ensure_future(hasher.hash("password")) for _ in range(500)]
    await asyncio.sleep(0.05)
    refused = [task for task in asked if task.done()]
    assert len(refused) == 500 - 2 - MAX_WAITING
    assert {type(task.exception()) for task in refused} == {Busy}
    gate.open.set()
    await asyncio.wait(asked)
    assert gate.most == 2
    assert await hasher.hash("password") == "hash"  # places are free again
    await hasher.close()


async def test_a17_who_hangs_up_leaves_no_place_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(passwords, "hash_password", gate)
    hasher = PasswordHasher(threads=1, waiting=0)
    asked = asyncio.ensure_future(hasher.hash("password"))
    await asyncio.sleep(0.05)
    asked.cancel()
    await asyncio.wait([asked])
    with pytest.raises(Busy):  # the thread still works on it
        await hasher.hash("password")
    gate.open.set()
    await hasher.close()


async def test_a17_busy_is_503_and_the_rest_goes_on(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(passwords, "hash_password", gate)
    places = (os.cpu_count() or 1) + MAX_WAITING
    body = {"password": "correct horse battery"}
    waiting = [
        asyncio.ensure_future(auth.post("register", email=f"{n}@example.com", **body))
        for n in range(places)
    ]
    while auth.context.hasher._places._value:
        await asyncio.sleep(0.01)
    refused = await auth.post("register", email="late@example.com", **body)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["retry-after"] == "1"
    assert (await auth.me(signed_in.access_token)).status_code == 200
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 200
    gate.open.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {201}


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
async def test_a17_whoever_browses_comes_before_a_flood_of_logins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = threading.Barrier(2)

    def priority(_: str) -> str:
        both.wait(30)
        thread = threading.get_native_id()
        return f"{os.sched_getscheduler(thread)} {os.getpriority(os.PRIO_PROCESS, thread)}"

    hasher = PasswordHasher(threads=2)
    monkeypatch.setattr(passwords, "hash_password", priority)
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found = await asyncio.gather(*(hasher.hash("a long password") for _ in range(2)))
    first, second = sorted(found)
    assert first == f"{os.SCHED_OTHER} {min(usual + passwords.NICENESS, 19)}"
    assert second.startswith(f"{os.SCHED_IDLE} ")
    await hasher.close()
