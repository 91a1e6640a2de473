import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from auth import passwords
from auth.commands import create_key
from auth.context import Context
from auth.main import MIGRATIONS, build
from auth.models import outbox
from auth.repository import insert_roles
from auth.settings import AuthSettings
from shopkit.clock import FrozenClock
from shopkit.db import Database
from shopkit.service import Service
from shopkit.testing import running

PASSWORD = "correct horse battery"
CART_SECRET = "cart-" + "s" * 40


@pytest.fixture(autouse=True, scope="session")
def hashing() -> Iterator[None]:
    """Thousands of passwords are hashed here; what one must cost is what test_passwords.py asks."""
    cheap = passwords._ARGON2ID.using(memory_cost=64, time_cost=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_ARGON2ID", cheap)
        yield


@pytest.fixture
def migrations() -> Path:
    return MIGRATIONS


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> AuthSettings:
    values: dict[str, Any] = {
        "database_url": database_url,
        "keys_dir": tmp_path / "keys",
        "mail_url": f"file:{tmp_path}/mail",
        "storefront_url": "https://shop.example.org/en",
        "service_clients": {"cart": CART_SECRET, "orders": "orders-" + "s" * 40},
    }
    made = AuthSettings(**values)
    create_key(made)
    return made


@dataclass(frozen=True)
class Auth:
    """A running auth: clients of its two apps, and its insides."""

    service: Service
    public: httpx2.AsyncClient
    internal: httpx2.AsyncClient
    settings: AuthSettings

    @property
    def database(self) -> Database:
        return self.service.database

    @property
    def context(self) -> Context:
        found: Context = self.service.public.state.context
        return found

    async def register(self, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
        answer = await self.post("register", email=email, password=password)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
        answer = await self.post("login", email=email, password=password)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, call: str, **body: Any) -> httpx2.Response:
        return await self.public.post(f"/api/auth/{call}", json=body)

    async def mails(self) -> list[EmailMessage]:
        """All so far, oldest first, once everything that is queued is delivered."""
        self.context.mail_relay.wake()
        while await self.database.read(lambda conn: conn.execute(select(outbox)).all()):
            await asyncio.sleep(0.01)
        folder = Path(self.settings.mail_url.removeprefix("file:"))
        return [
            message_from_bytes(file.read_bytes(), policy=default)
            for file in sorted(folder.glob("*.eml"))
        ]

    async def token(self) -> str:
        """That of the newest mail."""
        newest = (await self.mails())[-1]
        return text_of(newest).partition("#token=")[2].split()[0]

    async def refresh(self, token: str) -> httpx2.Response:
        return await self.post("refresh", refresh_token=token)

    async def form(self, **fields: str) -> httpx2.Response:
        return await self.public.post("/api/auth/token", data=fields)

    async def me(self, access_token: str) -> httpx2.Response:
        return await self.public.get("/api/auth/me", headers=bearer(access_token))


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


@pytest.fixture
async def auth(settings: AuthSettings, clock: FrozenClock) -> AsyncIterator[Auth]:
    service = build(settings, clock)
    async with running(service) as (public, internal):
        yield Auth(service, public, internal, settings)


@dataclass(frozen=True)
class SignedIn:
    user: dict[str, Any]
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.access_token)


@pytest.fixture
async def signed_in(auth: Auth) -> SignedIn:
    """Ada, a customer."""
    user, pair = await auth.register(), await auth.log_in()
    return SignedIn(user, pair["access_token"], pair["refresh_token"])


@pytest.fixture
async def admin(auth: Auth) -> SignedIn:
    user = await auth.register("root@example.com")
    await auth.database.run(insert_roles, user_id=user["id"], names=["admin"])
    pair = await auth.log_in("root@example.com")
    return SignedIn(user, pair["access_token"], pair["refresh_token"])


class Held:
    """Stands between the hasher's `verify` and who asked: what runs at once comes in between."""

    def __init__(self, auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
        hasher = auth.context.hasher
        self.verify, self.reached, self.go = hasher.verify, asyncio.Event(), asyncio.Event()
        self._undo = lambda: monkeypatch.setattr(hasher, "verify", self.verify)
        monkeypatch.setattr(hasher, "verify", self)

    async def __call__(self, password: str, stored: str | None) -> Any:
        answer = await self.verify(password, stored)
        self.reached.set()
        await self.go.wait()
        return answer

    async def hold(self, call: Awaitable[Any]) -> Any:
        """`call`, which knows by now whether the password is right; others are not held."""
        task = asyncio.ensure_future(call)
        await self.reached.wait()
        self._undo()
        return task

    async def let_go(self, task: Any) -> Any:
        self.go.set()
        return await task


@pytest.fixture
def held(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(auth, monkeypatch)
