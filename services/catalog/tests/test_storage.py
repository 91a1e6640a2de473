"""Both storages behave the same: a folder, and a bucket of a real S3 server."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from catalog.context import open_storage
from catalog.main import build
from catalog.s3_storage import S3Storage
from catalog.settings import CatalogSettings
from catalog.storage import LocalStorage, Storage
from shopkit.clock import FrozenClock
from shopkit.errors import Unavailable
from shopkit.fake_auth import FakeAuth
from shopkit.testing import TokenFactory, running

from .pictures import opened, picture

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
KEYS = {"s3_access_key_id": "key", "s3_secret_access_key": "secret"}


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            try:
                assert httpx2.put(f"{url}/shop", timeout=10).status_code == 200
                break
            except httpx2.TransportError:
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return LocalStorage(tmp_path)
    endpoint = request.getfixturevalue("s3_server")
    return S3Storage(
        "shop", endpoint=endpoint, region="x", access_key_id="key", secret_access_key="secret"
    )


async def content_of(storage: Storage, key: str) -> bytes | None:
    found = await storage.read(key)
    return None if found is None else b"".join([chunk async for chunk in found])


async def test_what_is_put_is_read_listed_and_deleted(storage: Storage) -> None:
    assert await content_of(storage, "a/b.jpg") is None
    await storage.put("a/b.jpg", b"one")
    await storage.put("a/c.jpg", b"")
    await storage.put("a/d/e.jpg", b"deeper")
    assert await content_of(storage, "a/b.jpg") == b"one"
    assert await content_of(storage, "a/c.jpg") == b""
    assert {"a/b.jpg", "a/c.jpg"} <= set(await storage.keys("a"))
    await storage.put("a/b.jpg", b"two")
    assert await content_of(storage, "a/b.jpg") == b"two"
    await storage.delete(["a/b.jpg", "a/never.jpg"])
    await storage.delete(["a/b.jpg"])
    assert await content_of(storage, "a/b.jpg") is None
    assert await storage.keys("nowhere") == []
    await storage.tidy()


async def test_readers_see_the_old_one_until_the_new_one_is_whole(storage: Storage) -> None:
    large, seen = [bytes([number]) * 1_000_000 for number in range(12)], []
    await storage.put("feed.xml", b"old")

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in large:
            yield chunk
            seen.append(await content_of(storage, "feed.xml"))

    await storage.put("feed.xml", chunks())
    assert set(seen) == {b"old"}
    assert await content_of(storage, "feed.xml") == b"".join(large)


async def test_what_breaks_off_changes_nothing(storage: Storage) -> None:
    await storage.put("feed.xml", b"old")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"new" * 3_000_000
        raise Unavailable("killed")

    with pytest.raises(Unavailable):
        await storage.put("feed.xml", chunks())
    assert await content_of(storage, "feed.xml") == b"old"


async def test_images_in_a_bucket_are_served(
    database_url: str, tokens: TokenFactory, clock: FrozenClock, s3_server: str
) -> None:
    settings = CatalogSettings(
        database_url=database_url,
        jwks_cache=tokens.jwks_cache,
        s3_bucket="shop",
        s3_endpoint=s3_server,
        **KEYS,  # type: ignore[arg-type]
    )
    headers = {"Authorization": tokens.user(scopes=["products:write"])}
    async with running(build(settings, clock, auth=FakeAuth(tokens).client)) as (guest, _):
        headers["Content-Type"] = "image/png"
        answer = await guest.post("/api/media", content=picture("PNG"), headers=headers)
        assert answer.status_code == 201, answer.text
        got = await guest.get(answer.json()["url"])
        assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
        assert opened(got.content).size == (64, 48)
        assert (await guest.get(f"/media/{'0' * 32}.png")).status_code == 404


async def test_a_bucket_that_does_not_answer_is_503(
    database_url: str, tokens: TokenFactory, clock: FrozenClock
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        settings = CatalogSettings(
            database_url=database_url,
            jwks_cache=tokens.jwks_cache,
            s3_bucket="shop",
            s3_endpoint=f"http://127.0.0.1:{nobody.getsockname()[1]}",
            **KEYS,  # type: ignore[arg-type]
        )
        storage = open_storage(settings)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(storage.put("a", b"x"), 30)
        async with running(build(settings, clock, auth=FakeAuth(tokens).client)) as (guest, _):
            answer = await guest.get(f"/media/{'0' * 32}.png")
            assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
