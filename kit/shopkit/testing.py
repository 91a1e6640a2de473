"""A pytest plugin: migrated databases, a clock, tokens, and services run in process."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from sqlalchemy.engine import make_url
from starlette.routing import Match

from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from shopkit.logs import configure_logs
from shopkit.migrations import migrate
from shopkit.service import Service


class TestDatabases:
    """Makes fresh migrated databases: copies of one template per service and process."""

    __test__ = False

    def __init__(self, folder: Path, postgres_url: str | None) -> None:
        self._folder, self._postgres_url = folder, postgres_url
        self._templates: dict[Path, str] = {}
        self._names = (f"t{os.getpid()}_{number}" for number in count())
        self._made: list[str] = []

    def fresh(self, migrations: Path) -> str:
        """The URL of a new database at the newest revision."""
        if migrations not in self._templates:
            self._templates[migrations] = template = self.empty()
            _in_thread(migrate, template, migrations)
        template = self._templates[migrations]
        if self._postgres_url:
            return self._new_postgres(make_url(template).database)
        copy = self.empty()
        shutil.copy(make_url(template).database or "", make_url(copy).database or "")
        return copy

    def empty(self) -> str:
        if self._postgres_url:
            return self._new_postgres("template0")
        return f"sqlite:///{self._folder / next(self._names)}.db"

    def close(self) -> None:
        """Drop what was made; a cluster that is thrown away as a whole is spared the time."""
        if "TEST_POSTGRES_THROWAWAY" in os.environ:
            return
        for name in self._made:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _new_postgres(self, template: str | None) -> str:
        name = next(self._names)
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)
        url = make_url(self._postgres_url or "").set(database=name)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self._postgres_url)
            await connection.execute(statement)
            await connection.close()

        _in_thread(lambda: asyncio.run(run()))


def _in_thread(function: Callable[..., None], *args: Any) -> None:
    """Where a loop may be running already, what wants one of its own gets a thread."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(function, *args).result()


@dataclass
class TokenFactory:
    """Signs what auth would sign, with a key of its own."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    kid: str = "test-key"

    @property
    def jwks(self) -> dict[str, Any]:
        entry = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [entry | {"kid": self.kid, "alg": "ES256", "use": "sig"}]}

    @property
    def jwks_cache(self) -> Path:
        """A file for the setting `jwks_cache`, so that a service needs no auth to start."""
        path = self.folder / "jwks.json"
        path.write_text(json.dumps(self.jwks))
        return path

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        headers = {"typ": "at+jwt", "kid": self.kid, **header}
        return jwt.encode(claims, self.key, algorithm="ES256", headers=headers)

    def user(
        self,
        *,
        id: str | None = None,
        scopes: Sequence[str] = (),
        email: str = "ada@example.com",
        session_id: str | None = None,
        version: int = 0,
        **claims: str,
    ) -> str:
        """The value of an Authorization header; `claims` are those that only API keys have."""
        session = {"sid": session_id or new_id(), "ver": version}
        more = {"scope": " ".join(scopes), "email": email, "roles": ["customer"]} | session | claims
        return f"Bearer {self.sign(self._claims(id or new_id(), 'shop-api') | more)}"

    def service(self, client_id: str) -> str:
        return f"Bearer {self.sign(self._claims(client_id, 'shop-internal'))}"

    def _claims(self, subject: str, audience: str) -> dict[str, Any]:
        now = int(time.time())
        times = {"iat": now, "exp": now + 600, "jti": new_id()}
        return {"iss": "shop-auth", "aud": audience, "sub": subject, **times}


def client_for(app: FastAPI) -> httpx2.AsyncClient:
    """A client that fails when an answer is not exactly what its route declares."""

    async def check(answer: httpx2.Response) -> None:
        adapter = _declared(app, answer)
        if adapter:
            await answer.aread()
            adapter.validate_json(answer.content, strict=True, extra="forbid")

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://shop", event_hooks={"response": [check]}
    )


def _declared(app: FastAPI, answer: httpx2.Response) -> TypeAdapter[Any] | None:
    """What the body of a successful answer ought to be, where there is one."""
    if not answer.is_success or answer.headers.get("content-type") != "application/json":
        return None
    method, path = answer.request.method, answer.request.url.path
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    for route in app.router.routes:
        if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL:
            return _adapter(route.response_model) if route.response_model else None
    return None


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


class InProcess:
    """A Transport for `ServiceClient(transport=…)` that calls an app without a network."""

    def __init__(self, app: FastAPI) -> None:
        self._client = client_for(app)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        answer = await self._client.request(method, path, headers=headers, content=body)
        return answer.status_code, answer.content

    async def close(self) -> None:
        await self._client.aclose()


class FixedToken:
    """A TokenSource for `ServiceClient(tokens=…)`; give it `tokens.service("orders")`."""

    def __init__(self, authorization: str) -> None:
        self._token = authorization.removeprefix("Bearer ")

    async def get(self) -> str:
        return self._token

    def forget(self) -> None: ...


@asynccontextmanager
async def running(
    service: Service,
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Run a service in process; gives clients of its public and its internal app."""
    async with (
        service.running(),
        client_for(service.public) as public,
        client_for(service.internal) as internal,
    ):
        yield public, internal


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    configure_logs("test", "ERROR")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    found = TestDatabases(tmp_path_factory.mktemp("db"), os.environ.get("TEST_POSTGRES_URL"))
    yield found
    found.close()


@pytest.fixture
def database_url(databases: TestDatabases, migrations: Path) -> str:
    """A fresh database; the suite's conftest has a fixture `migrations`: the service's folder."""
    return databases.fresh(migrations)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFactory:
    return TokenFactory(tmp_path)
