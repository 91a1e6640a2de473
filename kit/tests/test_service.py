"""A service as a process would run it: migrations, listeners, background, a graceful stop."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from alembic.script import ScriptDirectory

from shopkit.app import build_app
from shopkit.auth import Public
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.migrations import migrate
from shopkit.routing import new_router
from shopkit.schema_version import SchemaMismatch, newest_revision
from shopkit.server import bind, serve
from shopkit.service import Service
from shopkit.sqlite import DatabaseInUse
from shopkit.testing import TestDatabases

ENV = """from shopkit.migrations import run_env
from sqlalchemy import MetaData
run_env(MetaData())
"""
STEP = """from alembic import op
revision, down_revision = {revision!r}, {down!r}
def upgrade():
    op.execute("CREATE TABLE t{revision} (a INTEGER)")
    {more}
"""


def write_migrations(folder: Path, *steps: str) -> Path:
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    (folder / "env.py").write_text(ENV)
    for number, more in enumerate(steps, start=1):
        down = f"{number - 1:04}" if number > 1 else None
        step = STEP.format(revision=f"{number:04}", down=down, more=more)
        (folder / "versions" / f"{number:04}_step.py").write_text(step)
    return folder


def new_service(database: Database, migrations: Path, **more: object) -> Service:
    router = new_router()

    @router.get("/api/slow")
    async def slow(_: Public) -> dict[str, str]:
        await asyncio.sleep(0.5)
        return {"finished": "yes"}

    @router.get("/api/stuck")
    async def stuck(_: Public) -> None:
        await asyncio.sleep(3600)

    state = {"database": database}
    public = build_app(title="x", routers=[router], state=state)
    internal = build_app(title="x", routers=[], state=state)
    return Service("x", migrations, database, public, internal, **more)  # type: ignore[arg-type]


async def test_f14_a_migration_that_fails_changes_nothing_and_can_be_repeated(
    databases: TestDatabases, tmp_path: Path
) -> None:
    url = databases.empty()
    folder = write_migrations(tmp_path / "m", "pass", "raise KeyError('crash')")
    with pytest.raises(KeyError):
        await asyncio.to_thread(migrate, url, folder)
    write_migrations(tmp_path / "m", "pass", "pass")
    await asyncio.to_thread(migrate, url, folder)
    head = ScriptDirectory(str(folder)).get_current_head()
    assert newest_revision(folder) == head == "0002"


async def test_f14_a_service_refuses_a_schema_that_is_not_its_own(
    databases: TestDatabases, tmp_path: Path
) -> None:
    url = databases.empty()
    older = write_migrations(tmp_path / "old", "pass")
    newer = write_migrations(tmp_path / "new", "pass", "pass")
    with pytest.raises(SchemaMismatch, match="run `shop-x migrate`"):
        async with new_service(open_database(url), older).running():
            pass
    await asyncio.to_thread(migrate, url, newer)
    with pytest.raises(SchemaMismatch, match="older than the database"):
        async with new_service(open_database(url), older).running():
            pass
    async with new_service(open_database(url), newer).running():
        pass


@pytest.mark.skipif("TEST_POSTGRES_URL" in os.environ, reason="about SQLite itself")
async def test_no_migration_while_a_service_has_the_file(
    databases: TestDatabases, tmp_path: Path
) -> None:
    url, folder = databases.empty(), write_migrations(tmp_path / "m", "pass")
    await asyncio.to_thread(migrate, url, folder)
    async with new_service(open_database(url), folder).running():
        with pytest.raises(DatabaseInUse):
            await asyncio.to_thread(migrate, url, folder)


@pytest.mark.skipif("TEST_POSTGRES_URL" in os.environ, reason="about SQLite itself")
async def test_a_second_process_leaves_the_sockets_of_the_first_alone(
    databases: TestDatabases, tmp_path: Path
) -> None:
    url, folder = databases.empty(), write_migrations(tmp_path / "m", "pass")
    await asyncio.to_thread(migrate, url, folder)
    public, internal = tmp_path / "p", tmp_path / "i"
    async with new_service(open_database(url), folder).running():
        public.touch()
        second = new_service(open_database(url), folder)
        with pytest.raises(DatabaseInUse):
            await serve(second, f"unix:{public}", f"unix:{internal}")
        assert public.is_file()


async def test_background_work_is_begun_again_after_an_error(
    databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkit.service.RESTART_SECONDS", 0)
    url, folder = databases.empty(), write_migrations(tmp_path / "m", "pass")
    await asyncio.to_thread(migrate, url, folder)
    again = asyncio.Event()
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise KeyError("once")
        again.set()
        await asyncio.sleep(3600)

    async with new_service(open_database(url), folder, background=[work]).running():
        await asyncio.wait_for(again.wait(), 10)
    assert begun == 2


@pytest.mark.parametrize("sent_id", ["", "X-Request-ID: asked-by-me\r\n"])
async def test_d6_what_is_not_http_is_told_how_to_be_sent(
    databases: TestDatabases, tmp_path: Path, sent_id: str
) -> None:
    async with _served(databases.empty(), tmp_path) as (_, serving):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "p")
        writer.write(f"GET /api/slow?q=café HTTP/1.1\r\nHost: x\r\n{sent_id}\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        problem = json.loads(body)
        assert head.split()[1] == b"400"
        assert b"Content-Type: application/problem+json" in head
        assert f"X-Request-ID: {problem['request_id']}".encode() in head
        assert (problem["request_id"] == "asked-by-me") is bool(sent_id)
        assert (problem["code"], "%C3%A9" in problem["detail"]) == ("bad_request", True)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 20)


async def test_f12_sigterm_answers_what_has_begun_and_stops(
    databases: TestDatabases, tmp_path: Path
) -> None:
    async with _served(databases.empty(), tmp_path) as (client, serving):
        begun = await _begin(client, "/api/slow")
        os.kill(os.getpid(), signal.SIGTERM)
        answer = await begun
        assert await answer.json() == {"finished": "yes"}
        await asyncio.wait_for(serving, 20)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get("http://x/healthz")


async def test_f12_what_takes_too_long_for_a_stopping_server_is_told_to_come_again(
    databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkit.server.DRAIN_SECONDS", 0.2)
    async with _served(databases.empty(), tmp_path) as (client, serving):
        begun = await _begin(client, "/api/stuck")
        os.kill(os.getpid(), signal.SIGTERM)
        answer = await asyncio.wait_for(begun, 20)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert (await answer.json())["code"] == "service_unavailable"
        await asyncio.wait_for(serving, 20)


@asynccontextmanager
async def _served(
    url: str, folder: Path
) -> AsyncIterator[tuple[aiohttp.ClientSession, asyncio.Task[None]]]:
    migrations = write_migrations(folder / "m", "pass")
    await asyncio.to_thread(migrate, url, migrations)
    service, public = new_service(open_database(url), migrations), folder / "p"
    serving = asyncio.create_task(serve(service, f"unix:{public}", f"unix:{folder}/i"))
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(public))) as client:
        await _until_alive(client)
        yield client, serving


async def _begin(client: aiohttp.ClientSession, path: str) -> asyncio.Task[aiohttp.ClientResponse]:
    begun = asyncio.create_task(client.get(f"http://x{path}"))
    await asyncio.sleep(0.1)
    return begun


async def _until_alive(client: aiohttp.ClientSession) -> None:
    for _ in range(200):
        try:
            await client.get("http://x/healthz")
            return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    raise AssertionError("the service did not start")


@pytest.mark.enable_socket
def test_of_a_name_s_addresses_the_machine_s_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers a name stands for all copies of a service."""
    here, elsewhere = ("127.0.0.1", 0), ("192.0.2.1", 0)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in (elsewhere, here)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with bind("catalog-inside:8001") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert not listener.get_inheritable()  # what a service starts must not keep it open
    found.pop()
    with pytest.raises(OSError, match="assign"):
        bind("catalog-inside:8001")
