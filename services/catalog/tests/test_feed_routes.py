"""Asking for feeds, and reading them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from catalog.feed_worker import Publisher
from catalog.main import build
from catalog.settings import CatalogSettings
from catalog.storage import LocalStorage
from shopkit.clock import FrozenClock
from shopkit.fake_auth import FakeAuth
from shopkit.testing import TokenFactory, running

from .conftest import Shop

pytestmark = pytest.mark.anyio
PATHS = ("/feeds/google.xml", "/sitemap.xml", "/sitemaps/1.xml")


@pytest.fixture
def settings(database_url: str, tokens: TokenFactory, tmp_path: Path) -> CatalogSettings:
    return CatalogSettings(
        database_url=database_url,
        jwks_cache=tokens.jwks_cache,
        media_dir=tmp_path / "media",
        storefront_url="https://shop.example",
        shop_name="Tea",
    )


@pytest.fixture
async def guest(
    settings: CatalogSettings,
    tokens: TokenFactory,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[httpx2.AsyncClient]:
    """Of a shop whose worker waits for the test."""

    async def wait(_: Publisher) -> None: ...

    monkeypatch.setattr(Publisher, "run", wait)
    async with running(build(settings, clock, auth=FakeAuth(tokens).client)) as (guest, _):
        yield guest


async def test_staff_ask_for_new_ones_and_see_when_they_were_made(
    guest: httpx2.AsyncClient,
    settings: CatalogSettings,
    tokens: TokenFactory,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = {"Authorization": tokens.user(scopes=["products:write"])}
    context = guest._transport.app.state.context  # type: ignore[attr-defined]
    publisher = Publisher(settings, context.database, LocalStorage(settings.media_dir), clock)

    async def shown(method: str = "GET") -> tuple[int, str, str | None]:
        answer = await guest.request(method, "/api/feeds", headers=headers)
        return answer.status_code, answer.json()["state"], answer.json()["made_at"]

    assert await shown() == (200, "waiting", None)
    for path in PATHS:
        assert (await guest.get(path)).status_code == 404
    assert await shown("POST") == (202, "waiting", None)
    assert await publisher.make_due()
    made_at = clock.now().isoformat().replace("+00:00", "Z")
    assert await shown() == (200, "made", made_at)
    for path in PATHS:
        got = await guest.get(path)
        assert (got.status_code, got.headers["content-type"]) == (200, "application/xml")
        assert got.headers["cache-control"] == "public, max-age=600"
        assert got.text.startswith("<?xml") and "https://shop.example/" in got.text
    clock.advance(seconds=10)
    assert await shown("POST") == (202, "waiting", made_at)
    assert await publisher.make_due()
    assert (await shown())[1] == "made" and (await shown())[2] != made_at


async def test_they_are_made_when_the_service_starts(
    settings: CatalogSettings, tokens: TokenFactory, clock: FrozenClock
) -> None:
    for _ in range(2):
        clock.advance(seconds=10)
        service = build(settings, clock, auth=FakeAuth(tokens).client)
        headers = {"Authorization": tokens.user(scopes=["products:write"])}
        async with running(service) as (guest, _):
            shown, now = {}, clock.now().isoformat().replace("+00:00", "Z")
            for _ in range(500):
                if shown.get("made_at") == now:
                    break
                await asyncio.sleep(0.02)
                shown = (await guest.get("/api/feeds", headers=headers)).json()
            assert (shown["state"], shown["made_at"]) == ("made", now)


async def test_without_a_storefront_there_are_none(shop: Shop) -> None:
    for method in ("GET", "POST"):
        answer = await shop.staff(method, "/api/feeds")
        assert (answer.status_code, answer.json()["code"]) == (409, "feeds_off")
        assert "Set STOREFRONT_URL" in answer.json()["detail"]
        assert "CATALOG_STOREFRONT_URL" in answer.json()["detail"]
    assert (await shop.guest.get("/sitemap.xml")).status_code == 404
