"""Images that nobody shows go; what somebody shows stays, whenever the worker comes."""

import asyncio
import os
from pathlib import Path

import pytest

from catalog import media_worker, uploads
from catalog.media_worker import Curator
from catalog.repository.media import doom_leftovers
from catalog.storage import INCOMING, LocalStorage
from shopkit.errors import Unavailable

from .conftest import Shop
from .pictures import picture
from .test_media import file_of, upload, uploaded

pytestmark = pytest.mark.anyio
A_DAY = {"days": 1.0, "seconds": 1.0}


def curator(shop: Shop) -> Curator:
    return Curator(shop.database, LocalStorage(shop.media_dir), shop.clock)


def files(shop: Shop) -> list[Path]:
    return [path for path in shop.media_dir.rglob("*") if path.is_file()]


async def test_what_no_product_shows_for_a_day_is_removed(shop: Shop) -> None:
    unused, used = await uploaded(shop), await uploaded(shop)
    product = await shop.product(images=[{"url": used["url"]}])
    assert await curator(shop).tidy() == 0
    shop.clock.advance(**A_DAY)
    assert await curator(shop).tidy() == 1
    assert not file_of(shop, unused["url"]).exists()
    assert not file_of(shop, unused["thumbnails"]["large"]).exists()
    assert len(files(shop)) == 4 and file_of(shop, used["url"]).exists()
    path = f"/api/products/{product['id']}"
    changed = await shop.staff("PATCH", path, json={"images": []})
    assert changed.json()["images"] == []
    assert await curator(shop).tidy() == 0, "a day begins when it is shown no more"
    back = await shop.staff("PATCH", path, json={"images": [{"url": used["url"]}]})
    assert back.status_code == 200
    shop.clock.advance(**A_DAY)
    assert await curator(shop).tidy() == 0
    assert (await shop.staff("DELETE", path)).status_code == 204
    shop.clock.advance(**A_DAY)
    assert await curator(shop).tidy() == 1 and files(shop) == []
    assert await shop.query("SELECT 1 FROM media UNION ALL SELECT 1 FROM media_leftovers") == []


async def test_what_two_products_show_stays_until_neither_does(shop: Shop) -> None:
    image = await uploaded(shop)
    one, other = [await shop.product(images=[{"url": image["url"]}]) for _ in range(2)]
    await shop.staff("DELETE", f"/api/products/{one['id']}")
    shop.clock.advance(**A_DAY)
    assert await curator(shop).tidy() == 0
    await shop.staff("PUT", f"/api/products/{other['id']}", json=_without_images(other))
    shop.clock.advance(**A_DAY)
    assert await curator(shop).tidy() == 1


def _without_images(product: dict[str, object]) -> dict[str, object]:
    return {name: product[name] for name in ("sku", "name", "price")}


async def test_a_product_that_gets_it_meanwhile_keeps_it(shop: Shop) -> None:
    """Of both, one is first: either the product has the image and its files, or neither."""
    images = [await uploaded(shop, picture(size=(8, 8))) for _ in range(6)]
    products = [await shop.product() for _ in images]
    shop.clock.advance(**A_DAY)

    async def name(index: int) -> int:
        await asyncio.sleep(0.002 * index)
        path, url = f"/api/products/{products[index]['id']}", images[index]["url"]
        answer = await shop.staff("PATCH", path, json={"images": [{"url": url}]})
        return answer.status_code

    *statuses, _ = await asyncio.gather(*map(name, range(6)), curator(shop).tidy())
    await curator(shop).tidy()
    assert set(statuses) <= {200, 422}
    for status, image in zip(statuses, images, strict=True):
        assert file_of(shop, image["url"]).exists() == (status == 200)
        assert file_of(shop, image["thumbnails"]["small"]).exists() == (status == 200)


async def test_what_dies_before_the_row_leaves_garbage_that_is_removed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "keep_media", die)
        assert (await upload(shop, picture())).status_code == 503
    assert len(files(shop)) == 4 and await shop.query("SELECT * FROM media") == []
    assert await curator(shop).tidy() == 0, "it might still be under way"
    shop.clock.advance(hours=1, seconds=1)
    assert await curator(shop).tidy() == 1 and files(shop) == []


async def test_what_dies_while_it_removes_goes_on_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await uploaded(shop)
    shop.clock.advance(**A_DAY)

    def die(*_: object, **__: object) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched, pytest.raises(Unavailable):
        patched.setattr(media_worker, "forget_leftovers", die)
        await curator(shop).tidy()
    assert files(shop) == [] and await shop.query("SELECT * FROM media") == []
    assert await curator(shop).tidy() == 1
    assert await shop.query("SELECT * FROM media_leftovers") == []


async def test_an_upload_that_was_too_slow_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files may be gone: a row that speaks for them would be wrong."""
    keep = uploads.keep_media

    def keep_late(conn: object, **more: object) -> object:
        assert files(shop) == []
        return keep(conn, **more)  # type: ignore[arg-type]

    put = LocalStorage.put

    async def slow(self: LocalStorage, key: str, content: bytes) -> None:
        await put(self, key, content)
        if key.endswith("-large.webp"):
            shop.clock.advance(hours=2)
            assert await curator(shop).tidy() == 1

    monkeypatch.setattr(LocalStorage, "put", slow)
    monkeypatch.setattr(uploads, "keep_media", keep_late)
    answer = await upload(shop, picture())
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert await shop.query("SELECT * FROM media") == []


async def test_what_somebody_is_removing_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are still there, and gone in a moment."""
    put = LocalStorage.put

    async def slow(self: LocalStorage, key: str, content: bytes) -> None:
        await put(self, key, content)
        if key.endswith("-large.webp"):
            shop.clock.advance(hours=2)
            (_,) = await shop.database.run(doom_leftovers, now=shop.clock.now(), limit=9)

    monkeypatch.setattr(LocalStorage, "put", slow)
    assert (await upload(shop, picture())).status_code == 503
    assert await shop.query("SELECT * FROM media") == []
    assert await curator(shop).tidy() == 1 and files(shop) == []


async def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("catalog.storage._to_disk", full)
    answer = await upload(shop, picture())
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert files(shop) == []


async def test_what_a_writer_that_died_was_writing_is_removed(shop: Shop) -> None:
    await uploaded(shop)
    incoming = shop.media_dir / INCOMING
    (incoming / "old").write_bytes(b"half")
    (incoming / "new").write_bytes(b"half")
    yesterday = (incoming / "new").stat().st_mtime - 2 * 24 * 3600
    os.utime(incoming / "old", (yesterday, yesterday))
    await curator(shop).tidy()
    assert [path.name for path in incoming.iterdir()] == ["new"]
